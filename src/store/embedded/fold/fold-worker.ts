/** The worker thread's side of folding: one job from `workerData`, one report, end. */
import { parentPort, workerData } from 'node:worker_threads';
import { yieldToOtherThreads } from '../../../ops/thread-priority.ts';
import { StoreError } from '../../store.ts';
import { describeFileError } from '../journal/file-layer.ts';
import { type FoldJob, type FoldReport, fold } from './fold.ts';

/** Beside a busy thread of ordinary priority a quarter of their core is left for this (sched(7)): nobody awaits it, and it must end. */
const STEPS = 5;

yieldToOtherThreads(STEPS);
const job = workerData as FoldJob;
const report = await fold(job).then(
  (result): FoldReport => ({ ok: true, result }),
  (error: unknown): FoldReport =>
    error instanceof StoreError
      ? { ok: false, code: error.code, message: error.message }
      : { ok: false, code: 'unwritable', message: `${job.target}: ${describeFileError(error)}` },
);
parentPort?.postMessage(report);
