/**
 * The whole state in memory: zones with their hosts, accounts, tokens, and the indexes that make every look-up of the
 * view O(1) (O(labels) for `zoneFor`).
 *
 * Invariants: only stores call `apply`, and never before the changes are durable; applying changes a second time
 * leaves the state as the first time left it, so a journal may be replayed over a state that already holds part of
 * it; each token is in all three token indexes or in none.
 */
import type { Account } from '../account/account.ts';
import type { Host } from '../account/host.ts';
import type { Token } from '../account/token.ts';
import { type Name, parentOf } from '../zone/name.ts';
import { Zone, type ZoneSettings } from '../zone/zone.ts';
import type { Change, RetiredZone } from './change.ts';
import { SharedTexts, StoredHostColumns } from './host-columns.ts';
import type { StoreView } from './store.ts';

/** How many things of each kind a state holds. */
export interface StateCounts {
  readonly zones: number;
  readonly rrsets: number;
  readonly hosts: number;
  readonly accounts: number;
  readonly tokens: number;
}

/** The state of a store; `StoreView` is what everybody but the store sees of it. */
export class State implements StoreView {
  readonly tokenKey: Uint8Array;
  #sequence: number;
  readonly #zones = new Map<Name, Zone<Host>>();
  /** Apex to last serial, of zones that are no more. */
  readonly #retired = new Map<Name, number>();
  readonly #accountNames = new SharedTexts();
  readonly #accounts = new Map<string, Account>();
  readonly #tokens = new Map<string, Token>();
  readonly #tokensByDigest = new Map<string, Token>();
  readonly #tokensByAccount = new Map<string, Set<string>>();

  /** An empty state after commit number `sequence`. */
  constructor(tokenKey: Uint8Array, sequence = 0) {
    this.tokenKey = tokenKey;
    this.#sequence = sequence;
  }

  get sequence(): number {
    return this.#sequence;
  }

  zone(apex: Name): Zone<Host> | undefined {
    return this.#zones.get(apex);
  }

  zones(): IterableIterator<Zone<Host>> {
    return this.#zones.values();
  }

  zoneFor(name: Name): Zone<Host> | undefined {
    for (let at: Name | undefined = name; at !== undefined; at = parentOf(at)) {
      const zone = this.#zones.get(at);
      if (zone !== undefined) return zone;
    }
    return undefined;
  }

  retiredSerial(apex: Name): number | undefined {
    return this.#retired.get(apex);
  }

  /** Every zone that was removed and not added again. */
  *retiredZones(): IterableIterator<RetiredZone> {
    for (const [apex, serial] of this.#retired) yield { apex, serial };
  }

  host(name: Name): Host | undefined {
    return this.zoneFor(name)?.host(name);
  }

  account(name: string): Account | undefined {
    return this.#accounts.get(name);
  }

  accounts(): IterableIterator<Account> {
    return this.#accounts.values();
  }

  token(id: string): Token | undefined {
    return this.#tokens.get(id);
  }

  tokenByDigest(digest: string): Token | undefined {
    return this.#tokensByDigest.get(digest);
  }

  tokens(): IterableIterator<Token> {
    return this.#tokens.values();
  }

  /** How many of each it holds; walks the zones, not what is in them. */
  counts(): StateCounts {
    let rrsets = 0;
    let hosts = 0;
    for (const zone of this.#zones.values()) {
      hosts += zone.hostCount;
      rrsets += zone.rrsetCount;
    }
    return {
      zones: this.#zones.size,
      rrsets,
      hosts,
      accounts: this.#accounts.size,
      tokens: this.#tokens.size,
    };
  }

  /** Applies the changes of commit number `sequence`. Never throws for well-typed changes, so it is never half done. */
  apply(changes: readonly Change[], sequence = this.#sequence + 1): void {
    for (const change of changes) this.applyChange(change);
    this.#sequence = sequence;
  }

  /** Applies one change without counting it as a commit; for reading a snapshot, whose entities are such changes. */
  applyChange(change: Change): void {
    switch (change.kind) {
      case 'zone-put':
        this.#putZone(change.zone);
        break;
      case 'zone-remove':
        this.#removeZone(change.apex);
        break;
      case 'retired-put':
        if (!this.#zones.has(change.retired.apex))
          this.#retired.set(change.retired.apex, change.retired.serial);
        break;
      // A zone that is not there takes nothing: replayed over a later state, it may have been removed since.
      case 'rrset-put':
        this.#zones.get(change.apex)?.putRRset(change.owner, change.rrset);
        break;
      case 'rrset-remove':
        this.#zones.get(change.apex)?.removeRRset(change.owner, change.type);
        break;
      case 'host-put':
        this.#zones.get(change.host.zone)?.putHost(change.host);
        break;
      case 'host-remove':
        this.#zones.get(change.zone)?.removeHost(change.name);
        break;
      case 'account-put':
        this.#accounts.set(change.account.name, change.account);
        break;
      case 'account-remove':
        this.#removeAccount(change.name);
        break;
      case 'token-put':
        this.#putToken(change.token);
        break;
      case 'token-remove':
        this.#removeToken(change.id);
        break;
    }
  }

  #putZone(settings: ZoneSettings): void {
    const zone = this.#zones.get(settings.apex);
    if (zone !== undefined) zone.replaceSettings(settings);
    else {
      this.#zones.set(
        settings.apex,
        new Zone<Host>(settings, new StoredHostColumns(settings.apex, this.#accountNames)),
      );
      this.#retired.delete(settings.apex);
    }
  }

  #removeZone(apex: Name): void {
    const zone = this.#zones.get(apex);
    if (zone === undefined) return;
    this.#zones.delete(apex);
    this.#retired.set(apex, zone.settings.serial);
  }

  #removeAccount(name: string): void {
    this.#accounts.delete(name);
    for (const id of [...(this.#tokensByAccount.get(name) ?? [])]) this.#removeToken(id);
  }

  #putToken(token: Token): void {
    this.#removeToken(token.id);
    this.#tokens.set(token.id, token);
    this.#tokensByDigest.set(token.digest, token);
    const ids = this.#tokensByAccount.get(token.account);
    if (ids === undefined) this.#tokensByAccount.set(token.account, new Set([token.id]));
    else ids.add(token.id);
  }

  #removeToken(id: string): void {
    const token = this.#tokens.get(id);
    if (token === undefined) return;
    this.#tokens.delete(id);
    if (this.#tokensByDigest.get(token.digest) === token) this.#tokensByDigest.delete(token.digest);
    const ids = this.#tokensByAccount.get(token.account);
    ids?.delete(id);
    if (ids?.size === 0) this.#tokensByAccount.delete(token.account);
  }
}
