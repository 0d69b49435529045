/**
 * What the publisher has to know of a commit before it publishes any of it: which zones it touches, and whether that
 * takes more than one step. Pure.
 */
import type { Host } from '../../../account/host.ts';
import type { Change } from '../../../store/change.ts';
import { type Name, parentOf } from '../../../zone/name.ts';
import type { ZoneSettings } from '../../../zone/zone-view.ts';
import type { Zone } from '../../../zone/zone.ts';
import { apexOf, isCut, isOfRRset, pinnedNames } from './zone-facts.ts';

/** What is published. */
export interface PublishedZones {
  zones(): Iterable<Zone<Host>>;
  zone(apex: Name): Zone<Host> | undefined;
  zoneFor(name: Name): Zone<Host> | undefined;
}

/** What of a commit's zones is there, and what is published of them. */
export interface PublishedState {
  readonly zones: PublishedZones;
  /** The pinned names that are published of a zone; undefined where nothing is. */
  readonly pinnedOf: (apex: Name) => ReadonlySet<Name> | undefined;
}

/** What a commit touches. */
export interface CommitScope {
  /** The apexes of the zones of which anything may be answered otherwise. */
  readonly apexes: ReadonlySet<Name>;
  /** Whether publishing it takes, or may take, more than one step. */
  readonly takesLong: boolean;
}

/** Changes that are published in one step. */
const SHORT_COMMIT = 400;

/** Looks at a commit as a whole. */
export function scopeOf(changes: readonly Change[], state: PublishedState): CommitScope {
  const takesLong = changes.length > SHORT_COMMIT || changes.some((change) => isLongWork(change, state));
  return { apexes: touchedBy(changes, state), takesLong };
}

/** The zone that holds the names at and below an apex while that is none. */
export function parentZone(zones: PublishedZones, apex: Name): Zone<Host> | undefined {
  const above = parentOf(apex);
  return above === undefined ? undefined : zones.zoneFor(above);
}

function touchedBy(changes: readonly Change[], { zones, pinnedOf }: PublishedState): Set<Name> {
  const apexes = new Set<Name>();
  let last: Name | undefined;
  for (const change of changes) {
    const apex = apexOf(change);
    // A million hosts of one zone are passed over in no more time than that takes.
    if (apex === undefined || apex === last || apexes.has(apex)) continue;
    last = apex;
    apexes.add(apex);
    // A zone that begins or ends takes names from its parent, or gives them back.
    const isKnown = pinnedOf(apex) !== undefined && zones.zone(apex) !== undefined;
    const parent = isKnown && change.kind !== 'zone-remove' ? undefined : parentZone(zones, apex);
    if (parent !== undefined) apexes.add(parent.apex);
  }
  return apexes;
}

function isLongWork(change: Change, state: PublishedState): boolean {
  if (change.kind === 'zone-remove') return true;
  if (change.kind === 'zone-put') return isZoneWork(change.zone, state);
  return isOfRRset(change) && isCut(change);
}

/** Whether more of a zone than its serial is new to the table. */
function isZoneWork({ apex, soa }: ZoneSettings, { pinnedOf }: PublishedState): boolean {
  const pinned = pinnedOf(apex);
  return pinned === undefined || !equalSets(pinnedNames(soa, apex), pinned);
}

function equalSets(a: ReadonlySet<Name>, b: ReadonlySet<Name>): boolean {
  return a.size === b.size && [...a].every((name) => b.has(name));
}
