/**
 * Who may send to one server: at most four at a time; after five failures in a row one tries for all.
 * Invariant: while the circuit is open at most one request is under way that began after it opened.
 */
import { ConsecutiveBreaker } from 'cockatiel';
import { backOffDelay } from './back-off.ts';
import type { Random } from './moment.ts';

const FAILURES_TO_OPEN = 5;
const REQUESTS_AT_ONCE = 4;
const LONGEST_SPREAD_MS = 30_000;

/** What is kept of a server over restarts. */
export interface ServerRecord {
  failures: number;
  /** On the wall clock: when one host tries for all; absent while the circuit is closed. */
  probeAt?: number | undefined;
}

/** The answer to a host that wants to send. */
export type Admission = 'go' | 'queue' | 'hold';

/** The gate of one server. Times are of the clock that only goes forward. */
export interface ServerGate {
  readonly open: boolean;
  readonly failures: number;
  /** When one host may try for all; undefined while the circuit is closed. */
  readonly probeAt: number | undefined;
  /** Whether somebody should be chosen to try now. */
  wantsProbe(now: number): boolean;
  /** Makes `host` the one that tries for all; it looks for its addresses first. */
  choose(host: string): void;
  /** The chosen one does not send after all; the next is chosen at `again`. */
  release(host: string, again: number): void;
  admit(host: string, now: number): Admission;
  /** A request ended well or was refused: the server works. True where that closed the circuit. */
  worked(host: string): boolean;
  /** A request failed. True where that opened the circuit, or kept it open. */
  failed(host: string, now: number): boolean;
  /** A request ended without a meaning for the server. */
  ended(host: string): void;
  /** Forgets the failures: what caused them may be mended. Requests under way still count. */
  close(): void;
}

interface GateState {
  readonly breaker: ConsecutiveBreaker;
  readonly running: Set<string>;
  probeAt: number | undefined;
  /** The one that tries for all. */
  prober: string | undefined;
}

/** Makes the gate of a server, closed, or as it was `before`. */
export function createServerGate(
  random: Random,
  before?: { failures: number; probeAt?: number },
): ServerGate {
  const state: GateState = {
    breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN),
    running: new Set(),
    probeAt: before?.probeAt,
    prober: undefined,
  };
  const { breaker } = state;
  breaker.state = before?.failures ?? 0;
  const close = (): void => {
    breaker.success();
    state.prober = undefined;
    state.probeAt = undefined;
  };
  return {
    get open() {
      return state.probeAt !== undefined;
    },
    get failures() {
      return breaker.state;
    },
    get probeAt() {
      return state.probeAt;
    },
    wantsProbe: (now) => state.probeAt !== undefined && state.prober === undefined && now >= state.probeAt,
    choose: (host) => {
      state.prober = host;
    },
    release: (host, again) => {
      if (state.prober !== host) return;
      state.prober = undefined;
      if (state.probeAt !== undefined) state.probeAt = Math.max(state.probeAt, again);
    },
    admit: (host, now) => admit(state, host, now),
    worked: (host) => {
      end(state, host);
      const closed = state.probeAt !== undefined;
      close();
      return closed;
    },
    failed: (host, now) => fail(state, host, { now, random }),
    ended: (host) => {
      end(state, host);
    },
    close,
  };
}

function admit(state: GateState, host: string, now: number): Admission {
  if (state.probeAt !== undefined) {
    if (state.prober === undefined && now >= state.probeAt) state.prober = host;
    if (state.prober !== host) return 'hold';
  }
  if (state.running.size >= REQUESTS_AT_ONCE) return 'queue';
  state.running.add(host);
  return 'go';
}

function end(state: GateState, host: string): void {
  state.running.delete(host);
  if (state.prober === host) state.prober = undefined;
}

function fail(
  state: GateState,
  host: string,
  at: { readonly now: number; readonly random: Random },
): boolean {
  // A request that began before the circuit opened tells nothing new.
  const stale = state.probeAt !== undefined && state.prober !== host;
  end(state, host);
  if (stale) return true;
  if (!state.breaker.failure()) return false;
  state.probeAt = at.now + backOffDelay(state.breaker.state - 1, at.random);
  return true;
}

/** When one of `count` hosts that waited for a server follows: spread over as many seconds, at most 30. */
export function spreadDelay(count: number, random: Random): number {
  return Math.round(random() * Math.min(LONGEST_SPREAD_MS, count * 1000));
}
