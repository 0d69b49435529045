/**
 * What the general lane of a server keeps between messages: the cookies' secrets and the rate limits, both renewed by
 * one timer, and how often defects are told.
 * Invariants: a secret made here is no older than a day; a flood of messages that find a bug cannot flood the log.
 */
import type { Clock } from '../../ops/clock.ts';
import type { ZoneSet } from '../../zone/zone.ts';
import { type DnsLog, answerQuery } from '../answer.ts';
import { randomCookieSecret } from '../cookies/cookie-secret.ts';
import { ServerCookies } from '../cookies/server-cookies.ts';
import type { DnsSettings, Transport } from '../pipeline.ts';
import { NoticeGate } from '../rrl/limit-notices.ts';
import type { RateLimitOptions } from '../rrl/rate-limits.ts';
import { RateLimiting } from './rate-limiting.ts';
import type { DnsStats } from './stats.ts';

/** How a server treats those who ask; everything is off where nothing is said. */
export interface DnsServerSettings extends DnsSettings {
  /** `random`: under a secret of this process. Or one to three of 16 octets: the first makes cookies, all are taken. */
  readonly cookies?: 'random' | readonly Uint8Array[];
  /** The limits of answers over UDP; they apply to each thread that answers. */
  readonly rateLimits?: RateLimitOptions;
}

/** What an answerer needs. */
export interface AnswererOptions {
  readonly zones: ZoneSet;
  readonly settings: DnsServerSettings;
  readonly clock: Clock;
  readonly log: DnsLog;
  readonly stats: DnsStats;
}

const TICK_MS = 1000;
const SECRET_LIFETIME_MS = 24 * 3600 * 1000;

/** Answers the messages of one thread. */
export class Answerer {
  readonly rateLimiting: RateLimiting;
  readonly #options: AnswererOptions;
  readonly #cookies: ServerCookies | undefined;
  readonly #bugs = new NoticeGate();
  readonly #log: Pick<DnsLog, 'error'>;
  #secretMadeAt: number;
  #timer: NodeJS.Timeout | undefined;

  /** Throws RangeError on secrets or limits that break their contract. */
  constructor(options: AnswererOptions) {
    const { clock, log, stats, settings } = options;
    const { cookies, rateLimits = { rate: 0 } } = settings;
    this.#options = options;
    this.rateLimiting = new RateLimiting(rateLimits, options);
    if (cookies !== undefined)
      this.#cookies = new ServerCookies(cookies === 'random' ? [randomCookieSecret()] : cookies);
    this.#secretMadeAt = clock.now();
    this.#log = {
      error: (fields, message) => {
        stats.bugs++;
        if (this.#bugs.admit(clock.now())) log.error(fields, message);
      },
    };
  }

  /** The answer to a message from this address, or undefined where it gets none. Never throws. */
  answer(query: Uint8Array, source: string, transport: Transport): Uint8Array | undefined {
    const { zones, settings, clock } = this.#options;
    const { limiter } = this.rateLimiting;
    const collaborators = { cookies: this.#cookies, limiter, clock, log: this.#log };
    return answerQuery(query, { zones, transport, source, settings, ...collaborators });
  }

  /** Begins what happens once a second; the timer does not keep the process alive. */
  start(): void {
    this.#timer ??= setInterval(() => {
      this.#tick();
    }, TICK_MS).unref();
  }

  /** Ends what `start` began. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const now = this.#options.clock.now();
    this.rateLimiting.sweep();
    if (this.#options.settings.cookies !== 'random' || now - this.#secretMadeAt < SECRET_LIFETIME_MS) return;
    this.#cookies?.rotate(randomCookieSecret());
    this.#secretMadeAt = now;
  }
}
