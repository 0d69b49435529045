/**
 * RRsets as values (RFC 2181 §5): all records of one owner and type, one TTL.
 * Invariant: at least one rdata, no two equal, each in uncompressed wire form with its names as given.
 */
import type { Name } from './name.ts';

/** The records of one type at one owner name. */
export interface RRset {
  readonly type: number;
  /** Seconds, 0 to 2^31-1 (RFC 2181 §8). */
  readonly ttl: number;
  /** Wire-form RDATA of each record, without its length. */
  readonly rdata: readonly Uint8Array[];
}

/** An RRset at its owner, or under the asked name where a wildcard was expanded. */
export interface OwnedRRset {
  readonly owner: Name;
  readonly rrset: RRset;
}

/** Limits that keep one owner's data from harming the rest of its zone (secondaries refuse far larger sets). */
export const RRSET_LIMITS = { records: 100, bytes: 16_384 } as const;

/** How many types of records one owner may have: each costs every lookup of the name, and nobody uses more. */
export const OWNER_LIMITS = { types: 100 } as const;
