/**
 * What the account room reads of the stored state; a store's view has this shape.
 * Invariant: every look-up is one step in memory and shows the state as it is served now.
 */
import type { Name } from '../zone/name.ts';
import type { Account } from './account.ts';
import type { Host } from './host.ts';
import type { Token } from './token.ts';

/** Accounts, tokens and hosts by their keys. Values read from it are immutable. */
export interface AccountDirectory {
  /** The key of the token digests, 32 bytes. */
  readonly tokenKey: Uint8Array;
  tokenByDigest(digest: string): Token | undefined;
  /** By canonical name, see `parseAccountName`. */
  account(name: string): Account | undefined;
  host(name: Name): Host | undefined;
}
