/** A host while the agent runs: its plan, its record, and where it stands in the present round. */
import type { Addresses, HostRecord } from './host-record.ts';
import type { HostPlan } from './core-types.ts';
import type { Moment } from './moment.ts';

/** Nobody waits longer than this for what a server or a back-off said. */
const LONGEST_WAIT_MS = 86_400_000;

/** A host and what it is doing. */
export interface HostRun {
  plan: HostPlan;
  record: HostRecord;
  phase: 'idle' | 'looking' | 'queued' | 'sending';
  /** When it is tried again, on the clock that only goes forward; undefined: with the next round. */
  due: number | undefined;
  /** No request before, on the same clock. */
  notBefore: number | undefined;
  /** Waits until the circuit of its server closes. */
  held: boolean;
  /** Tried although it was stopped or waits. */
  forced: boolean;
  /** The looks of this round that have no answer yet. */
  awaiting: Set<string>;
  found: Addresses;
  /** The requests of this round that are still to be sent; the first is under way while `phase` is `sending`. */
  requests: Addresses[];
  trace: string;
}

/** A host as its record says, at the start of the agent or of a new configuration. */
export function newHostRun(plan: HostPlan, record: HostRecord, now: Moment): HostRun {
  return {
    plan,
    record,
    phase: 'idle',
    due: toElapsed(record.next, now),
    notBefore: toElapsed(record.notBefore, now),
    held: false,
    forced: false,
    awaiting: new Set(),
    found: {},
    requests: [],
    trace: '',
  };
}

/** A time of the wall clock on the clock that only goes forward; at most a day ahead, because either may be set. */
export function toElapsed(wall: number | undefined, now: Moment): number | undefined {
  if (wall === undefined) return undefined;
  return now.elapsed + Math.min(Math.max(wall - now.wall, 0), LONGEST_WAIT_MS);
}

/** The other way. */
export function toWall(elapsed: number | undefined, now: Moment): number | undefined {
  return elapsed === undefined ? undefined : Math.round(now.wall + elapsed - now.elapsed);
}
