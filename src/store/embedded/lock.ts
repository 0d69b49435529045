/**
 * The lock of a data directory: a file `homing.lock` that names the process that holds it.
 *
 * Invariants: the file comes into being with its content (written beside, fsync, link(2)), so nobody ever reads half
 * of it; of any number of processes that start at once exactly one gets it, also where a dead one's file is in the
 * way. To replace a dead holder's file a process must first create the one file `homing.lock.after-ID` that names the
 * dead holder's id, which only one can; should it die as well, the next needs the file named after *its* id, and so on.
 */
import { randomBytes } from 'node:crypto';
import { link, open, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../ops/clock.ts';
import { FieldError, Fields } from '../json-fields.ts';
import { StoreError } from '../store.ts';
import { errorCode } from './journal/file-layer.ts';
import { type ProcessIdentity, isAlive, ownIdentity, readText } from './process-identity.ts';

/** A process that holds, or held, a lock. */
export interface LockHolder extends ProcessIdentity {
  /** Random, of this one holding. */
  readonly id: string;
  /** ISO 8601 time of the locking. */
  readonly since: string;
}

/** A lock that is held. */
export interface Lock {
  /** The dead process whose lock was taken over; null where there was none. */
  readonly tookOver: LockHolder | null;
  /** Gives the lock back. */
  release(): Promise<void>;
}

const LOCK_NAME = 'homing.lock';
const MAX_ATTEMPTS = 100;

/** Whether a file of a data directory belongs to locking. */
export function isLockFile(name: string): boolean {
  return name === LOCK_NAME || name.startsWith(`${LOCK_NAME}.`);
}

/** The live process that holds a directory's lock; undefined where none does. Changes nothing. */
export async function findLockHolder(directory: string): Promise<LockHolder | undefined> {
  const holder = await readHolder(join(directory, LOCK_NAME));
  return holder !== undefined && (await isAlive(holder)) ? holder : undefined;
}

/** Takes the lock of a directory that exists. Rejects with StoreError `in-use` naming the process that holds it. */
export async function acquireLock(directory: string, clock: Clock): Promise<Lock> {
  const path = join(directory, LOCK_NAME);
  const self = await describeSelf(clock);
  const own = `${path}.own-${self.id}`;
  try {
    // Inside, because on a full disk it leaves an empty file, one more with every start that a supervisor tries.
    await writeHolder(own, self);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const tookOver = await tryAcquire(path, own, self);
      if (tookOver === undefined) continue;
      await removeLeftovers(directory, own);
      return { tookOver, release: () => release(path, self) };
    }
  } finally {
    await unlinkIfThere(own);
  }
  throw new StoreError(
    'in-use',
    `${path} changes hands again and again; try again when no other Homing starts`,
  );
}

/** Null or the dead holder where the lock was taken, undefined where somebody else was quicker: look again. */
async function tryAcquire(
  path: string,
  own: string,
  self: LockHolder,
): Promise<LockHolder | null | undefined> {
  if (await linkIfFree(own, path)) return null;
  const holder = await readHolder(path);
  if (holder === undefined) return undefined;
  await refuseIfAlive(path, holder);
  const claims = await claimSuccession(path, own, holder);
  if (claims === undefined) return undefined;
  // Somebody may have taken over and cleared the claims away between the reading above and the claim.
  const current = await readHolder(path);
  if (current?.id !== holder.id) {
    await unlinkIfThere(claims.at(-1)!);
    return undefined;
  }
  // A second name beside `own`, because renaming one name of a file over another name of it does nothing (POSIX).
  const next = `${path}.next-${self.id}`;
  await link(own, next);
  await rename(next, path);
  for (const claim of claims) await unlinkIfThere(claim);
  return holder;
}

/** The claim files from the dead holder's to the own, or undefined where a claim vanished meanwhile. */
async function claimSuccession(path: string, own: string, dead: LockHolder): Promise<string[] | undefined> {
  const claims: string[] = [];
  for (let last = dead; ;) {
    const claim = `${path}.after-${last.id}`;
    claims.push(claim);
    if (await linkIfFree(own, claim)) return claims;
    const claimant = await readHolder(claim);
    if (claimant === undefined) return undefined;
    await refuseIfAlive(path, claimant);
    last = claimant;
  }
}

async function refuseIfAlive(path: string, holder: LockHolder): Promise<void> {
  if (!(await isAlive(holder))) return;
  throw new StoreError(
    'in-use',
    `the data directory is in use by process ${holder.pid} since ${holder.since} (${path}). ` +
      'Stop that process first, or use another data directory.',
  );
}

async function describeSelf(clock: Clock): Promise<LockHolder> {
  const id = randomBytes(8).toString('hex');
  return { id, ...(await ownIdentity()), since: new Date(clock.now()).toISOString() };
}

async function readHolder(path: string): Promise<LockHolder | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  try {
    const fields = new Fields(JSON.parse(text), 'lock');
    return {
      id: fields.text('id'),
      pid: fields.integer('pid', Number.MAX_SAFE_INTEGER),
      started: fields.textOrNull('started'),
      boot: fields.textOrNull('boot'),
      since: fields.text('since'),
    };
  } catch (error) {
    if (!(error instanceof FieldError) && !(error instanceof SyntaxError)) throw error;
    throw new StoreError(
      'in-use',
      `${path} was not written by this version of Homing. Make sure that no other Homing uses the directory, ` +
        'then remove that file.',
      { cause: error },
    );
  }
}

async function writeHolder(path: string, holder: LockHolder): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  await file.writeFile(JSON.stringify(holder) + '\n');
  await file.sync();
}

async function linkIfFree(existing: string, path: string): Promise<boolean> {
  try {
    await link(existing, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function release(path: string, self: LockHolder): Promise<void> {
  // Only a file that is still the own one: an operator may have removed it and started another process.
  if ((await readHolder(path))?.id === self.id) await unlinkIfThere(path);
}

/**
 * Removes what processes that died while locking have left. Only the holder may: nobody else can be at work on it.
 * What cannot be read or removed stays, for it does no harm.
 */
async function removeLeftovers(directory: string, own: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (!name.startsWith(`${LOCK_NAME}.`) || path === own) continue;
    try {
      const writer = await readHolder(path);
      if (writer !== undefined && !(await isAlive(writer))) await unlinkIfThere(path);
    } catch {
      continue;
    }
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
