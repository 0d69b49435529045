/**
 * The serials that a commit moves on: those of the zones of which it changes an answer (RFC 1982).
 * Invariant: which zones these are is found out in steps, however many changes there are; the serials themselves, which
 * rest on the last commit's, are made at once.
 */
import type { Host } from '../../account/host.ts';
import { type Steps, visitInSteps } from '../../ops/steps.ts';
import type { Change } from '../../store/change.ts';
import type { StoreView } from '../../store/store.ts';
import type { Name } from '../../zone/name.ts';
import { nextSerial } from '../../zone/serial.ts';
import type { ZoneSettings } from '../../zone/zone-view.ts';

/** The zones that a commit touches. */
export interface TouchedZones {
  readonly touched: ReadonlySet<Name>;
  readonly ended: ReadonlySet<Name>;
  readonly planned: ReadonlyMap<Name, ZoneSettings>;
}

/** The zones of which these changes change an answer, or the settings. */
export function* touchedZones(view: StoreView, changes: readonly Change[]): Steps<TouchedZones> {
  const touched = new Set<Name>();
  const ended = new Set<Name>();
  const planned = new Map<Name, ZoneSettings>();
  yield* visitInSteps(changes, (change) => {
    if (change.kind === 'zone-put') planned.set(change.zone.apex, change.zone);
    else if (change.kind === 'zone-remove') ended.add(change.apex);
    else if (change.kind === 'host-put') {
      if (!touched.has(change.host.zone) && publishesOtherwise(change.host, view))
        touched.add(change.host.zone);
    } else if (change.kind === 'host-remove') touched.add(change.zone);
    else if (change.kind === 'rrset-put' || change.kind === 'rrset-remove') touched.add(change.apex);
  });
  return { touched, ended, planned };
}

/** The changes that move the serials of these zones on from what is served. */
export function nextSerials(
  view: StoreView,
  { touched, ended, planned }: TouchedZones,
  now: number,
): readonly Change[] {
  const serials: Change[] = [];
  for (const apex of new Set([...planned.keys(), ...touched])) {
    const current = view.zone(apex)?.settings;
    // A zone that begins with this batch keeps the serial it was given; one that ends with it needs none.
    if (current === undefined || ended.has(apex)) continue;
    const settings = planned.get(apex) ?? current;
    serials.push({ kind: 'zone-put', zone: { ...settings, serial: nextSerial(current.serial, now) } });
  }
  return serials;
}

/** Whether DNS answers anything else with this host than with what is stored of it. */
function publishesOtherwise({ zone, name, ttl, ipv4, ipv6, wildcard }: Host, view: StoreView): boolean {
  const stored = view.zone(zone)?.host(name);
  return stored?.ttl !== ttl || stored.ipv4 !== ipv4 || stored.ipv6 !== ipv6 || stored.wildcard !== wildcard;
}
