/**
 * Time as the agent sees it: the wall clock, which people set, and a clock that only goes forward.
 * Invariant: what is due is decided by `elapsed`; `wall` is for what is kept on disk and told to people.
 */

/** One instant on both clocks, in milliseconds. */
export interface Moment {
  readonly wall: number;
  readonly elapsed: number;
}

/** A random number in [0, 1). */
export type Random = () => number;

/** Clocks that part by more than this, or a tick that is late by more, mean that the machine slept. */
export const JUMP_MS = 30_000;

/** What happened between two ticks. */
export type Passage = 'as-usual' | 'woke';

/** Whether the machine slept, or its clock was set, between two ticks that should be `tickMs` apart. */
export function passageBetween(before: Moment, now: Moment, tickMs: number): Passage {
  const elapsed = now.elapsed - before.elapsed;
  const parted = Math.abs(now.wall - before.wall - elapsed);
  return parted > JUMP_MS || elapsed - tickMs > JUMP_MS ? 'woke' : 'as-usual';
}
