/**
 * Node's executables for the platforms that the agent is built for, from the npm registry.
 *
 * They are not dependencies of the project, because each is 35 to 50 MB packed and only a build of the agent needs them.
 * Invariant: what is used has the digest that is pinned here, however it came into the cache.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BuildFailure, CACHE, runProgram } from './places.ts';

/** The version inside the agent. One for all: the blob is prepared by the Linux one, and must fit the other. */
export const RUNTIME_VERSION = '22.23.3';

/** A platform that the agent is built for. */
export interface Platform {
  readonly name: 'win-x64' | 'linux-x64';
  /** Its executable inside the package. */
  readonly file: string;
  /** Node's licence inside the package, where it is there. */
  readonly license?: string;
  /** Of the package's tarball, as the registry states it. */
  readonly integrity: string;
}

/** All of them. */
export const PLATFORMS: Readonly<Record<'windows' | 'linux', Platform>> = {
  windows: {
    name: 'win-x64',
    file: 'bin/node.exe',
    integrity:
      'sha512-lJNBVsNw5Zf+VEHAwatmQxF8eY5hHVEd1ufVYn+5XVrSNB0x55V1cd/rJyOeElCnY2cRebGq//siePEGRZKYjg==',
  },
  linux: {
    name: 'linux-x64',
    file: 'bin/node',
    license: 'LICENSE',
    integrity:
      'sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
  },
};

/** What is unpacked of a platform's package. */
export interface Runtime {
  /** Path of Node's executable. */
  readonly executable: string;
  /** Path of Node's licence. */
  readonly license: string | undefined;
}

/** What came of fetching: a registry without the package, or no way to it, is nothing that a build can mend. */
export type Fetched =
  { readonly ok: true; readonly runtime: Runtime } | { readonly ok: false; readonly reason: string };

/** Node for a platform; downloads it once. Throws `BuildFailure` where what came is not what is pinned. */
export function fetchRuntime({ name, file, license, integrity }: Platform): Fetched {
  const spec = `node-${name}@${RUNTIME_VERSION}`;
  const tarball = join(CACHE, `node-${name}-${RUNTIME_VERSION}.tgz`);
  mkdirSync(CACHE, { recursive: true });
  const lack = existsSync(tarball) ? undefined : download(spec);
  if (lack !== undefined) return { ok: false, reason: lack };
  const digest = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  if (digest !== integrity) {
    rmSync(tarball);
    throw new BuildFailure(`${spec} is ${digest}, not ${integrity}; it was thrown away`);
  }
  // Unpacked anew each time: only the tarball is checked, and what lies here is what it held.
  const files = [file, ...(license === undefined ? [] : [license])].map((path) => `package/${path}`);
  const folder = join(CACHE, `node-${name}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  runProgram(folder, 'tar', '-xzf', tarball, ...files);
  const runtime = {
    executable: join(folder, 'package', file),
    license: license === undefined ? undefined : join(folder, 'package', license),
  };
  return { ok: true, runtime };
}

/** Has npm put a package's tarball into the cache; why it did not, or undefined. */
function download(spec: string): string | undefined {
  try {
    runProgram(CACHE, 'npm', 'pack', '--loglevel=error', spec);
    return undefined;
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error;
    const said = [...error.message.matchAll(/^npm (?:error|ERR!) (.+)$/gm)].map(([, words]) => words!);
    return `${spec} cannot be had from the npm registry: ${said.slice(0, 2).join('; ') || error.message}`;
  }
}
