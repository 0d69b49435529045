/**
 * Where the build of the agent reads and writes, and how it runs programs.
 *
 * Invariant: nothing is written outside `clients/dist` (the results) and `node_modules/.cache/agent` (what may be thrown
 * away), and every program is started without a shell.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The repository. */
export const ROOT = join(import.meta.dirname, '..', '..');

/** What is handed out: `clients/dist`. */
export const DIST = join(ROOT, 'clients', 'dist');

/** Downloads and intermediate files. */
export const CACHE = join(ROOT, 'node_modules', '.cache', 'agent');

/** The version of the package, which is that of all that is built. */
export const VERSION = (
  JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string }
).version;

/** `VERSION` as four numbers, for Windows. */
export const VERSION_NUMBERS = [...VERSION.replace(/[-+].*/, '').split('.'), '0'].map(Number);

/** A step of the build that did not succeed; the message is what the program printed. */
export class BuildFailure extends Error {
  override readonly name = 'BuildFailure';
}

/** Runs a program in `cwd` and returns what it printed; throws `BuildFailure` unless it exits with 0. */
export function runProgram(cwd: string, program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    // What is built depends on the sources alone, not on the hour.
    env: { ...process.env, SOURCE_DATE_EPOCH: sourceDate(), TZ: 'UTC' },
  });
  if (error !== undefined) throw new BuildFailure(`${program}: ${error.message}`);
  if (status !== 0)
    throw new BuildFailure(`${program} ${args.join(' ')} ended with ${String(status)}\n${stdout}${stderr}`);
  return stdout;
}

/** Whether a program is in PATH. */
export function hasProgram(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/** Seconds since 1970 that stand in for the time of the build: SOURCE_DATE_EPOCH, or the start of 2026. */
export function sourceDate(): string {
  return process.env['SOURCE_DATE_EPOCH'] ?? '1767225600';
}
