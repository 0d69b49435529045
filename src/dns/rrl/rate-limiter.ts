/**
 * Response rate limiting (ISC-TN-2012-1): how many answers of a class one network may be sent over UDP, where the
 * source of a query may be forged and the answer hit somebody who never asked.
 *
 * A token bucket for each network and answer class, kept as the one moment at which it will be full again. Time is
 * counted in thousandths of an answer (milliseconds × rate), which are whole numbers, so nothing is lost by rounding.
 * Invariants: a network whose bucket is kept never gets more than burst + rate × time of a class; memory is fixed at
 * construction; a check that passes allocates nothing. State belongs to one thread.
 */
import { randomBytes } from 'node:crypto';
import { addressFromBytes } from '../../net/ip-address.ts';
import { formatIpPrefix, prefixOf } from '../../net/ip-prefix.ts';
import { ANSWER_CLASS_NAMES } from './answer-class.ts';
import { BUCKET_BYTES, type BucketKey, BucketTable, WAYS } from './bucket-table.ts';
import { KeyedHash } from './keyed-hash.ts';
import { type LimitNotice, NoticeGate } from './limit-notices.ts';
import { type RateLimits, type RateLimitOptions, rateLimits } from './rate-limits.ts';
import { NetworkList, maskWord, readSource } from './source-words.ts';

/** What becomes of an answer: sent, replaced by an empty one with TC=1, or not sent. */
export const RATE_VERDICT = { PASS: 0, SLIP: 1, DROP: 2 } as const;

/** One of the verdicts. */
export type RateVerdict = (typeof RATE_VERDICT)[keyof typeof RATE_VERDICT];

/** Counters since construction, and `limited`, the buckets that are limited now. In a dry run they say what would be. */
export interface RateLimitStats {
  readonly dropped: number;
  readonly slipped: number;
  readonly limited: number;
  /** Buckets forgotten before they were full again, because their row of the table was full. */
  readonly evicted: number;
  /** Starts that were not told, because there were too many at once. */
  readonly untold: number;
  /** Bytes of the table. */
  readonly bytes: number;
}

/** What one answer costs, in thousandths of an answer. */
const COST = 1000;

/** Limits the answers of one thread. Made by `createRateLimiter`. */
export class RateLimiter {
  readonly #limits: RateLimits;
  readonly #capacity: number;
  readonly #masks: { readonly v4: number; readonly v6High: number; readonly v6Low: number };
  readonly #exempt: NetworkList;
  readonly #table: BucketTable;
  readonly #gate = new NoticeGate();
  readonly #onNotice: (notice: LimitNotice) => void;
  readonly #source = new Int32Array(4);
  readonly #key: BucketKey = { tag: 0, high: 0, low: 0 };
  readonly #stats = { dropped: 0, slipped: 0, limited: 0, evicted: 0, untold: 0 };

