/**
 * Zones as they are served and, while many changes are made in copies of them, as they are about to be.
 * Invariant: a copy shares nothing with what is served that a change would change.
 */
import type { Host } from '../../account/host.ts';
import { type Steps, visitInSteps } from '../../ops/steps.ts';
import type { Name } from '../../zone/name.ts';
import type { Zone } from '../../zone/zone.ts';
import type { Change } from '../change.ts';

/** What is served of zones, or is to be, and the last serials, by apex, of those that are no more. */
export interface ZoneMaps {
  readonly zones: Map<Name, Zone<Host>>;
  readonly retired: Map<Name, number>;
  /** Where a host that was, or becomes, derived comes from, to be noted with the zones; undefined where that is done at once. */
  readonly notes: (readonly [host: Name, router: Name | undefined])[] | undefined;
}

/** Many changes that are made in copies of the zones while other commits change those that are served. */
export interface Staging {
  readonly maps: ZoneMaps;
  /** The zones that the changes touch; of others what is served counts. */
  readonly touched: ReadonlySet<Name>;
  /** What others committed in those zones since the copies were made, oldest first. */
  late: Change[];
  /** What is not of zones. */
  readonly others: OtherChange[];
}

/** A change of zones or of what is in them. */
export type ZoneChange = Extract<
  Change,
  { kind: `zone-${string}` | 'retired-put' | `rrset-${string}` | `host-${string}` }
>;

/** A change of anything but zones and what is in them. */
export type OtherChange = Exclude<Change, ZoneChange>;

/** Whether a change is of zones or of what is in them. */
export function isZoneChange(change: Change): change is ZoneChange {
  return /^(zone|retired|rrset|host)-/.test(change.kind);
}

/** What is served, with copies of these zones; nothing may change between its steps. */
export function* copyZones(served: ZoneMaps, apexes: ReadonlySet<Name>): Steps<ZoneMaps> {
  const { zones, retired } = served;
  const maps = { zones: new Map(zones), retired: new Map(retired), notes: undefined };
  for (const apex of apexes) {
    const zone = zones.get(apex);
    if (zone !== undefined) maps.zones.set(apex, yield* zone.clone());
  }
  return maps;
}

/** The apexes of the zones that changes change anything of, or that they make or end. */
export function* zonesTouchedBy(changes: readonly Change[]): Steps<ReadonlySet<Name>> {
  const touched = new Set<Name>();
  yield* visitInSteps(changes, (change) => {
    const apex = zoneOfData(change);
    if (apex !== undefined) touched.add(apex);
  });
  return touched;
}

/** The apex of the zone in which a change changes anything, settings included. */
export function zoneOfData(change: Change): Name | undefined {
  switch (change.kind) {
    case 'zone-put':
      return change.zone.apex;
    case 'retired-put':
      return change.retired.apex;
    case 'zone-remove':
    case 'rrset-put':
    case 'rrset-remove':
      return change.apex;
    case 'host-put':
      return change.host.zone;
    case 'host-remove':
      return change.zone;
    default:
      return undefined;
  }
}

/** Makes one entry of a map what it is in another: absent too. */
export function takeOver<V>(to: Map<Name, V>, from: ReadonlyMap<Name, V>, key: Name): void {
  const value = from.get(key);
  if (value === undefined) to.delete(key);
  else to.set(key, value);
}
