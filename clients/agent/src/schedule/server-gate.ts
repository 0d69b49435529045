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

/** Makes the gate of a server, closed, or as it was `before`. */
export function createServerGate(
  random: Random,
  before?: { failures: number; probeAt?: number },
): ServerGate {
  const breaker = new ConsecutiveBreaker(FAILURES_TO_OPEN);
  breaker.state = before?.failures ?? 0;
  let probeAt = before?.probeAt;
  let prober: string | undefined;
  const running = new Set<string>();

  const end = (host: string): void => {
    running.delete(host);
    if (prober === host) prober = undefined;
  };
  return {
    get open() {
      return probeAt !== undefined;
    },
    get failures() {
      return breaker.state;
    },
    get probeAt() {
      return probeAt;
    },
    wantsProbe: (now) => probeAt !== undefined && prober === undefined && now >= probeAt,
    choose: (host) => {
      prober = host;
    },
    release: (host, again) => {
      if (prober !== host) return;
      prober = undefined;
      if (probeAt !== undefined) probeAt = Math.max(probeAt, again);
    },
    admit: (host, now) => {
      if (probeAt !== undefined) {
        if (prober === undefined && now >= probeAt) prober = host;
        if (prober !== host) return 'hold';
      }
      if (running.size >= REQUESTS_AT_ONCE) return 'queue';
      running.add(host);
      return 'go';
    },
    worked: (host) => {
      end(host);
      prober = undefined;
      breaker.success();
      const closed = probeAt !== undefined;
      probeAt = undefined;
      return closed;
    },
    failed: (host, now) => {
      // A request that began before the circuit opened tells nothing new.
      const stale = probeAt !== undefined && prober !== host;
      end(host);
      if (stale) return true;
      if (!breaker.failure()) return false;
      probeAt = now + backOffDelay(breaker.state - 1, random);
      return true;
    },
    ended: end,
    close: () => {
      prober = undefined;
      breaker.success();
      probeAt = undefined;
    },
  };
}

/** When one of `count` hosts that waited for a server follows: spread over as many seconds, at most 30. */
export function spreadDelay(count: number, random: Random): number {
  return Math.round(random() * Math.min(LONGEST_SPREAD_MS, count * 1000));
}
