/**
 * The whole state in memory: zones with their hosts, accounts, tokens, and the indexes that make every look-up of the
 * view O(1) (O(labels) for `zoneFor`).
 *
 * Invariants: only stores call `apply`, and never before the changes are durable; applying changes a second time
 * leaves the state as the first time left it, so a journal may be replayed over a state that already holds part of it.
 */
import type { Account } from '../account/account.ts';
import type { Host } from '../account/host.ts';
import type { Token } from '../account/token.ts';
import { type Steps, runAtOnce, runInTurns, visitInSteps } from '../ops/steps.ts';
import { type Name, nameFromWire, parentOf } from '../zone/name.ts';
import { SharedTexts } from '../zone/packed/shared-texts.ts';
import type { Zone } from '../zone/zone.ts';
import type { Change, RetiredZone } from './change.ts';
import { DerivedHosts } from './derived-hosts.ts';
import { EnrolmentTable } from './enrolments/enrolment-table.ts';
import type { ChangeTarget, HostRow } from './quick/change-target.ts';
import type { StoreView } from './store.ts';
import type { TokenRow } from './tokens/packed-tokens.ts';
import { TokenTable } from './tokens/token-table.ts';
import {
  type OtherChange,
  type Staging,
  type ZoneMaps,
  copyZones,
  takeOver,
  zoneOfData,
  zonesTouchedBy,
} from './staging/zone-maps.ts';
import { ZoneWriter } from './staging/zone-writer.ts';

/** Changes that are applied in one step: a few milliseconds of work. */
const MAX_AT_ONCE = 4096;
/** Tokens that come or go in one step. */
const TOKENS_PER_STEP = 1024;

/** How many things of each kind a state holds. */
export interface StateCounts {
  readonly zones: number;
  readonly rrsets: number;
  readonly hosts: number;
  readonly accounts: number;
  readonly tokens: number;
}

/** The state of a store; `StoreView` is what everybody but the store sees of it. */
export class State implements StoreView, ChangeTarget {
  readonly tokenKey: Uint8Array;
  readonly enrolments = new EnrolmentTable();
  #sequence: number;
  #served: ZoneMaps = { zones: new Map(), retired: new Map(), notes: undefined };
  #staging: Staging | undefined;
  readonly #accountNames = new SharedTexts();
  readonly #derived = new DerivedHosts();
  readonly #zones = new ZoneWriter(this.#accountNames, this.#derived);
  readonly #accounts = new Map<string, Account>();
  readonly #tokens = new TokenTable();

  /** An empty state after commit number `sequence`. */
  constructor(tokenKey: Uint8Array, sequence = 0) {
    this.tokenKey = tokenKey;
    this.#sequence = sequence;
  }

  get sequence(): number {
    return this.#sequence;
  }

  zone(apex: Name): Zone<Host> | undefined {
    return this.#served.zones.get(apex);
  }

  zones(): IterableIterator<Zone<Host>> {
    return this.#served.zones.values();
  }

  zoneFor(name: Name): Zone<Host> | undefined {
    for (let at: Name | undefined = name; at !== undefined; at = parentOf(at)) {
      const zone = this.#served.zones.get(at);
      if (zone !== undefined) return zone;
    }
    return undefined;
  }

  retiredSerial(apex: Name): number | undefined {
    return this.#served.retired.get(apex);
  }

