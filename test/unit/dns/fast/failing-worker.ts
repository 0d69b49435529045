/** A DNS worker whose first life ends at once, and whose second is a real one. */
import { workerData } from 'node:worker_threads';
import type { WorkerStart } from '../../../../src/dns/fast/lane-protocol.ts';

const { batches, id } = workerData as WorkerStart;
// As if it had ended within a batch.
if (Atomics.add(batches, id, 1) === 0) throw new Error('the first life ends');
Atomics.add(batches, id, 1);
await import('../../../../src/dns/fast/fast-worker.ts');
