/**
 * Who may try credentials now: attempts that may fail are counted by source network, by account name, and by the two
 * together, before anything is computed for them.
 *
 * Invariants: an attempt is counted when it is admitted and uncounted when it succeeds, so attempts in parallel gain
 * nothing; a refused attempt is not counted, so nobody can prolong a lock; memory is constant. Whoever never fails
 * faster than the policies forgive is never locked: a client that retries a wrong password every five minutes keeps
 * neither its neighbours nor its owner's other devices out. Names that exist and names that do not count alike.
 */
import type { IpAddress } from '../../net/ip-address.ts';
import type { Clock } from '../../ops/clock.ts';
import { type FailurePolicy, FailureTable } from './failure-table.ts';
import { sourceNetwork } from './source-network.ts';

/** Counts attempts. The name is the account's that was tried, or empty where none was named. */
export interface Lockout {
  /** 0 where the attempt may be made (it now counts as failed); otherwise the seconds until the next may. */
  admit(source: IpAddress, name: string): number;
  /** The admitted attempt proved right: forgets the source's failures with this name. */
  succeed(source: IpAddress, name: string): void;
  /** The admitted attempt was never made. */
  withdraw(source: IpAddress, name: string): void;
}

/** How a lockout counts. */
export interface LockoutOptions {
  readonly clock: Clock;
  /** How many sources, names and pairs are counted at most, each, at 32 bytes; default 32768, 3 MiB in all. */
  readonly slots?: number;
  readonly policies?: Partial<LockoutPolicies>;
}

/** The policy of each kind of count. */
export interface LockoutPolicies {
  /** One source with one name: one broken device, or one guesser. */
  readonly pair: FailurePolicy;
  /** One source with whatever names: all devices behind a NAT, or one guesser who goes through names. */
  readonly source: FailurePolicy;
  /** One name from everywhere: lenient, as anybody can fail in somebody's name. */
  readonly name: FailurePolicy;
}

/** The policies used unless others are given. */
export const DEFAULT_LOCKOUT_POLICIES: LockoutPolicies = {
  pair: { free: 5, forgiveMs: 60_000, firstLockMs: 1_000 },
  source: { free: 30, forgiveMs: 15_000, firstLockMs: 1_000 },
  name: { free: 50, forgiveMs: 5_000, firstLockMs: 1_000 },
};

/** A lockout that has counted nothing yet. */
export function createLockout({ clock, slots = 32_768, policies }: LockoutOptions): Lockout {
  const policy = { ...DEFAULT_LOCKOUT_POLICIES, ...policies };
  const pairs = new FailureTable(policy.pair, slots);
  const sources = new FailureTable(policy.source, slots);
  const names = new FailureTable(policy.name, slots);

  return {
    admit(source, name) {
      const network = sourceNetwork(source);
      const now = clock.now();
      const locked = Math.max(
        sources.lockedFor(network, '', now),
        name === '' ? 0 : Math.max(pairs.lockedFor(network, name, now), names.lockedFor('', name, now)),
      );
      if (locked > 0) return Math.ceil(locked / 1000);
      sources.count(network, '', now);
      if (name !== '') {
        pairs.count(network, name, now);
        names.count('', name, now);
      }
      return 0;
    },

    succeed(source, name) {
      const network = sourceNetwork(source);
      const now = clock.now();
      sources.uncount(network, '', now);
      names.uncount('', name, now);
      pairs.clear(network, name);
    },

    withdraw(source, name) {
      const network = sourceNetwork(source);
      const now = clock.now();
      sources.uncount(network, '', now);
      names.uncount('', name, now);
      pairs.uncount(network, name, now);
    },
  };
}
