/**
 * The files in which snapshots and backups are written before they take their name, and what a killed process left of
 * them. A file's name says which process writes it: `TARGET.tmp-SPACE-PID-START-RANDOM`.
 *
 * Invariant: removed are only files named so beside the same target, and of them those whose process is known to have
 * ended: one of this boot and pid namespace that no longer runs; of any other one that has not written for a day.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemClock } from '../../ops/clock.ts';
import type { FileLayer } from './journal/file-layer.ts';
import { isAlive, ownIdentity, pidSpace } from './process-identity.ts';

/** Nothing is written for so long without a byte of progress: a million hosts take seconds. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;
const UNKNOWN = '0';

/** The file-name prefix of what is written before it takes the name of a file. */
export function temporaryPrefix(path: string): string {
  return `${path}.tmp-`;
}

/** A new name, of this process, for what is to take the name of a file. */
export async function temporaryName(path: string): Promise<string> {
  const { pid, started } = await ownIdentity();
  const parts = [await spaceText(), pid, started ?? UNKNOWN, randomBytes(6).toString('hex')];
  return temporaryPrefix(path) + parts.join('-');
}

/** Removes what processes that were killed left beside a target. What cannot be looked at or removed stays. */
export async function removeAbandoned(path: string, files: FileLayer): Promise<void> {
  const directory = dirname(path);
  const prefix = temporaryPrefix(basename(path));
  const space = await spaceText();
  // A directory that cannot be read is told of by the writing that follows.
  const names = await readdir(directory).catch((): string[] => []);
  for (const name of names) {
    if (!name.startsWith(prefix)) continue;
    const written = /^([0-9a-f]+)-(\d+)-(\d+)-[0-9a-f]{12}$/.exec(name.slice(prefix.length));
    if (written === null) continue;
    const file = join(directory, name);
    const [, itsSpace, pid, started] = written;
    const isOurs = itsSpace === space && space !== UNKNOWN;
    const identity = { pid: Number(pid), started: started === UNKNOWN ? null : started!, boot: null };
    const isOver = isOurs ? !(await isAlive(identity)) : await isUntouched(file);
    // Another backup may have removed it meanwhile; what stays is room lost and no more.
    if (isOver) await files.remove(file).catch(() => undefined);
  }
}

async function isUntouched(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  // What gave the file its times, so no injected clock.
  return found !== undefined && systemClock.now() - found.mtimeMs > ABANDONED_MS;
}

async function spaceText(): Promise<string> {
  const space = await pidSpace();
  return space === null ? UNKNOWN : createHash('sha256').update(space).digest('hex').slice(0, 16);
}
