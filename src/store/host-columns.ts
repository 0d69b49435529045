/**
 * What a host record holds beyond its addresses, in the row of its node: its account, when it last changed,
 * whether it is blocked.
 * What few hosts have (a prefix, a derivation) lies in a map, of which the others pay nothing, not even a look-up.
 * Invariant: what is read equals what was put last under the number; the zone is always the one whose columns these are.
 */
import type { Host } from '../account/host.ts';
import type { Name } from '../zone/name.ts';
import type { SharedTexts } from '../zone/packed/shared-texts.ts';
import type { HostCells, HostColumns, RestOfHost } from '../zone/packed/host-columns.ts';
import type { HostAddresses } from '../zone/zone-view.ts';

const BLOCKED = 1;
/** Marks a host that has a rarity. */
const RARE = 2;

/** What few hosts have. */
type Rarities = Pick<Host, 'prefix' | 'derived'>;

/** What is kept of one zone's hosts. */
export class StoredHostColumns implements HostColumns<Host> {
  readonly #zone: Name;
  readonly #accountNames: SharedTexts;
  readonly #rarities = new Map<number, Rarities>();

  /** `accountNames` may be shared by many zones. */
  constructor(zone: Name, accountNames: SharedTexts) {
    this.#zone = zone;
    this.#accountNames = accountNames;
  }

  put(
    cells: HostCells,
    id: number,
    { account, changedAt, blocked, prefix, derived }: RestOfHost<Host>,
  ): void {
    cells.setNumber(id, this.#accountNames.numberOf(account));
    // NaN where no address was ever set.
    cells.setTime(id, changedAt ?? Number.NaN);
    const rare = prefix !== undefined || derived !== undefined;
    if (rare) {
      this.#rarities.set(id, {
        ...(prefix === undefined ? {} : { prefix }),
        ...(derived === undefined ? {} : { derived }),
      });
    } else if ((cells.marks(id) & RARE) !== 0) this.#rarities.delete(id);
    cells.setMarks(id, (blocked ? BLOCKED : 0) | (rare ? RARE : 0));
  }

  get(cells: HostCells, id: number, { name, ttl, ipv4, ipv6, wildcard }: HostAddresses): Host {
    const changedAt = cells.time(id);
    const marks = cells.marks(id);
    const host: Host = {
      name,
      zone: this.#zone,
      account: this.#accountNames.at(cells.number(id)),
      ttl,
      ipv4,
      ipv6,
      wildcard,
      changedAt: Number.isNaN(changedAt) ? null : changedAt,
      blocked: (marks & BLOCKED) !== 0,
    };
    return (marks & RARE) === 0 ? host : { ...host, ...this.#rarities.get(id) };
  }

  clone(): StoredHostColumns {
    const copy = new StoredHostColumns(this.#zone, this.#accountNames);
    for (const [id, rarities] of this.#rarities) copy.#rarities.set(id, rarities);
    return copy;
  }
}
