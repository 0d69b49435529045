/**
 * Publishes names in the answer table, each as the zone that it lies in has it at that moment.
 *
 * Owns the decision which names the fast lane may answer: those that publish nothing but one address of each family, a
 * host's or static. Invariant: every other name that exists is in the table as one for the general lane, and so is every
 * ancestor that exists only because of it, so that the absence of neither is ever assumed.
 */
import type { Host } from '../../../account/host.ts';
import { type Steps, visitInSteps } from '../../../ops/steps.ts';
import { type Name, isSubdomain, labelCount, nameFromWire, parentOf } from '../../../zone/name.ts';
import { type AddressRow, createAddressRow } from '../../../zone/packed/nodes.ts';
import type { Zone } from '../../../zone/zone.ts';
import type { AnswerTable } from '../table/answer-table.ts';
import { FLAG } from '../table/table-layout.ts';
import type { PublishedZones } from './commit-scope.ts';
import { plainAddresses } from './zone-facts.ts';

/** What of a zone that the table knows is published with each of its names. */
export interface NumberedZone {
  readonly number: number;
  /** As pinnedNames gives them. */
  readonly pinned: ReadonlySet<Name>;
}

/** What is published for a name that only the general lane can answer for, but for its zone's number. */
export const FOR_GENERAL_LANE = { ttl: 0, ipv4: null, ipv6: null, flags: FLAG.GENERAL } as const;

/** Names published between two pauses: about 5 ms of work. */
const SLICE = 2048;

/** Publishes the names of zones. */
export class NamePublisher {
  readonly #table: AnswerTable;
  readonly #zones: PublishedZones;
  readonly #numbered: ReadonlyMap<Name, NumberedZone>;
  /** A host that is published. */
  readonly #row: AddressRow = createAddressRow(Buffer.alloc(0));

  /** `numbered` has the zones that the table knows, by apex; nothing is published of others. */
  constructor(table: AnswerTable, zones: PublishedZones, numbered: ReadonlyMap<Name, NumberedZone>) {
    this.#table = table;
    this.#zones = zones;
    this.#numbered = numbered;
  }

  /** Publishes a name and those of its ancestors below the apex, which may have begun or ceased to exist with it. */
  publishPath(apex: Name, name: Name): void {
    const zone = this.#zones.zone(apex);
    if (zone !== undefined) this.#publishPath(zone, name);
  }

  /** Publishes all owners of a zone; as `publishPath` of each, but usual hosts without an object or a text for each. */
  *publishOwners(apex: Name): Steps<undefined> {
    for (let start = 0; ; start += SLICE) {
      // Read again after each step: at the start commits may change meanwhile what is published.
      const zone = this.#zones.zone(apex);
      const published = this.#numbered.get(apex);
      if (zone === undefined || published === undefined || start >= zone.ownersEnd) return undefined;
      if (start > 0) yield;
      const end = Math.min(start + SLICE, zone.ownersEnd);
      if (zone.hasCuts) this.#publishPaths(zone, start, end);
      else this.#publishHosts(zone, published, start, end);
    }
  }

  /** Publishes every name at or below one that became or ceased to be a cut. */
  *publishBelow(apex: Name, top: Name): Steps<undefined> {
    const zone = this.#zones.zone(apex);
    if (zone === undefined) return undefined;
    yield* visitInSteps(zone.owners(), ({ name }) => {
      if (isSubdomain(name, top)) this.#publishPath(zone, name);
    });
    return undefined;
  }

  /** Publishes one name of a zone, whose number and pinned names are given. */
  publish(zone: Zone<Host>, { number, pinned }: NumberedZone, name: Name): void {
    // What lies in a child zone is the child's.
    if (this.#zones.zoneFor(name) !== zone) return;
    const isBelowPinned = pinned.size > 0 && [...pinned].some((pin) => isSubdomain(name, pin));
    const owner = isBelowPinned ? undefined : zone.owner(name);
    const plain = owner === undefined ? undefined : plainAddresses(zone, owner);
    if (plain !== undefined) this.#table.put(name, { ...plain, zone: number, flags: 0 });
    else if (isBelowPinned || zone.node(name) !== undefined)
      this.#table.put(name, { ...FOR_GENERAL_LANE, zone: number });
    else this.#table.remove(name);
  }

  #publishPaths(zone: Zone<Host>, start: number, end: number): void {
    for (const { name } of zone.owners(start, end)) this.#publishPath(zone, name);
  }

  /** As `#publishPaths` of a zone without cuts. */
  #publishHosts(zone: Zone<Host>, { number, pinned }: NumberedZone, start: number, end: number): void {
    const unusual = new Set(Array.from(pinned, (name) => zone.numberOf(name)));
    const isAlone = this.#isOnlyZone();
    const row = this.#row;
    for (let id = start; id < end; id++) {
      const isPlain = zone.readPlainHost(id, row) && !unusual.has(id);
      if (isPlain && (isAlone || this.#zones.zone(nameOfRow(row)) === undefined))
        this.#table.putRow(row, number, 0);
      else this.#publishPaths(zone, id, id + 1);
    }
  }

  #isOnlyZone(): boolean {
    const zones = this.#zones.zones()[Symbol.iterator]();
    zones.next();
    return zones.next().done === true;
  }

  #publishPath(zone: Zone<Host>, name: Name): void {
    const published = this.#numbered.get(zone.apex);
    if (published === undefined) return;
    let left = labelCount(name) - labelCount(zone.apex);
    for (let at: Name | undefined = name; left > 0; left--, at = parentOf(at!))
      this.publish(zone, published, at!);
  }
}

function nameOfRow({ bytes, nameAt, nameLength }: AddressRow): Name {
  return nameFromWire(bytes.toString('latin1', nameAt, nameAt + nameLength));
}
