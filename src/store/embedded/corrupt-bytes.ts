/**
 * The one way to say that a file does not hold what was written. Invariant: the message names the file and its bytes,
 * and what to do next.
 */
import { StoreError } from '../store.ts';

/** StoreError `corrupt` for the bytes from `start` up to but not including `end` of a file. */
export function corruptBytes(path: string, range: { start: number; end: number }, why: string): StoreError {
  return new StoreError(
    'corrupt',
    `${path}, bytes ${range.start} to ${Math.max(range.start, range.end - 1)}: ${why}. Nothing was changed; ` +
      'keep a copy of the directory and restore the latest backup (homing store restore).',
  );
}
