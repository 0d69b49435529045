/**
 * Folding: the old snapshot and journal segments become one new snapshot, in a worker thread, so that no answer and
 * no update waits for it. Compaction and backup are both this.
 * Invariant: the segments are only read up to the byte that is durable, so folding may go on while the last of them
 * is being written.
 */
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ChangeListDecoder } from '../../quick/change-list.ts';
import type { State } from '../../state.ts';
import { StoreError, type StoreErrorCode } from '../../store.ts';
import { corruptBytes } from '../corrupt-bytes.ts';
import { type FileLayer, nodeFileLayer } from '../journal/file-layer.ts';
import { type JournalReading, type JournalSource, readJournal } from '../journal/reader.ts';
import type { SealedSegment } from '../journal/writer.ts';
import { type StoreDocument, openDocument } from '../snapshot.ts';

/** What to fold into what. Paths are absolute. */
export interface FoldJob {
  readonly snapshot: string;
  readonly segments: readonly SealedSegment[];
  readonly target: string;
  /** ISO 8601, for the new document. */
  readonly savedAt: string;
  /** Whether to read the target back before success is reported. */
  readonly verify: boolean;
}

/** What was written. */
export interface FoldResult {
  /** The number of the last commit in the target. */
  readonly sequence: number;
  /** The size of the target. */
  readonly bytes: number;
}

/** What a worker reports: errors cross threads as plain data. */
export type FoldReport =
  | { readonly ok: true; readonly result: FoldResult }
  | { readonly ok: false; readonly code: StoreErrorCode; readonly message: string };

/** Applies the commits of a journal that `state` does not hold yet. Throws StoreError `corrupt` or `too-new`; the state is then not to be used. */
export function replayJournal(state: State, segments: JournalSource['segments']): Promise<JournalReading> {
  const decoder = new ChangeListDecoder(state);
  return readJournal({
    segments,
    after: state.sequence,
    onCommit: (sequence, changes) => {
      // A commit of which the end cannot be read leaves its beginning in the state, which is then thrown away.
      const problem = Buffer.isBuffer(changes) ? decoder.decode(changes) : decoder.decodeValues(changes);
      if (problem === undefined) state.apply([], sequence);
      return problem;
    },
  });
}

/** The document of a snapshot file. Throws StoreError `corrupt` where there is none. */
export async function readDocument(path: string): Promise<StoreDocument> {
  const low = openDocument(path);
  await low.read();
  if (low.data.savedAt !== null) return low.data;
  throw new StoreError(
    'corrupt',
    `${path} is missing. Put it back, or restore a backup into an empty directory.`,
  );
}

/** Writes a document and returns the size of its file. */
export async function writeDocument(
  path: string,
  document: StoreDocument,
  files: FileLayer = nodeFileLayer,
): Promise<number> {
  const low = openDocument(path, { files });
  low.data = document;
  await low.write();
  return (await stat(path)).size;
}

/** Folds in this thread. Rejects with StoreError `corrupt` or `too-new`, or with Node's error of a failed write. */
export async function fold(job: FoldJob, files: FileLayer = nodeFileLayer): Promise<FoldResult> {
  const result = await writeFolded(job, files);
  if (job.verify) await readDocument(job.target);
  return result;
}

/** A function of its own, so that the state it made is garbage before the target is read back into another one. */
async function writeFolded(job: FoldJob, files: FileLayer): Promise<FoldResult> {
  const { state } = await readDocument(job.snapshot);
  const { torn } = await replayJournal(state, job.segments);
  for (const { path, ...range } of torn) throw corruptBytes(path, range, 'damaged');
  const bytes = await writeDocument(job.target, { savedAt: job.savedAt, state }, files);
  return { sequence: state.sequence, bytes };
}

/** Folds in a worker thread of its own. Rejects as `fold` does (other failures as `unwritable`), and when aborted. */
export function foldInWorker(job: FoldJob, signal: AbortSignal): Promise<FoldResult> {
  signal.throwIfAborted();
  const worker = new Worker(new URL(`./fold-worker${extname(import.meta.url)}`, import.meta.url), {
    workerData: job,
    name: 'fold',
  });
  return new Promise((resolve, reject) => {
    let report: FoldReport | undefined;
    const abort = (): void => void worker.terminate();
    signal.addEventListener('abort', abort);
    worker.once('message', (message: FoldReport) => {
      report = message;
    });
    worker.once('error', reject);
    // Settled only here: until a worker has ended it may still be at work on the files.
    worker.once('exit', () => {
      signal.removeEventListener('abort', abort);
      if (report?.ok === true) resolve(report.result);
      else if (report !== undefined) reject(new StoreError(report.code, report.message));
      else reject(new StoreError('closed', 'the store was closed meanwhile'));
    });
  });
}
