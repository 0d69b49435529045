/**
 * Keeps the answer table equal to the zones: whatever changes in them is published before the change is acknowledged.
 *
 * Owns the order in which a commit is published, the numbers of the zones, and what is published of each as a whole: its
 * negative answers, and whether the absence of names right below its apex may be told, which no wildcard may stand for.
 * Invariant: while a commit is published in more than one step, nothing is denied of the zones that it touches.
 */
import type { Host } from '../../../account/host.ts';
import { type Steps, filterInSteps, visitInSteps } from '../../../ops/steps.ts';
import type { Change } from '../../../store/change.ts';
import { type Name, isSubdomain, wildcardOf } from '../../../zone/name.ts';
import type { AnswerTable } from '../table/answer-table.ts';
import { type PublishedZones, parentZone, scopeOf } from './commit-scope.ts';
import { FOR_GENERAL_LANE, NamePublisher, type NumberedZone } from './name-publisher.ts';
import { type GeneralAnswer, soaTemplate } from './soa-template.ts';
import { apexOf, isCut, isOfRRset, pinnedNames } from './zone-facts.ts';
import { FLAG, ZONES } from '../table/table-layout.ts';
import { RRTYPE } from '../../../zone/rrtype.ts';
import type { SoaFields } from '../../../zone/soa.ts';
import type { Zone } from '../../../zone/zone.ts';

interface Published extends NumberedZone {
  pinned: ReadonlySet<Name>;
  /** What negative answers carry, and the SOA fields that it was made of; undefined where it has to be made anew. */
  negative: { readonly soa: SoaFields; readonly template: ReturnType<typeof soaTemplate> } | undefined;
}

/** Publishes zones in an answer table. */
export class Publisher {
  readonly #table: AnswerTable;
  readonly #zones: PublishedZones;
  readonly #answer: GeneralAnswer;
  readonly #published = new Map<Name, Published>();
  readonly #names: NamePublisher;
  /** Zones that are new to the table: what their parents have published at and below the apex is still there. */
  readonly #begun = new Set<Name>();
  readonly #numbers: number[] = [];
  /** How many commits that are being published have closed a zone. */
  readonly #closed = new Map<Name, number>();

  constructor(table: AnswerTable, zones: PublishedZones, answer: GeneralAnswer) {
    this.#table = table;
    this.#zones = zones;
    this.#answer = answer;
    this.#names = new NamePublisher(table, zones, this.#published);
  }

