/**
 * How often a host may change: a token bucket for each host and family, so that one device gone mad does not keep the
 * disk and every resolver busy.
 *
 * Invariants: only changes that became durable are counted, so nothing is while Homing fails; memory is one table of
 * constant size, in which hosts that change a lot are not pushed out by those that change once; the clock set back
 * refuses nobody for longer than one token takes.
 */
import { FailureTable } from '../account/lockout/failure-table.ts';
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
  waitFor(host: Name, family: IpFamily, now: number): number;
  /** Counts a change that was made. */
  spend(host: Name, family: IpFamily, now: number): void;
}

/** Hosts and families that are counted at once, at 32 bytes each; more push out those that changed least. */
const SLOTS = 65_536;

/** A budget of which nothing is spent yet; undefined where the burst is 0, which is no limit. */
export function createChangeBudget({ burst, refillMs }: ChangeBudgetPolicy): ChangeBudget | undefined {
  if (burst === 0) return undefined;
  // The last of a burst closes the bucket until one token is back: the lock of failures under another name.
  const table = new FailureTable({ free: burst - 1, forgiveMs: refillMs, firstLockMs: refillMs }, SLOTS);
  return {
    waitFor: (host, family, now) => Math.ceil(table.lockedFor(host, FAMILY_KEYS[family], now) / 1000),
    spend: (host, family, now) => {
      table.count(host, FAMILY_KEYS[family], now);
    },
  };
}

const FAMILY_KEYS: Readonly<Record<IpFamily, string>> = { 4: '4', 6: '6' };