  /** Every zone that was removed and not added again. */
  *retiredZones(): IterableIterator<RetiredZone> {
    for (const [apex, serial] of this.#served.retired) yield { apex, serial };
  }

  host(name: Name): Host | undefined {
    return this.zoneFor(name)?.host(name);
  }

  derivedFrom(router: Name): readonly Name[] {
    const noted = this.#derived.of(router);
    if (noted === undefined) return [];
    return [...noted].filter((name) => this.host(name)?.derived?.router === router);
  }

  account(name: string): Account | undefined {
    return this.#accounts.get(name);
  }

  accounts(): IterableIterator<Account> {
    return this.#accounts.values();
  }

  token(id: string): Token | undefined {
    return this.#tokens.byId(id);
  }

  tokenByDigest(digest: string): Token | undefined {
    return this.#tokens.byDigest(digest);
  }

  tokens(): IterableIterator<Token> {
    return this.#tokens.all();
  }

  /** How many of each it holds; walks the zones, not what is in them. */
  counts(): StateCounts {
    let rrsets = 0;
    let hosts = 0;
    for (const zone of this.#served.zones.values()) {
      hosts += zone.hostCount;
      rrsets += zone.rrsetCount;
    }
    return {
      zones: this.#served.zones.size,
      rrsets,
      hosts,
      accounts: this.#accounts.size,
      tokens: this.#tokens.size,
    };
  }

  /** Applies the changes of commit number `sequence`. Never throws for well-typed changes, so it is never half done. */
  apply(changes: readonly Change[], sequence = this.#sequence + 1): void {
    for (const change of changes) this.applyChange(change);
    this.#keepForStaging(changes);
    this.#sequence = sequence;
  }

  /** Makes the changes of the next commit visible, all at once; where it takes long, in turns with the event loop. */
  async show(changes: readonly Change[]): Promise<void> {
    const takesLong = changes.length > MAX_AT_ONCE || changes.some(({ kind }) => kind === 'account-remove');
    if (takesLong) await runInTurns(this.applyInSteps(changes));
    else this.apply(changes);
  }

  /**
   * As `apply`, but in steps of some milliseconds: the zones are changed in copies, and only after the last step are all
   * changes visible, at once. Nothing else may be applied meanwhile. But tokens come and go one by one: of those that
   * come nobody was told the secret yet, and those that go with their account are of no use without it.
   */
  *applyInSteps(changes: readonly Change[], sequence = this.#sequence + 1): Steps<undefined> {
    const maps = yield* copyZones(this.#served, yield* zonesTouchedBy(changes));
    const others: OtherChange[] = [];
    yield* visitInSteps(changes, (change) => {
      if (!this.#zones.apply(maps, change)) others.push(change);
    });
    this.#serve(maps);
    yield* this.applyOthers(others);
    this.#keepForStaging(changes);
    this.#sequence = sequence;
    return undefined;
  }

  /**
   * Copies the zones in which many changes are to be made. Nothing may be applied between its steps; afterwards other
   * commits go on, and `fillStaging` makes the changes. There is one staging at a time.
   */
  *beginStaging(touched: ReadonlySet<Name>): Steps<Staging> {
    const maps = { ...(yield* copyZones(this.#served, touched)), notes: [] };
    this.#staging = { maps, touched, late: [], others: [] };
    return this.#staging;
  }

  /** Makes changes in the copies, and then what others committed meanwhile, but for the last few thousand. */
  *fillStaging(staging: Staging, changes: readonly Change[]): Steps<undefined> {
    yield* visitInSteps(changes, (change) => {
      if (!this.#zones.apply(staging.maps, change)) staging.others.push(change);
    });
    while (staging.late.length > MAX_AT_ONCE) {
      const { late } = staging;
      staging.late = [];
      yield* visitInSteps(late, (change) => this.#zones.apply(staging.maps, change));
    }
    return undefined;
  }

  /**
   * Makes what was staged visible at once, and `more` with it, as the next commit. What is not of zones is still to be
   * applied (`applyOthers`), which nobody else may change meanwhile.
   */
  showStaging({ maps, touched, late }: Staging, more: readonly Change[]): void {
    for (const change of [...late, ...more]) this.#zones.apply(maps, change);
    const { zones, retired } = this.#served;
    for (const apex of touched) {
      takeOver(zones, maps.zones, apex);
      takeOver(retired, maps.retired, apex);
    }
    this.#serve({ zones, retired, notes: maps.notes });
    this.#staging = undefined;
    this.#sequence++;
  }

  /** Forgets what was staged. */
  endStaging(): void {
    this.#staging = undefined;
  }

  /** Applies what is not of zones, one by one, in steps. */
  *applyOthers(others: readonly OtherChange[]): Steps<undefined> {
    for (const [i, change] of others.entries()) {
      if (i % TOKENS_PER_STEP === TOKENS_PER_STEP - 1) yield;
      yield* this.#applyToOthers(change);
    }
    return undefined;
  }

  /** Applies one change without counting it as a commit; for reading a snapshot, whose entities are such changes. */
  applyChange(change: Change): void {
    if (!this.#zones.apply(this.#served, change)) runAtOnce(this.#applyToOthers(change));
  }

  putHostRow(row: HostRow): void {
    const zone = this.#served.zones.get(row.zone);
    if (zone === undefined) return;
    zone.putHostRow(row, row);
    if (!this.#derived.isEmpty)
      this.#derived.note(
        nameFromWire(row.bytes.toString('latin1', row.nameAt, row.nameAt + row.nameLength)),
        undefined,
      );
  }

  putTokenRow(row: TokenRow): boolean {
    return this.#tokens.putRow(row);
  }

  #serve({ zones, retired, notes }: ZoneMaps): void {
    this.#served = { zones, retired, notes: undefined };
    for (const [host, router] of notes ?? []) this.#derived.note(host, router);
  }

  #keepForStaging(changes: readonly Change[]): void {
    const staging = this.#staging;
    if (staging === undefined) return;
    // Not what is in other zones: of those the copies have what is served itself, which would go back in time.
    for (const change of changes) {
      const apex = zoneOfData(change);
      if (apex !== undefined && staging.touched.has(apex)) staging.late.push(change);
    }
  }

  /** Applies a change of an account or a token, in one step unless an account takes its tokens with it. */
  *#applyToOthers(change: OtherChange): Steps<undefined> {
    switch (change.kind) {
      case 'account-put':
        this.#accounts.set(change.account.name, change.account);
        break;
      case 'account-remove':
        this.#accounts.delete(change.name);
        yield* this.#tokens.removeAccount(change.name);
        break;
      case 'token-put':
        this.#tokens.put(change.token);
        break;
      case 'token-remove':
        this.#tokens.remove(change.id);
        break;
      case 'enrolment-put':
        this.enrolments.put(change.enrolment);
        break;
      case 'enrolment-remove':
        this.enrolments.remove(change.id);
        break;
      case 'machine-put':
        this.enrolments.putMachine(change.machine);
        break;
      case 'machine-remove':
        this.enrolments.removeMachine(change.enrolment, change.host);
        break;
      case 'event-put':
        this.enrolments.putEvent(change.event);
        break;
    }
    return undefined;
  }
}
