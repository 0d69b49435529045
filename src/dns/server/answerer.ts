/**
 * Answers on the main thread: plain queries from the answer table where there is one, everything by the general lane.
 * Owns what is kept between messages: the cookies' secrets and the rate limits, both renewed by one timer, and how
 * often defects are told.
 * Invariants: a secret made here is no older than a day; a flood of messages that find a bug cannot flood the log.
 */
import type { Clock } from '../../ops/clock.ts';
import type { ZoneSet } from '../../zone/zone-view.ts';
import { type DnsLog, answerQuery } from '../answer.ts';
import { randomCookieSecret } from '../cookies/cookie-secret.ts';
import { type ByteRange, ServerCookies } from '../cookies/server-cookies.ts';
import type { DnsSettings, Transport } from '../pipeline.ts';
import { ANSWER_CLASS } from '../rrl/answer-class.ts';
import { NoticeGate } from '../rrl/limit-notices.ts';
import { RATE_VERDICT } from '../rrl/rate-limiter.ts';
import type { RateLimitOptions } from '../rrl/rate-limits.ts';
import { slipInPlace } from '../rrl/slip.ts';
import type { PublishedAnswers } from './published-answers.ts';
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
  /** Told of each secret that cookies are made under from now on, for those who make them elsewhere. */
  readonly onCookieSecret?: (secret: Uint8Array) => void;
}

/** What answers plain queries, and what it says of the answer it made last. */
export type PlainAnswers = Pick<PublishedAnswers, 'answer' | 'isProven' | 'optLength'>;

const TICK_MS = 1000;
const SECRET_LIFETIME_MS = 24 * 3600 * 1000;

/** Answers the messages of one thread. */
export class Answerer {
  readonly rateLimiting: RateLimiting;
  readonly #options: AnswererOptions;
  /** Undefined where cookies are switched off. */
  readonly cookies: ServerCookies | undefined;
  /** The secrets of the beginning, the first of which makes cookies; undefined where they are switched off. */
  readonly cookieSecrets: readonly Uint8Array[] | undefined;
  readonly #bugs = new NoticeGate();
  readonly #log: Pick<DnsLog, 'error'>;
  #published: PlainAnswers | undefined;
  #secretMadeAt: number;
  #timer: NodeJS.Timeout | undefined;

  /** Throws RangeError on secrets or limits that break their contract. */
  constructor(options: AnswererOptions) {
    const { clock, log, stats, settings } = options;
    const { cookies, rateLimits = { rate: 0 } } = settings;
    this.#options = options;
    this.rateLimiting = new RateLimiting(rateLimits, options);
    this.cookieSecrets = cookies === 'random' ? [randomCookieSecret()] : cookies;
    if (this.cookieSecrets !== undefined) this.cookies = new ServerCookies(this.cookieSecrets);
    this.#secretMadeAt = clock.now();
    this.#log = {
      error: (fields, message) => {
        stats.bugs++;
        if (this.#bugs.admit(clock.now())) log.error(fields, message);
      },
    };
  }

  /** Answers plain queries from this table from now on. */
  use(published: PlainAnswers): void {
    this.#published = published;
  }

  /** The answer to a message from this address, or undefined where it gets none. Never throws. */
  answer(query: Uint8Array, source: ByteRange | undefined, transport: Transport): Uint8Array | undefined {
    const reply = this.#plainAnswer(query, source);
    if (reply === undefined) return this.answerGenerally(query, source, transport);
    const isProven = transport === 'tcp' || this.#published!.isProven;
    return isProven || source === undefined ? reply : this.#limit(reply, source);
  }

  /** The same by the general lane alone, for what a worker has found not to be plain. Never throws. */
  answerGenerally(
    query: Uint8Array,
    source: ByteRange | undefined,
    transport: Transport,
  ): Uint8Array | undefined {
    const { zones, settings, clock } = this.#options;
    const { limiter } = this.rateLimiting;
    const collaborators = { cookies: this.cookies, limiter, clock, log: this.#log };
    return answerQuery(query, { zones, transport, source, settings, ...collaborators });
  }

  #plainAnswer(query: Uint8Array, source: ByteRange | undefined): Buffer | undefined {
    try {
      return this.#published?.answer(query, source, this.#options.clock.now());
    } catch (error) {
      this.#log.error({ err: error }, 'A bug in the answer table; the general lane answered this query');
      return undefined;
    }
  }

  /** What is sent over UDP of a finished plain answer: all of it, the slipped one, or nothing. */
  #limit(reply: Buffer, { bytes, at, length }: ByteRange): Uint8Array | undefined {
    const answerClass = reply[7] === 0 ? ANSWER_CLASS.NEGATIVE : ANSWER_CLASS.ANSWER;
    const now = this.#options.clock.now();
    const verdict = this.rateLimiting.limiter.check(bytes, at, length === 4 ? 4 : 16, answerClass, now);
    if (verdict === RATE_VERDICT.PASS) return reply;
    if (verdict === RATE_VERDICT.DROP) return undefined;
    return reply.subarray(0, slipInPlace(reply, 0, reply.length, this.#published!.optLength));
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
    const secret = randomCookieSecret();
    this.cookies?.rotate(secret);
    this.#options.onCookieSecret?.(secret);
    this.#secretMadeAt = now;
  }
}