  constructor(limits: RateLimits, hash: KeyedHash, onNotice: (notice: LimitNotice) => void) {
    this.#limits = limits;
    this.#capacity = limits.burst * COST;
    this.#masks = {
      v4: maskWord(limits.ipv4Prefix, 0),
      v6High: maskWord(limits.ipv6Prefix, 0),
      v6Low: maskWord(limits.ipv6Prefix, 32),
    };
    this.#exempt = new NetworkList(limits.exempt);
    this.#table = new BucketTable(limits.rate === 0 ? WAYS : limits.tableSize, hash);
    this.#onNotice = onNotice;
  }

  /**
   * Counts an answer of a class (ANSWER_CLASS) to the source whose 4 or 16 network bytes begin at `at`, and says what
   * becomes of it. `nowMs` are whole milliseconds of a clock that should not go back (where it does, nobody gets more).
   */
  // eslint-disable-next-line max-params -- one object for each packet would be garbage for each packet
  check(address: Uint8Array, at: number, length: 4 | 16, answerClass: number, nowMs: number): RateVerdict {
    const { rate } = this.#limits;
    if (rate === 0) return RATE_VERDICT.PASS;
    const family = readSource(address, at, length, this.#source);
    if (this.#exempt.holds(this.#source, family)) return RATE_VERDICT.PASS;

    this.#key.tag = (answerClass << 3) | family;
    this.#key.high = this.#source[0]! & (family === 4 ? this.#masks.v4 : this.#masks.v6High);
    this.#key.low = family === 4 ? 0 : this.#source[1]! & this.#masks.v6Low;

    const now = nowMs * rate;
    const found = this.#table.find(this.#key);
    const place = found < 0 ? ~found : found;
    if (found < 0) this.#replace(place, now);
    else if (this.#table.due(place) <= now && this.#table.suppressed(place) > 0) this.#stop(place);

    // No later than an empty bucket allows, or a clock that went back would close it for as long as it went.
    const due = Math.min(Math.max(this.#table.due(place), now), now + this.#capacity);
    const passes = due + COST <= now + this.#capacity;
    this.#table.setDue(place, passes ? due + COST : due);
    return passes ? RATE_VERDICT.PASS : this.#suppress(place, nowMs);
  }

  /** Tells which networks have stopped being limited. To be called about once a second; free while none is limited. */
  sweep(nowMs: number): void {
    const now = nowMs * this.#limits.rate;
    for (let place = 0; place < this.#table.size && this.#stats.limited > 0; place++) {
      if (this.#table.suppressed(place) > 0 && this.#table.due(place) <= now) this.#stop(place);
    }
  }

  /** The counters now. */
  stats(): RateLimitStats {
    return { ...this.#stats, bytes: this.#table.size * BUCKET_BYTES };
  }

  #replace(place: number, now: number): void {
    if (this.#table.due(place) > now) this.#stats.evicted++;
    if (this.#table.suppressed(place) > 0) this.#stop(place);
    this.#table.claim(place, this.#key);
  }

  #suppress(place: number, nowMs: number): RateVerdict {
    const { slip, dryRun } = this.#limits;
    const count = this.#table.suppressed(place) + 1;
    this.#table.setSuppressed(place, count);
    if (count === 1) this.#start(place, nowMs);
    const slips = slip > 0 && count % slip === 0;
    if (slips) this.#stats.slipped++;
    else this.#stats.dropped++;
    if (dryRun) return RATE_VERDICT.PASS;
    return slips ? RATE_VERDICT.SLIP : RATE_VERDICT.DROP;
  }

  #start(place: number, nowMs: number): void {
    this.#stats.limited++;
    if (!this.#gate.admit(nowMs)) {
      this.#stats.untold++;
      return;
    }
    this.#table.setAnnounced(place, true);
    this.#onNotice({ kind: 'started', ...this.#describe(place) });
  }

  #stop(place: number): void {
    const suppressed = this.#table.suppressed(place);
    const told = this.#table.isAnnounced(place);
    this.#stats.limited--;
    this.#table.setSuppressed(place, 0);
    this.#table.setAnnounced(place, false);
    if (told) this.#onNotice({ kind: 'stopped', ...this.#describe(place), suppressed });
  }

  #describe(place: number): Pick<LimitNotice, 'prefix' | 'answerClass'> {
    const { tag, high, low } = this.#table.keyAt(place);
    const isV4 = (tag & 7) === 4;
    const bytes = Buffer.alloc(isV4 ? 4 : 16);
    bytes.writeInt32BE(high, 0);
    if (!isV4) bytes.writeInt32BE(low, 4);
    const length = isV4 ? this.#limits.ipv4Prefix : this.#limits.ipv6Prefix;
    return {
      prefix: formatIpPrefix(prefixOf(addressFromBytes(bytes), length)),
      answerClass: ANSWER_CLASS_NAMES[tag >> 3]!,
    };
  }
}

/** What `createRateLimiter` takes: the limits, and who is told (must not throw). */
export interface RateLimiterOptions extends RateLimitOptions {
  readonly onNotice?: (notice: LimitNotice) => void;
}

/** A limiter with a table and a hash key of its own; throws RangeError where an option is out of its range. */
export function createRateLimiter({
  onNotice = () => undefined,
  ...options
}: RateLimiterOptions = {}): RateLimiter {
  const key = randomBytes(8);
  return new RateLimiter(
    rateLimits(options),
    new KeyedHash(key.readInt32LE(0), key.readInt32LE(4)),
    onNotice,
  );
}
