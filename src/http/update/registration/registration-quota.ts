/**
 * How many names ACME clients may register: each network its share, and all together ten shares, because whoever may
 * register can have many networks.
 * Invariants: registrations that are under way count, so many at once gain nothing; those that made nothing do not;
 * memory is bounded.
 */
import { sourceNetwork } from '../../../account/lockout/source-network.ts';
import type { IpAddress } from '../../../net/ip-address.ts';
import { type BucketPolicy, TokenBuckets } from '../../../update/token-buckets.ts';

/** Shares of one network that all networks together have. */
const SHARES = 10;
const EVERYBODY = '';

/** The quota of registrations. */
export interface RegistrationQuota {
  /** Takes one for a source: 0 where it may register, else in how many seconds it may. */
  take(source: IpAddress): number;
  /** Gives one back, of which nothing came. */
  giveBack(source: IpAddress): void;
}

/** A quota of which nothing is used; undefined where the burst is 0, which is no limit. */
export function createRegistrationQuota({ burst, refillMs }: BucketPolicy): RegistrationQuota | undefined {
  if (burst === 0) return undefined;
  const networks = new TokenBuckets<string>({ burst, refillMs });
  const everybody = new TokenBuckets<string>({ burst: burst * SHARES, refillMs: refillMs / SHARES });
  return {
    take(source) {
      const network = sourceNetwork(source);
      const seconds = Math.max(networks.waitFor(network), everybody.waitFor(EVERYBODY));
      if (seconds > 0) return seconds;
      networks.take(network);
      everybody.take(EVERYBODY);
      return 0;
    },
    giveBack(source) {
      networks.giveBack(sourceNetwork(source));
      everybody.giveBack(EVERYBODY);
    },
  };
}
