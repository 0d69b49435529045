/**
 * What every store is: a view to read from memory, and one way to change it.
 *
 * Invariants (held for each implementation by one battery of tests):
 * - a commit is durable before it is visible in the view, visible before its promise resolves, and atomic: after a
 *   crash either all of its changes are there or none;
 * - a commit that fails leaves the view as it was and may be tried again;
 * - reading the view never waits and never touches a disk.
 */
import type { Account } from '../account/account.ts';
import type { EnrolmentDirectory } from '../account/enrolment/enrolment.ts';
import type { Host } from '../account/host.ts';
import type { Token } from '../account/token.ts';
import type { Name } from '../zone/name.ts';
import type { ZoneSet } from '../zone/zone-view.ts';
import type { Zone } from '../zone/zone.ts';
import type { Change } from './change.ts';

/** The state as it is served now. Values read from it are immutable; iterate it without awaiting in between. */
export interface StoreView extends ZoneSet {
  /** The number of the last commit. */
  readonly sequence: number;
  /** The key of the token digests, 32 random bytes made with the store. */
  readonly tokenKey: Uint8Array;
  zone(apex: Name): Zone<Host> | undefined;
  zones(): Iterable<Zone<Host>>;
  zoneFor(name: Name): Zone<Host> | undefined;
  /** The last serial of a zone that was removed and not added again; a zone that begins there must be later. */
  retiredSerial(apex: Name): number | undefined;
  host(name: Name): Host | undefined;
  /** The hosts whose IPv6 address comes from the prefix of this one. */
  derivedFrom(router: Name): readonly Name[];
  account(name: string): Account | undefined;
  accounts(): Iterable<Account>;
  token(id: string): Token | undefined;
  tokenByDigest(digest: string): Token | undefined;
  tokens(): Iterable<Token>;
  /** The enrolment codes, their machines and their logs. */
  readonly enrolments: EnrolmentDirectory;
}

/** Whether a store takes writes, and if not, why (a sentence for the operator). */
export type StoreHealth = { readonly writable: true } | { readonly writable: false; readonly reason: string };

/** A store. */
export interface Store {
  readonly view: StoreView;
  readonly health: StoreHealth;
  /**
   * Makes the changes durable, then visible, then tells the listeners, then resolves. Called by one writer, one
   * commit at a time. Thousands of changes may become visible, and be told, in several turns of the event loop, in
   * their order. Rejects with StoreError where the changes could not be made durable.
   */
  commit(changes: readonly Change[]): Promise<void>;
  /**
   * Makes many changes ready to be one commit, while other commits go on; nothing of them counts or is visible yet. One
   * at a time; the caller sees to it that no other commit touches the same things until this one is made or discarded.
   * Rejects as `commit` does.
   */
  prepare(changes: readonly Change[]): Promise<PreparedCommit>;
  /**
   * Calls `listener` synchronously after each commit became visible; the commit resolves, and the next begins, only after
   * a promise that it returns. Returns the way to stop it.
   */
  onCommit(listener: (changes: readonly Change[]) => unknown): () => void;
  /** Finishes what is under way and releases the store. */
  close(): Promise<void>;
}

/** Changes that are ready to be one commit. One of the two is called, once. */
export interface PreparedCommit {
  /**
   * Makes them, and a few more behind them, durable and then visible, in a time that does not grow with their number; in
   * turn with other commits, which may go on once it resolves. Rejects as `Store.commit` does. `told` resolves when
   * changes of accounts and tokens are visible, too, and the listeners have heard of everything: not before that may the commit be acknowledged.
   */
  make(more: readonly Change[]): Promise<{ readonly told: Promise<void> }>;
  /** Forgets them. */
  discard(): Promise<void>;
}

/** Why a store failed. */
export type StoreErrorCode =
  | 'in-use' // another process holds the data directory
  | 'unwritable' // disk full, permission, I/O error: later tries may succeed
  | 'corrupt' // the files do not hold what was written; nothing was changed
  | 'too-new' // written by a newer version of the format
  | 'closed';

/** An operational failure of a store; its message tells the operator what to do next. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
