/**
 * What a host record holds beyond its addresses, in columns: its account, when it last changed, whether it is blocked.
 * What few hosts have (a prefix, a derivation) lies in a map, of which the others pay nothing, not even a look-up.
 * Invariant: what is read equals what was put last under the number; the zone is always the one whose columns these are.
 */
import type { Host } from '../account/host.ts';
import type { Name } from '../zone/name.ts';
import type { HostAddresses, HostColumns, RestOfHost } from '../zone/zone.ts';

const FIRST_ROOM = 8;

const BLOCKED = 1;
/** Marks a host that has a rarity. */
const RARE = 2;

/** What few hosts have. */
type Rarities = Pick<Host, 'prefix' | 'derived'>;

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
  #flags = new Uint8Array(FIRST_ROOM);
  readonly #rarities = new Map<number, Rarities>();

  /** `accountNames` may be shared by many zones. */
  constructor(zone: Name, accountNames: SharedTexts) {
    this.#zone = zone;
    this.#accountNames = accountNames;
  }

  put(id: number, { account, changedAt, blocked, prefix, derived }: RestOfHost<Host>): void {
    if (id >= this.#accounts.length) this.#grow(id);
    this.#accounts[id] = this.#accountNames.numberOf(account);
    this.#changedAt[id] = changedAt ?? Number.NaN;
    const rare = prefix !== undefined || derived !== undefined;
    if (rare) {
      this.#rarities.set(id, {
        ...(prefix === undefined ? {} : { prefix }),
        ...(derived === undefined ? {} : { derived }),
      });
    } else if ((this.#flags[id]! & RARE) !== 0) this.#rarities.delete(id);
    this.#flags[id] = (blocked ? BLOCKED : 0) | (rare ? RARE : 0);
  }

  get(id: number, { name, ttl, ipv4, ipv6, wildcard }: HostAddresses): Host {
    const changedAt = this.#changedAt[id]!;
    const flags = this.#flags[id]!;
    const host: Host = {
      name,
      zone: this.#zone,
      account: this.#accountNames.at(this.#accounts[id]!),
      ttl,
      ipv4,
      ipv6,
      wildcard,
      changedAt: Number.isNaN(changedAt) ? null : changedAt,
      blocked: (flags & BLOCKED) !== 0,
    };
    return (flags & RARE) === 0 ? host : { ...host, ...this.#rarities.get(id) };
  }

  clone(): StoredHostColumns {
    const copy = new StoredHostColumns(this.#zone, this.#accountNames);
    copy.#accounts = this.#accounts.slice();
    copy.#changedAt = this.#changedAt.slice();
    copy.#flags = this.#flags.slice();
    for (const [id, rarities] of this.#rarities) copy.#rarities.set(id, rarities);
    return copy;
  }

  #grow(id: number): void {
    const room = Math.max(this.#accounts.length * 2, id + 1);
    const accounts = new Uint32Array(room);
    const changedAt = new Float64Array(room);
    const flags = new Uint8Array(room);
    accounts.set(this.#accounts);
    changedAt.set(this.#changedAt);
    flags.set(this.#flags);
    this.#accounts = accounts;
    this.#changedAt = changedAt;
    this.#flags = flags;
  }
}
