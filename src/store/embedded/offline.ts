/**
 * What is done with a store's files while no server needs them: prove that they are whole, and restore a backup.
 * Invariants: verifying changes nothing; restoring writes only into an empty directory, only what was proved whole,
 * and moves every zone's serial past whatever was served since the backup (RFC 1982).
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Clock } from '../../ops/clock.ts';
import { serialAfterRestore } from '../../zone/serial.ts';
import type { Change } from '../change.ts';
import type { State, StateCounts } from '../state.ts';
import { StoreError } from '../store.ts';
import { errorCode } from './journal/file-layer.ts';
import { readDocument, replayJournal, writeDocument } from './fold/fold.ts';
import { type TornTail, listSegments } from './journal/reader.ts';
import { acquireLock, findLockHolder, isLockFile } from './lock.ts';
import { makeDirectory } from './make-directory.ts';
import { SNAPSHOT_NAME } from './snapshot.ts';
import { temporaryPrefix } from './temporary-file.ts';

/** What a store's files were found to hold, or why they cannot be served. */
export type StoreReport =
  | {
      readonly ok: true;
      readonly counts: StateCounts;
      /** The number of the last commit. */
      readonly sequence: number;
      readonly bytes: { readonly snapshot: number; readonly journal: number };
      /** Interrupted writes, which the next start cuts off. Empty while a process holds the store. */
      readonly torn: readonly TornTail[];
      /** The process that holds the store now; null where none does. */
      readonly heldBy: number | null;
    }
  | {
      readonly ok: false;
      readonly code: StoreError['code'];
      readonly message: string;
      readonly heldBy: number | null;
    };

const ATTEMPTS = 4;

/** Reads the whole store as a start would. Rejects only where the files cannot be read (Node's errors). */
export async function verifyStore(directory: string): Promise<StoreReport> {
  const path = resolve(directory);
  for (let attempt = 1; ; attempt++) {
    const heldBy = (await findLockHolder(path))?.pid ?? null;
    const report = await verifyOnce(path, heldBy);
    // A running server may have compacted between the reading of two files; a failure is only real if it stays.
    if (report.ok || heldBy === null || attempt === ATTEMPTS) return report;
  }
}

async function verifyOnce(directory: string, heldBy: number | null): Promise<StoreReport> {
  try {
    const snapshot = join(directory, SNAPSHOT_NAME);
    const found = await listSegments(directory);
    const { state } = await readDocument(snapshot);
    const { segments, torn, sequence } = await replayJournal(state, found);
    const journal = segments.reduce((sum, segment) => sum + segment.bytes, 0);
    const bytes = { snapshot: (await stat(snapshot)).size, journal };
    return { ok: true, counts: state.counts(), sequence, bytes, torn: heldBy === null ? torn : [], heldBy };
  } catch (error) {
    if (error instanceof StoreError) return { ok: false, code: error.code, message: error.message, heldBy };
    if (errorCode(error) !== 'ENOENT' || !(error instanceof Error)) throw error;
    return { ok: false, code: 'corrupt', message: `A file is missing: ${error.message}`, heldBy };
  }
}

/** What to restore, and where to. */
export interface RestoreOptions {
  /** A backup, or the snapshot of a data directory. */
  readonly file: string;
  /** Made where it is not there; must be empty. */
  readonly directory: string;
  readonly clock: Clock;
}

/** What was restored. */
export interface RestoreResult {
  readonly counts: StateCounts;
  /** The number of the last commit: the backup's and the one that moved the serials. */
  readonly sequence: number;
}

/** Makes a store of a backup. Rejects with StoreError, and then the directory holds no store. */
export async function restoreStore({ file, directory, clock }: RestoreOptions): Promise<RestoreResult> {
  const { state } = await readDocument(resolve(file));
  const target = resolve(directory);
  await makeDirectory(target);
  const lock = await acquireLock(target, clock);
  try {
    await refuseUnlessEmpty(target);
    state.apply(movedSerials(state, clock.now()));
    const savedAt = new Date(clock.now()).toISOString();
    await writeDocument(join(target, SNAPSHOT_NAME), { savedAt, state });
    return { counts: state.counts(), sequence: state.sequence };
  } finally {
    await lock.release();
  }
}

/** Every serial moved on, those of removed zones, too: they may have come and gone again since the backup. */
function movedSerials(state: State, now: number): Change[] {
  const moved: Change[] = [];
  for (const { settings } of state.zones()) {
    const serial = serialAfterRestore(settings.serial, now);
    moved.push({ kind: 'zone-put', zone: { ...settings, serial } });
  }
  for (const { apex, serial } of [...state.retiredZones()])
    moved.push({ kind: 'retired-put', retired: { apex, serial: serialAfterRestore(serial, now) } });
  return moved;
}

async function refuseUnlessEmpty(directory: string): Promise<void> {
  const temporary = basename(temporaryPrefix(SNAPSHOT_NAME));
  const others = (await readdir(directory)).filter(
    (name) => !isLockFile(name) && !name.startsWith(temporary),
  );
  if (others.length === 0) return;
  throw new StoreError(
    'in-use',
    `${directory} is not empty (${others.slice(0, 3).join(', ')}). A backup is restored into an empty directory only: ` +
      'move what is there away, or name another directory.',
  );
}
