/**
 * What a host record holds beyond its addresses, in columns: its account, when it last changed, whether it is blocked.
 * Invariant: what is read equals what was put last under the number; the zone is always the one whose columns these are.
 */
import type { Host } from '../account/host.ts';
import type { Name } from '../zone/name.ts';
import type { HostAddresses, HostColumns } from '../zone/zone.ts';

const FIRST_ROOM = 8;

/** Texts that many hosts share, by number. A text that nobody uses any more keeps its number. */
export class SharedTexts {
  readonly #texts: string[] = [];
  readonly #numbers = new Map<string, number>();

  /** The number of a text, for which `at` gives it back. */
  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#texts.length);
    return this.#texts.push(text) - 1;
  }

  at(number: number): string {
    return this.#texts[number]!;
  }
}

/** The columns of one zone's hosts. */
export class StoredHostColumns implements HostColumns<Host> {
  readonly #zone: Name;
  readonly #accountNames: SharedTexts;
  #accounts = new Uint32Array(FIRST_ROOM);
  /** Milliseconds since the epoch; NaN where no address was ever set. */
  #changedAt = new Float64Array(FIRST_ROOM);
  #blocked = new Uint8Array(FIRST_ROOM);

  /** `accountNames` may be shared by many zones. */
  constructor(zone: Name, accountNames: SharedTexts) {
    this.#zone = zone;
    this.#accountNames = accountNames;
  }

  put(id: number, { account, changedAt, blocked }: Host): void {
    if (id >= this.#accounts.length) this.#grow(id);
    this.#accounts[id] = this.#accountNames.numberOf(account);
    this.#changedAt[id] = changedAt ?? Number.NaN;
    this.#blocked[id] = blocked ? 1 : 0;
  }

  get(id: number, { name, ttl, ipv4, ipv6, wildcard }: HostAddresses): Host {
    const changedAt = this.#changedAt[id]!;
    return {
      name,
      zone: this.#zone,
      account: this.#accountNames.at(this.#accounts[id]!),
      ttl,
      ipv4,
      ipv6,
      wildcard,
      changedAt: Number.isNaN(changedAt) ? null : changedAt,
      blocked: this.#blocked[id] === 1,
    };
  }

  clone(): StoredHostColumns {
    const copy = new StoredHostColumns(this.#zone, this.#accountNames);
    copy.#accounts = this.#accounts.slice();
    copy.#changedAt = this.#changedAt.slice();
    copy.#blocked = this.#blocked.slice();
    return copy;
  }

  #grow(id: number): void {
    const room = Math.max(this.#accounts.length * 2, id + 1);
    const accounts = new Uint32Array(room);
    const changedAt = new Float64Array(room);
    const blocked = new Uint8Array(room);
    accounts.set(this.#accounts);
    changedAt.set(this.#changedAt);
    blocked.set(this.#blocked);
    this.#accounts = accounts;
    this.#changedAt = changedAt;
    this.#blocked = blocked;
  }
}
