/**
 * When TXT values were set, so that those which their clients never take away leave with time.
 *
 * Invariants: a value is kept for LIFETIME_MS at least after it was last set; what was there before this process
 * began counts as set then, because records are stored without their times; memory is bounded: beyond MAX_OWNERS the
 * names whose values were set longest ago are forgotten, and theirs count as set when the process began.
 */
import type { Name } from '../../zone/name.ts';

/** How long a value that nobody takes away is kept at least, in milliseconds: a challenge is validated in minutes. */
export const LIFETIME_MS = 24 * 60 * 60 * 1000;

const MAX_OWNERS = 10_000;

/** The times of values. */
export interface TxtAges {
  /** Whether a value was set longer ago than it is kept. */
  isExpired(owner: Name, rdata: Uint8Array, now: number): boolean;
  /** Notes that a value was set, again or for the first time. */
  note(owner: Name, rdata: Uint8Array, now: number): void;
}

/** Creates the memory of a process that began at `startedAt`, milliseconds since the epoch. */
export function createTxtAges(startedAt: number): TxtAges {
  const owners = new Map<Name, Map<string, number>>();
  return {
    isExpired: (owner, rdata, now) => now - (owners.get(owner)?.get(keyOf(rdata)) ?? startedAt) > LIFETIME_MS,
    note(owner, rdata, now) {
      const values = owners.get(owner) ?? new Map<string, number>();
      for (const [value, setAt] of values) if (now - setAt > LIFETIME_MS) values.delete(value);
      values.set(keyOf(rdata), now);
      // The last one in the map is the one that was noted last.
      owners.delete(owner);
      owners.set(owner, values);
      if (owners.size > MAX_OWNERS) owners.delete(owners.keys().next().value!);
    },
  };
}

function keyOf(rdata: Uint8Array): string {
  return Buffer.from(rdata).toString('latin1');
}
