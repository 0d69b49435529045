/** The worker thread's side of folding: one job from `workerData`, one report, end. */
import { parentPort, workerData } from 'node:worker_threads';
import { StoreError } from '../../store.ts';
import { describeFileError } from '../journal/file-layer.ts';
import { type FoldJob, type FoldReport, fold } from './fold.ts';

const job = workerData as FoldJob;
const report = await fold(job).then(
  (result): FoldReport => ({ ok: true, result }),
  (error: unknown): FoldReport =>
    error instanceof StoreError
      ? { ok: false, code: error.code, message: error.message }
      : { ok: false, code: 'unwritable', message: `${job.target}: ${describeFileError(error)}` },
);
parentPort?.postMessage(report);
