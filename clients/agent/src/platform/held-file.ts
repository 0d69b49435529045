/**
 * The place that one process holds, as a file that names the process and when it started, for systems without
 * names that die with their process. A file of a process that is gone counts for nothing, so it is never removed by hand.
 */
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Hold } from './platform.ts';

/** Taking over lasts some milliseconds; a mark of this age is left over. */
const TAKING_MS = 60_000;

/** Takes the file, or says which process has it. */
export function holdFile(path: string): Hold {
  mkdirSync(dirname(path), { recursive: true });
  const own = `${path}.${process.pid}`;
  writeFileSync(own, JSON.stringify({ pid: process.pid, start: startOf(process.pid) }), { mode: 0o600 });
  try {
    const taken = tryLink(own, path) || takeOver(own, path);
    return taken ? { ok: true, release: () => releaseFile(path) } : { ok: false, pid: askFile(path) };
  } finally {
    rmSync(own, { force: true });
  }
}

/**
 * Takes the place of a process that is gone. Only who holds the mark changes a file that is there, and it asks again
 * once it has it: what was found gone before may be another's by now.
 */
function takeOver(own: string, path: string): boolean {
  if (askFile(path) !== undefined) return false;
  const mark = `${path}.taking`;
  // Of one that was ended in the middle of this.
  if (Date.now() - (statSync(mark, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > TAKING_MS)
    rmSync(mark, { force: true });
  if (!tryLink(own, mark)) return false;
  try {
    if (askFile(path) !== undefined) return false;
    renameSync(own, path);
    return true;
  } finally {
    rmSync(mark, { force: true });
  }
}

/** The process that has the file; undefined where none has it. */
export function askFile(path: string): number | undefined {
  try {
    const { pid, start } = JSON.parse(readFileSync(path, 'utf8')) as { pid: number; start: string };
    return start !== '' && startOf(pid) === start ? pid : undefined;
  } catch {
    // There is no file, or nothing that this program wrote.
    return undefined;
  }
}

/** When a process started, as the system says it; empty where there is no such process. */
function startOf(pid: number): string {
  try {
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(Math.trunc(pid))], {
      encoding: 'utf8',
      env,
    }).trim();
  } catch {
    // ps ends with 1 where there is no such process.
    return '';
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function releaseFile(path: string): Promise<void> {
  if (askFile(path) === process.pid) rmSync(path, { force: true });
  return Promise.resolve();
}
