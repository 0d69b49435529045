/**
 * How often a host may change: a token bucket for each host and family, so that one device gone mad does not keep the
 * disk and every resolver busy.
 *
 * Invariants: only changes that became durable are counted, so nothing is while Homing fails; memory is bounded, and
 * hosts that change a lot are not pushed out by those that change once; the time is the monotonic one of the library,
 * so a clock that is set refuses nobody.
 */
import { TokenBucket } from 'limiter';
import type { IpFamily } from '../net/ip-address.ts';
import type { Name } from '../zone/name.ts';

/** How many changes may come at once, and in how many milliseconds one more is granted. */
export interface ChangeBudgetPolicy {
  readonly burst: number;
  readonly refillMs: number;
}

/** The budget of every host. */
export interface ChangeBudget {
  /** For how many more seconds the family of a host may not change; 0 where it may. */
  waitFor(host: Name, family: IpFamily): number;
  /** Counts a change that was made. */
  spend(host: Name, family: IpFamily): void;
}

/** Buckets of each family, at about 250 bytes each; a host without one has its whole burst. */
const MAX_BUCKETS = 16_384;

/** A budget of which nothing is spent yet; undefined where the burst is 0, which is no limit. */
export function createChangeBudget({ burst, refillMs }: ChangeBudgetPolicy): ChangeBudget | undefined {
  if (burst === 0) return undefined;
  const families = { 4: new Map<Name, TokenBucket>(), 6: new Map<Name, TokenBucket>() };

  const bucketOf = (host: Name, family: IpFamily): TokenBucket => {
    const known = families[family].get(host);
    if (known !== undefined) return known;
    if (families[family].size >= MAX_BUCKETS) families[family] = lowest(families[family], burst);
    const bucket = new TokenBucket({ bucketSize: burst, tokensPerInterval: 1, interval: refillMs });
    bucket.content = burst;
    families[family].set(host, bucket);
    return bucket;
  };

  return {
    waitFor(host, family) {
      const bucket = families[family].get(host);
      if (bucket === undefined) return 0;
      bucket.drip();
      return bucket.content >= 1 ? 0 : Math.ceil(bucket.getWaitTime(1) / 1000);
    },
    spend(host, family) {
      // With less than one token there it takes none: the update that moved it was let through before.
      bucketOf(host, family).tryRemoveTokens(1);
    },
  };
}

/**
 * The buckets that are less than half full, at most half as many as there may be. So whoever is forgotten is given half
 * a burst at most, unless thousands of hosts change without end at once.
 */
function lowest(buckets: ReadonlyMap<Name, TokenBucket>, burst: number): Map<Name, TokenBucket> {
  const kept = new Map<Name, TokenBucket>();
  for (const [host, bucket] of buckets) {
    bucket.drip();
    if (bucket.content >= burst / 2) continue;
    kept.set(host, bucket);
    if (kept.size === MAX_BUCKETS / 2) break;
  }
  return kept;
}
