/**
 * Zone files into a zone: all static records of the zone become those of the file, in one change. Pure.
 * Invariant: hosts are kept; a file that contradicts one is refused as a whole. A host's own address in the file, as
 * an export holds it, is no contradiction and adds nothing.
 */
import type { Host } from '../../account/host.ts';
import { type Steps, mapInSteps, visitInSteps } from '../../ops/steps.ts';
import type { Change } from '../../store/change.ts';
import type { StoreView } from '../../store/store.ts';
import { type Name, formatHostname, isWildcard, parentOf } from '../../zone/name.ts';
import { RRTYPE, formatRRType } from '../../zone/rrtype.ts';
import type { RRset } from '../../zone/rrset.ts';
import { isLaterSerial, nextSerial } from '../../zone/serial.ts';
import type { Zone } from '../../zone/zone.ts';
import type { OwnedRRset } from '../../zone/rrset.ts';
import type { ZoneFileData } from '../../zone/zone-file/parse-zone-file.ts';
import type { Plan } from '../commit.ts';
import type { AdminFailure, OnProgress } from './command.ts';
import { occludedHost } from './occlusion.ts';
import { equalRRsets } from './plan-record.ts';
import { hostsInside } from './plan-zone.ts';
import { refuse } from './refusal.ts';

const REPORT_EVERY = 10_000;

/** Replaces a zone's static records, or makes the zone (accept: private) where it does not exist. */
export function* planZoneImport(
  view: StoreView,
  apex: Name,
  file: ZoneFileData,
  { now, onProgress }: { readonly now: number; readonly onProgress?: OnProgress | undefined },
): Steps<Plan<{ ok: true; apex: Name } | AdminFailure>> {
  const zone = view.zone(apex);
  const conflict = zone === undefined ? hostsInside(view, apex) : yield* hostConflict(zone, file);
  if (conflict !== undefined) return { changes: [], result: conflict };
  // The serial of a zone that is there is the writer's to move on.
  const serial = zone?.settings.serial ?? firstSerial(file.serial, view.retiredSerial(apex), now);
  const settings = { apex, soa: file.soa, serial, accept: zone?.settings.accept ?? 'private' } as const;
  const changes: Change[] = [{ kind: 'zone-put', zone: settings }];
  const kept = new Set<string>();
  let done = 0;
  yield* visitInSteps(file.rrsets, ({ owner, rrset }) => {
    if (++done % REPORT_EVERY === 0) onProgress?.({ stage: 'planning', done, total: file.rrsets.length });
    if (zone !== undefined && isHostAddress(zone, { owner, rrset })) return;
    kept.add(keyOf(owner, rrset));
    if (equalRRsets(zone?.staticRRset(owner, rrset.type), rrset)) return;
    changes.push({ kind: 'rrset-put', apex, owner, rrset });
  });
  yield* visitInSteps(zone?.staticRRsets() ?? [], ([owner, rrset]) => {
    if (!kept.has(keyOf(owner, rrset))) changes.push({ kind: 'rrset-remove', apex, owner, type: rrset.type });
  });
  onProgress?.({ stage: 'storing', done: 0, total: changes.length });
  return { changes, result: { ok: true, apex } };
}

/** The file's serial, unless a zone of that name was once served with a later one. */
function firstSerial(wanted: number, retired: number | undefined, now: number): number {
  return retired === undefined || isLaterSerial(wanted, retired) ? wanted : nextSerial(retired, now);
}

function keyOf(owner: Name, rrset: RRset): string {
  return `${rrset.type} ${owner}`;
}

/** Whether this is just what the host of that name publishes. */
function isHostAddress(zone: Zone<Host>, { owner, rrset }: OwnedRRset): boolean {
  const host = zone.host(owner) ?? (isWildcard(owner) ? zone.host(parentOf(owner)!) : undefined);
  if (host === undefined || (host.name !== owner && !host.wildcard)) return false;
  if (rrset.type !== RRTYPE.A && rrset.type !== RRTYPE.AAAA) return false;
  const address = rrset.type === RRTYPE.A ? host.ipv4 : host.ipv6;
  return rrset.rdata.length === 1 && Buffer.from(rrset.rdata[0]!).toString('latin1') === address;
}

function* hostConflict(zone: Zone<Host>, file: ZoneFileData): Steps<AdminFailure | undefined> {
  const conflicts = yield* mapInSteps(file.rrsets, (owned) => conflictOf(zone, owned));
  return conflicts.find((conflict) => conflict !== undefined);
}

function conflictOf(zone: Zone<Host>, { owner, rrset }: OwnedRRset): AdminFailure | undefined {
  if (isHostAddress(zone, { owner, rrset })) return undefined;
  const { type } = rrset;
  if (
    (type === RRTYPE.A || type === RRTYPE.AAAA || type === RRTYPE.CNAME) &&
    zone.host(owner) !== undefined
  ) {
    return refuse(
      'conflict',
      `${formatHostname(owner)} is a host, but the file has a ${formatRRType(type)} record for it: remove one of them`,
    );
  }
  if ((type === RRTYPE.NS && owner !== zone.apex) || type === RRTYPE.DNAME) {
    const host = occludedHost(zone, { owner, type });
    if (host !== undefined) {
      return refuse(
        'conflict',
        `host ${formatHostname(host.name)} would no longer be answered below the ${formatRRType(type)} record of ${formatHostname(owner)}`,
      );
    }
  }
  return undefined;
}
