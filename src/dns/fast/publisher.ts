/**
 * Keeps the answer table equal to the zones: whatever changes in them is published before the change is acknowledged.
 *
 * Owns the decision which names the fast lane may answer: those that publish nothing but one address of each family, a
 * host's or static, and the absence of names right below an apex without a wildcard. Every other name that exists is in the table as one for the general
 * lane, and so is every ancestor that exists only because of it, so that its absence is never assumed.
 */
import type { Host } from '../../account/host.ts';
import type { Change } from '../../store/change.ts';
import { type Name, isSubdomain, labelCount, parentOf, wildcardOf } from '../../zone/name.ts';
import type { Zone } from '../../zone/zone.ts';
import { type IpAddress, addressFromBytes, familyOf } from '../../net/ip-address.ts';
import type { AnswerTable, TableEntry } from './table/answer-table.ts';
import { type GeneralAnswer, soaTemplate } from './soa-template.ts';
import { FLAG, ZONES } from './table/table-layout.ts';
import { RRTYPE } from '../../zone/rrtype.ts';
import type { SoaFields } from '../../zone/zone.ts';

/** What is published. */
export interface PublishedZones {
  zones(): Iterable<Zone<Host>>;
  zone(apex: Name): Zone<Host> | undefined;
  zoneFor(name: Name): Zone<Host> | undefined;
}

interface Published {
  readonly number: number;
  /**
   * The names of the SOA record that lie below the apex, and their ancestors there. The general lane compresses the
   * record against a question at or below one of them further than the published bytes do.
   */
  pinned: ReadonlySet<Name>;
}

/** Publishes zones in an answer table. */
export class Publisher {
  readonly #table: AnswerTable;
  readonly #zones: PublishedZones;
  readonly #answer: GeneralAnswer;
  readonly #published = new Map<Name, Published>();
  readonly #numbers: number[] = [];

  constructor(table: AnswerTable, zones: PublishedZones, answer: GeneralAnswer) {
    this.#table = table;
    this.#zones = zones;
    this.#answer = answer;
  }

  /** Publishes everything, in slices between which `pause` is awaited, so that a large store does not hold up the rest. */
  async publishAll(pause: () => Promise<void>): Promise<void> {
    for (const zone of [...this.#zones.zones()]) {
      this.#publishZone(zone);
      for (const [i, name] of [...zone.owners()].entries()) {
        // Read again after each pause: what a commit has changed meanwhile is published as it is now.
        this.#publishPath(zone, name);
        if (i % SLICE === SLICE - 1) await pause();
      }
    }
  }

  /** Publishes what a commit changed. */
  apply(changes: readonly Change[]): void {
    const apexes = new Set<Name>();
    for (const change of changes) {
      if (change.kind === 'zone-remove') this.#removeZone(change.apex);
      else if (change.kind === 'zone-put') apexes.add(change.zone.apex);
      else if (change.kind === 'rrset-put' || change.kind === 'rrset-remove') apexes.add(change.apex);
    }
    for (const apex of apexes) {
      const zone = this.#zones.zone(apex);
      if (zone !== undefined) this.#publishZone(zone);
    }
    for (const change of changes) {
      if ((change.kind === 'rrset-put' || change.kind === 'rrset-remove') && isCut(change)) {
        this.#publishBelow(change.apex, change.owner);
      }
      if (change.kind === 'host-put') this.#publishName(change.host.zone, change.host.name);
      else if (change.kind === 'host-remove') this.#publishName(change.zone, change.name);
      else if (change.kind === 'rrset-put' || change.kind === 'rrset-remove')
        this.#publishName(change.apex, change.owner);
    }
  }

  #publishName(apex: Name, name: Name): void {
    const zone = this.#zones.zone(apex);
    if (zone !== undefined) this.#publishPath(zone, name);
  }

