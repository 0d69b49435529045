/**
 * Keeps the answer table equal to the zones: whatever changes in them is published before the change is acknowledged.
 *
 * Owns the decision which names the fast lane may answer: hosts without static records beside them, and the absence of
 * names right below an apex without a wildcard. Every other name that exists is in the table as one for the general
 * lane, and so is every ancestor that exists only because of it, so that its absence is never assumed.
 */
import type { Host } from '../../account/host.ts';
import type { Change } from '../../store/change.ts';
import { type Name, isSubdomain, labelCount, parentOf, wildcardOf } from '../../zone/name.ts';
import type { Zone } from '../../zone/zone.ts';
import type { AnswerTable } from './answer-table.ts';
import { type GeneralAnswer, soaTemplate } from './soa-template.ts';
import { FLAG, ZONES } from './table-layout.ts';
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
      const names = Array.from(zone.hosts(), (host) => host.name);
      names.push(...new Set(Array.from(zone.staticRRsets(), ([owner]) => owner)));
      for (const [i, name] of names.entries()) {
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

  /** Publishes a name and those of its ancestors below the apex, which may have begun or ceased to exist with it. */
  #publishPath(zone: Zone<Host>, name: Name): void {
    const published = this.#published.get(zone.apex);
    if (published === undefined) return;
    let left = labelCount(name) - labelCount(zone.apex);
    for (let at: Name | undefined = name; left > 0; left--, at = parentOf(at!))
      this.#publish(zone, published, at!);
  }

  #publish(zone: Zone<Host>, { number, pinned }: Published, name: Name): void {
    // A child zone's apex is its own.
    if (this.#zones.zone(name) !== undefined) return;
    const host = zone.host(name);
    const isBelowPinned = pinned.size > 0 && [...pinned].some((pin) => isSubdomain(name, pin));
    if (host !== undefined && !isBelowPinned && zone.staticTypes(name).length === 0) {
      this.#table.put(name, { zone: number, ttl: host.ttl, ipv4: host.ipv4, ipv6: host.ipv6, flags: 0 });
    } else if (isBelowPinned || zone.node(name) !== undefined)
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
    for (const host of changed.length > 0 ? zone.hosts() : []) this.#publish(zone, published, host.name);
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
    const published = { number, pinned: new Set<Name>() };
    this.#published.set(apex, published);
    return published;
  }

  #removeZone(apex: Name): void {
    const published = this.#published.get(apex);
    if (published === undefined) return;
    this.#published.delete(apex);
    this.#table.removeZone(published.number);
    this.#table.removeAllOf(published.number);
    this.#numbers.push(published.number);
    const parent = this.#zones.zoneFor(apex);
    if (parent !== undefined) this.#publishPath(parent, apex);
  }
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
