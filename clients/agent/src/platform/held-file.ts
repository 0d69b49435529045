/**
 * The place that one process holds, as a file that names the process and when it started, for systems without
 * names that die with their process. A file of a process that is gone counts for nothing, so it is never removed by hand.
 */
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Hold } from './platform.ts';

/** Takes the file, or says which process has it. */
export function holdFile(path: string): Hold {
  mkdirSync(dirname(path), { recursive: true });
  const own = `${path}.${process.pid}`;
  writeFileSync(own, JSON.stringify({ pid: process.pid, start: startOf(process.pid) }), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (tryLink(own, path)) return { ok: true, release: () => releaseFile(path) };
      const pid = askFile(path);
      if (pid !== undefined) return { ok: false, pid };
      // Its process is gone. Whoever moves it away first may take the place; the others see the new file.
      renameAway(path, `${own}.old`);
    }
    return { ok: false, pid: askFile(path) };
  } finally {
    rmSync(own, { force: true });
    rmSync(`${own}.old`, { force: true });
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

function renameAway(path: string, to: string): void {
  try {
    renameSync(path, to);
  } catch (error) {
    // Another process was first.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function releaseFile(path: string): Promise<void> {
  if (askFile(path) === process.pid) rmSync(path, { force: true });
  return Promise.resolve();
}