  /** Publishes every name at or below one that became or ceased to be a cut. */
  #publishBelow(apex: Name, owner: Name): void {
    const zone = this.#zones.zone(apex);
    if (zone === undefined) return;
    for (const name of namesBelow(zone, owner)) this.#publishPath(zone, name);
  }

  /** Publishes a name and those of its ancestors below the apex, which may have begun or ceased to exist with it. */
  #publishPath(zone: Zone<Host>, name: Name): void {
    const published = this.#published.get(zone.apex);
    if (published === undefined) return;
    let left = labelCount(name) - labelCount(zone.apex);
    for (let at: Name | undefined = name; left > 0; left--, at = parentOf(at!))
      this.#publish(zone, published, at!);
  }

  #publish(zone: Zone<Host>, { number, pinned }: Published, name: Name): void {
    // What lies in a child zone is the child's.
    if (this.#zones.zoneFor(name) !== zone) return;
    const isBelowPinned = pinned.size > 0 && [...pinned].some((pin) => isSubdomain(name, pin));
    const plain = isBelowPinned ? undefined : plainAddresses(zone, name);
    if (plain !== undefined) this.#table.put(name, { ...plain, zone: number, flags: 0 });
    else if (isBelowPinned || zone.node(name) !== undefined)
      this.#table.put(name, { ...FOR_GENERAL_LANE, zone: number });
    else this.#table.remove(name);
  }

  #publishZone(zone: Zone<Host>): void {
    const { apex, settings } = zone;
    const published = this.#published.get(apex) ?? this.#begin(apex);
    if (published === undefined) return;
    const pins = pinnedNames(settings.soa, apex);
    const changed = [...pins, ...published.pinned].filter(
      (name) => pins.has(name) !== published.pinned.has(name),
    );
    published.pinned = pins;
    for (const name of changed) this.#publish(zone, published, name);
    for (const name of changed.length > 0 ? zone.owners() : []) this.#publish(zone, published, name);
    const template = soaTemplate(apex, this.#answer);
    if (template === undefined) this.#table.removeZone(published.number);
    else
      this.#table.putZone(published.number, {
        ...template,
        serial: settings.serial,
        apexLength: apex.length,
      });
    const wildcard = wildcardOf(apex);
    const isPlain =
      (wildcard === undefined || zone.node(wildcard) === undefined) &&
      !zone.staticTypes(apex).includes(RRTYPE.DNAME);
    const flags = isPlain && template !== undefined ? FLAG.PLAIN_APEX : FLAG.GENERAL;
    this.#table.put(apex, { ...FOR_GENERAL_LANE, zone: published.number, flags });
  }

  /** A zone's number; undefined where the table can hold no more zones, which the general lane answers then. */
  #begin(apex: Name): Published | undefined {
    const number = this.#numbers.pop() ?? this.#published.size;
    if (number >= ZONES) return undefined;
    const parent = this.#parentOf(apex);
    if (parent !== undefined) for (const name of namesBelow(parent, apex)) this.#table.remove(name);
    const published = { number, pinned: new Set<Name>() };
    this.#published.set(apex, published);
    return published;
  }

  /** The zone that holds the names at and below an apex while that is none. */
  #parentOf(apex: Name): Zone<Host> | undefined {
    const above = parentOf(apex);
    return above === undefined ? undefined : this.#zones.zoneFor(above);
  }

  #removeZone(apex: Name): void {
    const published = this.#published.get(apex);
    if (published === undefined) return;
    this.#published.delete(apex);
    this.#table.removeZone(published.number);
    this.#table.removeAllOf(published.number);
    this.#numbers.push(published.number);
    const parent = this.#parentOf(apex);
    if (parent === undefined) return;
    this.#publishPath(parent, apex);
    for (const name of namesBelow(parent, apex)) this.#publishPath(parent, name);
  }
}

/** Every owner of the zone at or below a name. */
function namesBelow(zone: Zone<Host>, top: Name): Name[] {
  return [...zone.owners()].filter((name) => isSubdomain(name, top));
}

/** Whether a change is of records that hide what lies below their owner. */
function isCut(change: Extract<Change, { kind: 'rrset-put' | 'rrset-remove' }>): boolean {
  const type = change.kind === 'rrset-put' ? change.rrset.type : change.type;
  return type === RRTYPE.DNAME || (type === RRTYPE.NS && change.owner !== change.apex);
}

/** What a name publishes, where that is at most one address of each family under one TTL, and nothing else. */
function plainAddresses(zone: Zone<Host>, name: Name): Pick<TableEntry, 'ttl' | 'ipv4' | 'ipv6'> | undefined {
  if (isHidden(zone, name)) return undefined;
  const host = zone.host(name);
  const types = zone.staticTypes(name);
  if (host !== undefined) return types.length === 0 ? host : undefined;
  if (types.length === 0) return undefined;
  const found: { ttl: number; ipv4: IpAddress | null; ipv6: IpAddress | null } = {
    ttl: -1,
    ipv4: null,
    ipv6: null,
  };
  for (const type of types) {
    const { ttl, rdata } = zone.staticRRset(name, type)!;
    const isAddress = type === RRTYPE.A || type === RRTYPE.AAAA;
    if (!isAddress || rdata.length !== 1 || (found.ttl !== -1 && found.ttl !== ttl)) return undefined;
    const address = addressFromBytes(rdata[0]!);
    // A mapped address in an AAAA record is the IPv4 address to everybody but DNS.
    if ((type === RRTYPE.A) !== (familyOf(address) === 4)) return undefined;
    found.ttl = ttl;
    found[type === RRTYPE.A ? 'ipv4' : 'ipv6'] = address;
  }
  return found;
}

/** Whether a delegation or a DNAME above a name keeps its records from being answered as the zone's own. */
function isHidden(zone: Zone<Host>, name: Name): boolean {
  if (!zone.hasCuts) return false;
  for (let at = parentOf(name); at !== undefined; at = parentOf(at)) {
    const types = zone.staticTypes(at);
    if (types.includes(RRTYPE.DNAME)) return true;
    if (at === zone.apex) return false;
    if (types.includes(RRTYPE.NS)) return true;
  }
  return false;
}

const FOR_GENERAL_LANE = { ttl: 0, ipv4: null, ipv6: null, flags: FLAG.GENERAL } as const;

/** Names published between two pauses: about 5 ms of work. */
const SLICE = 2048;

function pinnedNames(soa: SoaFields, apex: Name): Set<Name> {
  const pinned = new Set<Name>();
  for (const name of [soa.mname, soa.rname]) {
    for (
      let at: Name | undefined = name;
      at !== undefined && at !== apex && isSubdomain(at, apex);
      at = parentOf(at)
    )
      pinned.add(at);
  }
  return pinned;
}
