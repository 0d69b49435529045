/**
 * Who takes what was read from a file of the store. Of hosts and tokens there may be millions, so they come as rows:
 * objects that are used again for the next one, with texts as octets where nobody needs them as texts.
 * Invariant: a row means the same as the change that puts what it stands for.
 */
import type { Host } from '../../account/host.ts';
import type { AddressRow } from '../../zone/packed/nodes.ts';
import type { Name } from '../../zone/name.ts';
import type { Change } from '../change.ts';
import type { TokenRow } from '../tokens/packed-tokens.ts';

/** A host that has neither a prefix nor a derivation. */
export interface HostRow extends AddressRow {
  zone: Name;
  account: Host['account'];
  changedAt: Host['changedAt'];
  blocked: boolean;
}

/** The taker; what it is given is valid only during the call. */
export interface ChangeTarget {
  applyChange(change: Change): void;
  putHostRow(row: HostRow): void;
  /** False where it does not take this token as a row. */
  putTokenRow(row: TokenRow): boolean;
}