  /** Publishes everything, in slices between which `pause` is awaited, so that a large store does not hold up the rest. */
  async publishAll(pause: () => Promise<void>): Promise<void> {
    for (const { apex } of [...this.#zones.zones()]) {
      const zone = this.#zones.zone(apex);
      if (zone === undefined) continue;
      this.#begin(apex);
      // Nothing of a parent's lies in the way: what is a zone's own by now is published for that zone only.
      this.#begun.delete(apex);
      this.#pin(zone);
      this.#open(apex);
      for (const steps = this.#names.publishOwners(apex); steps.next().done !== true;) await pause();
    }
  }

  /**
   * Publishes what a commit changed, after it became visible in the zones and before it is acknowledged. Between its steps
   * other commits may become visible, and be published, that touch hosts and records of other names only.
   *
   * Where that takes more than one step, a worker would see some names as they were and some as they are. Their
   * addresses it may give in either state, because nobody was told of the new one yet. But it must not deny what
   * exists in the zones: so before the first step ends, every zone that is touched is closed, which leaves all
   * its absences (no such name, no such type) to the general lane, and it is opened after the last name of the last
   * commit that closed it.
   */
  *publish(changes: readonly Change[]): Steps<undefined> {
    const { apexes, takesLong } = scopeOf(changes, {
      zones: this.#zones,
      pinnedOf: (apex) => this.#published.get(apex)?.pinned,
    });
    if (takesLong) for (const apex of apexes) this.#close(apex);
    const unusual = yield* filterInSteps(changes, isMoreThanAnOwner);
    for (const change of unusual) {
      if (change.kind === 'zone-remove') yield* this.#removeZone(change.apex);
    }
    const isNew = new Set<Name>();
    for (const apex of apexes) {
      const zone = this.#zones.zone(apex);
      if (zone !== undefined && (yield* this.#prepareZone(zone))) isNew.add(apex);
    }
    yield* visitInSteps(changes, (change) => {
      const apex = apexOf(change);
      if (apex !== undefined && isNew.has(apex)) return;
      if (change.kind === 'host-put') this.#names.publishPath(change.host.zone, change.host.name);
      else if (change.kind === 'host-remove') this.#names.publishPath(change.zone, change.name);
      else if (isOfRRset(change)) this.#names.publishPath(change.apex, change.owner);
    });
    for (const change of unusual) {
      // A record at the apex may be of the very type that the template was asked for.
      const zone = isOfRRset(change) && change.owner === change.apex && this.#published.get(change.apex);
      if (zone) zone.negative = undefined;
      if (isOfRRset(change) && isCut(change)) yield* this.#names.publishBelow(change.apex, change.owner);
    }
    for (const apex of apexes) {
      if (takesLong) this.#endClosing(apex);
      this.#open(apex);
    }
    return undefined;
  }

  #endClosing(apex: Name): void {
    const left = this.#closed.get(apex)! - 1;
    if (left === 0) this.#closed.delete(apex);
    else this.#closed.set(apex, left);
  }

  /** Leaves everything that a zone does not hold to the general lane, from the apex down. */
  #close(apex: Name): void {
    this.#closed.set(apex, (this.#closed.get(apex) ?? 0) + 1);
    const zone = this.#zones.zone(apex);
    const published = zone === undefined ? undefined : (this.#published.get(apex) ?? this.#begin(apex));
    if (published === undefined) return;
    this.#table.put(apex, { ...FOR_GENERAL_LANE, zone: published.number });
    this.#table.zones.remove(published.number);
  }

  /** Makes a zone known to the table with all its owners, and is true where it was not; else sees to its pinned names. */
  *#prepareZone(zone: Zone<Host>): Steps<boolean> {
    const { apex } = zone;
    const published = this.#published.get(apex) ?? this.#begin(apex);
    if (published === undefined) return false;
    if (this.#begun.delete(apex)) {
      // First what the parent had published here: a name of its own may be one that this zone pins.
      const parent = parentZone(this.#zones, apex);
      if (parent !== undefined) {
        yield* visitInSteps(parent.owners(), ({ name }) => {
          if (name !== apex && isSubdomain(name, apex)) this.#table.remove(name);
        });
      }
      this.#pin(zone);
      yield* this.#names.publishOwners(apex);
      return true;
    }
    const changed = this.#pin(zone);
    if (changed)
      yield* visitInSteps(zone.owners(), ({ name }) => {
        this.#names.publish(zone, published, name);
      });
    return false;
  }

  /** Publishes the names that the SOA record pins and those that it has set free; whether there are any. */
  #pin(zone: Zone<Host>): boolean {
    const published = this.#published.get(zone.apex);
    if (published === undefined) return false;
    const pins = pinnedNames(zone.settings.soa, zone.apex);
    const changed = [...pins, ...published.pinned].filter(
      (name) => pins.has(name) !== published.pinned.has(name),
    );
    published.pinned = pins;
    for (const name of changed) this.#names.publish(zone, published, name);
    return changed.length > 0;
  }

  /** Publishes what holds for a zone as a whole, unless a commit is still being published of which it must not deny anything. */
  #open(apex: Name): void {
    if (this.#closed.has(apex)) return;
    const zone = this.#zones.zone(apex);
    const published = this.#published.get(apex);
    if (zone === undefined || published === undefined) return;
    const { soa } = zone.settings;
    if (published.negative?.soa !== soa)
      published.negative = { soa, template: soaTemplate(apex, this.#answer) };
    const { template } = published.negative;
    if (template === undefined) this.#table.zones.remove(published.number);
    else {
      const { serial } = zone.settings;
      this.#table.zones.put(published.number, { ...template, serial, apexLength: apex.length });
    }
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
    const published = { number, pinned: new Set<Name>(), negative: undefined };
    this.#published.set(apex, published);
    this.#begun.add(apex);
    this.#table.put(apex, { ...FOR_GENERAL_LANE, zone: number });
    return published;
  }

  *#removeZone(apex: Name): Steps<undefined> {
    const published = this.#published.get(apex);
    if (published === undefined) return undefined;
    this.#published.delete(apex);
    this.#begun.delete(apex);
    this.#table.zones.remove(published.number);
    yield* this.#table.removeAllOf(published.number);
    this.#numbers.push(published.number);
    const parent = parentZone(this.#zones, apex);
    if (parent === undefined) return undefined;
    this.#names.publishPath(parent.apex, apex);
    yield* this.#names.publishBelow(parent.apex, apex);
    return undefined;
  }
}

/** Whether a change may change what is published of other names than the one it is of. */
function isMoreThanAnOwner(change: Change): boolean {
  return (
    change.kind === 'zone-remove' || (isOfRRset(change) && (change.owner === change.apex || isCut(change)))
  );
}
