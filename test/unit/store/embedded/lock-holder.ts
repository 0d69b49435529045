/** A process of its own that takes the lock of the directory it is given as soon as it reads a line. */
import { once } from 'node:events';
import { systemClock } from '../../../../src/ops/clock.ts';
import { acquireLock } from '../../../../src/store/embedded/lock.ts';
import { StoreError } from '../../../../src/store/store.ts';

console.log('ready');
await once(process.stdin, 'data');
try {
  await acquireLock(process.argv[2]!, systemClock);
  console.log('held');
} catch (error) {
  console.log(error instanceof StoreError ? error.code : String(error));
}
// Ends with its standard input, so that it never outlives whoever started it.
process.stdin.resume();
