/**
 * Rate limiting of a server in operation: its limits, which may change, its notices in the log, its counters.
 * Invariants: counters only grow, also across a change of limits; nothing here keeps the process alive.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../ops/clock.ts';
import type { DnsLog } from '../answer.ts';
import type { LimitNotice } from '../rrl/limit-notices.ts';
import { type RateLimitStats, type RateLimiter, createRateLimiter } from '../rrl/rate-limiter.ts';
import type { RateLimitOptions } from '../rrl/rate-limits.ts';

/** Milliseconds after which the log may say once more how many starts it did not tell. */
const UNTOLD_INTERVAL_MS = 60_000;

/** Tells the operator that a network began or ceased to be limited under these limits. */
export function logLimitNotice(
  log: DnsLog,
  { kind, ...fields }: LimitNotice,
  { dryRun = false }: Pick<RateLimitOptions, 'dryRun'>,
): void {
  if (kind === 'stopped') log.info(fields, 'rate limiting of a network ended');
  else log.warn(fields, dryRun ? 'a network would be rate limited' : 'a network is rate limited');
}

/** The limiter in force, and what an operator hears of it. */
export class RateLimiting {
  readonly #clock: Clock;
  readonly #log: DnsLog;
  #options: RateLimitOptions;
  #limiter: RateLimiter;
  /** What the limiters before the present one counted. */
  #before = { dropped: 0, slipped: 0, evicted: 0, untold: 0 };
  #untold = { count: 0, toldAt: -Infinity };

  /** Throws RangeError on a limit that is out of its range. */
  constructor(options: RateLimitOptions, { clock, log }: { readonly clock: Clock; readonly log: DnsLog }) {
    this.#clock = clock;
    this.#log = log;
    this.#options = options;
    this.#limiter = this.#create(options);
  }

  /** The limiter now; it is another one after a change. */
  get limiter(): RateLimiter {
    return this.#limiter;
  }

  /** Counters since the start. */
  get stats(): RateLimitStats {
    const { dropped, slipped, evicted, untold, ...now } = this.#limiter.stats();
    const before = this.#before;
    return {
      ...now,
      dropped: before.dropped + dropped,
      slipped: before.slipped + slipped,
      evicted: before.evicted + evicted,
      untold: before.untold + untold,
    };
  }

  /** Takes other limits into force, with full buckets; the same limits change nothing. Throws as the constructor does. */
  reconfigure(options: RateLimitOptions): void {
    if (isDeepStrictEqual(options, this.#options)) return;
    const next = this.#create(options);
    this.#before = this.stats;
    this.#options = options;
    this.#limiter = next;
  }

  /** To be called about once a second. */
  sweep(): void {
    const now = this.#clock.now();
    this.#limiter.sweep(now);
    const { untold } = this.stats;
    if (untold === this.#untold.count || now - this.#untold.toldAt < UNTOLD_INTERVAL_MS) return;
    this.#log.warn(
      { networks: untold - this.#untold.count },
      'more networks are rate limited than were told',
    );
    this.#untold = { count: untold, toldAt: now };
  }

  #create(options: RateLimitOptions): RateLimiter {
    const onNotice = (notice: LimitNotice): void => {
      logLimitNotice(this.#log, notice, options);
    };
    return createRateLimiter({ ...options, onNotice });
  }
}
