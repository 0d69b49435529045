/**
 * Starting the embedded store: lock, snapshot, journal, and the cutting off of what a crash left half written.
 *
 * Invariants: nothing is changed before everything was proved whole; what is cut off is saved beside first; a start
 * that fails gives the lock back.
 */
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { systemClock } from '../../ops/clock.ts';
import { StoreError } from '../store.ts';
import {
  type EmbeddedStore,
  type EmbeddedStoreOptions,
  OpenStore,
  type StartedOptions,
} from './embedded-store.ts';
import { replayJournal } from './fold/fold.ts';
import { type FileLayer, describeFileError, errorCode, nodeFileLayer } from './journal/file-layer.ts';
import { type TornTail, listSegments } from './journal/reader.ts';
import { SIDE_PREFIX } from './journal/side-segment.ts';
import { openJournal } from './journal/writer.ts';
import { type Lock, acquireLock } from './lock.ts';
import { makeDirectory } from './make-directory.ts';
import { FORMAT } from './migrations.ts';
import { SNAPSHOT_NAME, openDocument } from './snapshot.ts';
import { temporaryPrefix } from './temporary-file.ts';

/** A second of all the updates that one core can take. */
const DEFAULT_AHEAD_BYTES = 4 * 1024 * 1024;

/** Opens the store in a directory, or makes a new one there. Rejects with StoreError, having changed nothing it held. */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
  const directory = resolve(options.directory);
  const { clock = systemClock, files = nodeFileLayer, aheadBytes = DEFAULT_AHEAD_BYTES } = options;
  try {
    return await openLocked({ ...options, directory, clock, files, aheadBytes });
  } catch (error) {
    if (errorCode(error) === undefined || error instanceof StoreError) throw error;
    const reason = `${directory} cannot be opened: ${describeFileError(error)}`;
    throw new StoreError('unwritable', `${reason}. Nothing was changed.`, { cause: error });
  }
}

async function openLocked(options: StartedOptions): Promise<EmbeddedStore> {
  await makeDirectory(options.directory);
  const lock = await acquireLock(options.directory, options.clock);
  if (lock.tookOver !== null) {
    const { pid, since } = lock.tookOver;
    const message = `Took over the lock that process ${pid} held since ${since}: it no longer runs.`;
    options.onNotice({ code: 'stale-lock', message, pid });
  }
  try {
    return await recover(options, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Snapshot, then journal, then the torn tail cut off: from here on the files are as the last commit left them. */
async function recover(options: StartedOptions, lock: Lock): Promise<EmbeddedStore> {
  const { directory, clock, files, aheadBytes } = options;
  const snapshot = join(directory, SNAPSHOT_NAME);
  await removeTemporary(snapshot, files);
  const found = await listSegments(directory);
  const low = openDocument(snapshot, { files });
  await low.read();
  if (low.data.savedAt === null) {
    if (found.length > 0) {
      throw new StoreError(
        'corrupt',
        `${snapshot} is missing beside a journal. Put it back, or restore a backup.`,
      );
    }
    low.data = { ...low.data, savedAt: new Date(clock.now()).toISOString() };
    await low.write();
  }
  const { state } = low.data;
  const reading = await replayJournal(state, found);
  for (const torn of reading.torn) await cutTornTail(torn, options);
  for (const path of reading.obsolete) {
    await files.remove(path);
    await files.syncDirectory(directory);
  }
  const { segments, sequence } = reading;
  const journal = await openJournal({ directory, files, clock, sequence, segments, aheadBytes });
  // Records of two versions never share a file, because its first record names the version of all.
  if (reading.format !== undefined && reading.format !== FORMAT.version) await journal.rotate();
  const { size: snapshotBytes } = await stat(snapshot);
  return new OpenStore(options, { lock, state, journal, snapshotBytes, largeBytes: reading.largeBytes });
}

async function removeTemporary(snapshot: string, files: FileLayer): Promise<void> {
  const prefix = basename(temporaryPrefix(snapshot));
  for (const name of await readdir(dirname(snapshot))) {
    if (name.startsWith(prefix) || name.startsWith(SIDE_PREFIX))
      await files.remove(join(dirname(snapshot), name));
  }
}

async function cutTornTail(
  { path, start, end }: TornTail,
  { onNotice, clock, files }: StartedOptions,
): Promise<void> {
  const savedAs = `${path}.cut-${start}-${clock.now()}`;
  if (start === 0) {
    await files.rename(path, savedAs);
  } else {
    await copyBytes(files, path, { start, end }, savedAs);
    await files.syncDirectory(dirname(path));
    const file = await files.open(path);
    await file.truncate(start).finally(() => file.close());
  }
  await files.syncDirectory(dirname(path));
  const message =
    `The last write to ${path} was cut off by a crash: bytes ${start} to ${end - 1} are no whole record. ` +
    `They were moved to ${savedAs}. An update is acknowledged only once its record is whole on the disk.`;
  onNotice({ code: 'torn-tail', message, file: path, start, end, savedAs });
}

async function copyBytes(
  files: FileLayer,
  from: string,
  range: { start: number; end: number },
  to: string,
): Promise<void> {
  await using source = await open(from, 'r');
  const target = await files.create(to);
  try {
    const buffer = Buffer.allocUnsafe(1 << 20);
    for (let at = range.start; at < range.end;) {
      const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, range.end - at), at);
      if (bytesRead === 0) break;
      await target.write(buffer.subarray(0, bytesRead), at - range.start);
      at += bytesRead;
    }
    await target.datasync();
  } finally {
    await target.close();
  }
}
