/**
 * Token buckets by key, of which there are never more than a fixed number: what is used up comes back with time.
 * Invariants: memory is bounded, and keys that take a lot are not pushed out by those that take once; the time is the
 * monotonic one of the library, so a clock that is set refuses nobody.
 */
import { TokenBucket } from 'limiter';

/** How many tokens there are at once, and in how many milliseconds one more comes. */
export interface BucketPolicy {
  readonly burst: number;
  readonly refillMs: number;
}

/** Buckets at about 250 bytes each; a key without one has its whole burst. */
const MAX_BUCKETS = 16_384;

/** The buckets of all keys, full at first. `burst` is 1 at least. */
export class TokenBuckets<Key> {
  readonly #policy: BucketPolicy;
  #buckets = new Map<Key, TokenBucket>();

  constructor(policy: BucketPolicy) {
    this.#policy = policy;
  }

  /** In how many seconds there is a token; 0 where there is one. */
  waitFor(key: Key): number {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return 0;
    bucket.drip();
    return bucket.content >= 1 ? 0 : Math.ceil(bucket.getWaitTime(1) / 1000);
  }

  /** Takes a token, if there is one. */
  take(key: Key): void {
    this.#bucketOf(key).tryRemoveTokens(1);
  }

  /** Gives a token back that was taken in vain. */
  giveBack(key: Key): void {
    const bucket = this.#bucketOf(key);
    bucket.content = Math.min(bucket.content + 1, bucket.bucketSize);
  }

  #bucketOf(key: Key): TokenBucket {
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    if (this.#buckets.size >= MAX_BUCKETS) this.#buckets = this.#lowest();
    const { burst, refillMs } = this.#policy;
    const bucket = new TokenBucket({ bucketSize: burst, tokensPerInterval: 1, interval: refillMs });
    bucket.content = burst;
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /**
   * The buckets that are less than half full, at most half as many as there may be. So whoever is forgotten is given
   * half a burst at most, unless thousands take without end at once.
   */
  #lowest(): Map<Key, TokenBucket> {
    const kept = new Map<Key, TokenBucket>();
    for (const [key, bucket] of this.#buckets) {
      bucket.drip();
      if (bucket.content >= this.#policy.burst / 2) continue;
      kept.set(key, bucket);
      if (kept.size === MAX_BUCKETS / 2) break;
    }
    return kept;
  }
}
