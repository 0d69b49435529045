/**
 * How often a host may change: a token bucket for each host and family, so that one device gone mad does not keep the
 * disk and every resolver busy.
 *
 * Invariants: only changes that became durable are counted, so nothing is while Homing fails; memory is bounded, and
 * hosts that change a lot are not pushed out by those that change once.
 */
import type { IpFamily } from '../net/ip-address.ts';
import type { Name } from '../zone/name.ts';
import { type BucketPolicy, TokenBuckets } from './token-buckets.ts';

/** The budget of every host. */
export interface ChangeBudget {
  /** For how many more seconds the family of a host may not change; 0 where it may. */
  waitFor(host: Name, family: IpFamily): number;
  /** Counts a change that was made; one that was let through before its budget was used up costs nothing then. */
  spend(host: Name, family: IpFamily): void;
}

/** A budget of which nothing is spent yet; undefined where the burst is 0, which is no limit. */
export function createChangeBudget(policy: BucketPolicy): ChangeBudget | undefined {
  if (policy.burst === 0) return undefined;
  const families = { 4: new TokenBuckets<Name>(policy), 6: new TokenBuckets<Name>(policy) };
  return {
    waitFor: (host, family) => families[family].waitFor(host),
    spend: (host, family) => {
      families[family].take(host);
    },
  };
}
