/**
 * Node's executable with the agent inside, by Node's single-executable feature.
 *
 * Invariant: the blob is prepared by the very version of Node that it is put into; code cache and snapshot stay off,
 * because they would be those of the platform that builds.
 */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Platform, type Runtime } from './node-runtime.ts';
import { CACHE, ROOT, VERSION, VERSION_NUMBERS, runProgram } from './places.ts';
import { describeExecutable, stripSignature } from './portable-executable.ts';

/** The mark in Node's executable that is turned when something was put into it. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** Prepares the blob of a CommonJS bundle in the cache and returns its path. */
export function prepareBlob(bundle: string, runtime: Runtime): string {
  const work = join(CACHE, 'blob');
  mkdirSync(work, { recursive: true });
  copyFileSync(bundle, join(work, 'homing-agent.cjs'));
  writeFileSync(
    join(work, 'sea.json'),
    JSON.stringify({
      main: 'homing-agent.cjs',
      output: 'homing-agent.blob',
      disableExperimentalSEAWarning: true,
      useSnapshot: false,
      useCodeCache: false,
    }),
  );
  // Relative paths only: the blob records that of its main file.
  runProgram(work, runtime.executable, '--experimental-sea-config', 'sea.json');
  return join(work, 'homing-agent.blob');
}

/** Writes the executable of a platform. */
export function makeExecutable(platform: Platform, runtime: Runtime, blob: string, outfile: string): void {
  const node = readFileSync(runtime.executable);
  writeFileSync(outfile, platform.name === 'win-x64' ? dressForWindows(node) : node);
  chmodSync(outfile, 0o755);
  const postject = join(ROOT, 'node_modules', 'postject', 'dist', 'cli.js');
  runProgram(CACHE, process.execPath, postject, outfile, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE);
}

function dressForWindows(node: Buffer): Buffer {
  const exe = stripSignature(node);
  describeExecutable(
    exe,
    {
      FileDescription: 'Homing Agent',
      ProductName: 'Homing',
      CompanyName: 'Homing',
      FileVersion: VERSION,
      ProductVersion: VERSION,
    },
    VERSION_NUMBERS,
  );
  return exe;
}
