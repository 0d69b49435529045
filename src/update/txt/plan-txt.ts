/**
 * What a request does to the TXT values of the hosts it names. Pure: state and request in, outcomes and changes out.
 *
 * Invariants: only at a host that the principal may update, or at `_acme-challenge` directly below one (RFC 8555
 * §8.4); never more values than an RRset may hold: the oldest leave, which are the first; records of other types and
 * other owners are not touched.
 */
import type { Host } from '../../account/host.ts';
import { hostAccess } from '../../account/permission.ts';
import type { Change } from '../../store/change.ts';
import type { StoreView } from '../../store/store.ts';
import { type Name, labelsOf, parentOf } from '../../zone/name.ts';
import { RRSET_LIMITS } from '../../zone/rrset.ts';
import { RRTYPE } from '../../zone/rrtype.ts';
import { conflictAt } from '../admin/plan-record.ts';
import type { Plan } from '../commit.ts';
import type { TxtAges } from './txt-ages.ts';
import type { TxtChange, TxtOutcome, TxtRequest } from './txt.ts';

/** Seconds: a validation server may have asked a moment ago, before the value that it is to find was there. */
export const TXT_TTL = 60;

/** The outcome for each owner of the request in its order, and the changes that make them true. */
export function planTxt(
  view: StoreView,
  request: TxtRequest,
  { now, ages }: { readonly now: number; readonly ages: TxtAges },
): Plan<readonly TxtOutcome[]> {
  const changes: Change[] = [];
  const result = request.owners.map((owner, index): TxtOutcome => {
    if (owner === undefined) return { kind: 'not-fqdn' };
    if (request.owners.indexOf(owner) < index) return { kind: 'unchanged' };
    const host = hostBehind(view, owner);
    const access = host === undefined ? 'none' : hostAccess(request.principal, host);
    if (host === undefined || access === 'none') return { kind: 'no-such-host' };
    if (access === 'see') return { kind: 'not-permitted' };
    if (access === 'blocked') return { kind: 'blocked' };
    const zone = view.zone(host.zone)!;
    if (view.zoneFor(owner) !== zone) return { kind: 'record-refused' };
    const present = zone.staticRRset(owner, RRTYPE.TXT)?.rdata ?? [];
    const kept = present.filter(
      (rdata) => request.change.kind !== 'add' || !ages.isExpired(owner, rdata, now),
    );
    const rdata = changed(kept, request.change);
    if (sameRecords(present, rdata)) return { kind: 'unchanged' };
    if (rdata.length === 0) {
      changes.push({ kind: 'rrset-remove', apex: zone.apex, owner, type: RRTYPE.TXT });
      return { kind: 'changed' };
    }
    if (conflictAt({ zone, owner, type: RRTYPE.TXT }) !== undefined) return { kind: 'record-refused' };
    const rrset = { type: RRTYPE.TXT, ttl: TXT_TTL, rdata };
    changes.push({ kind: 'rrset-put', apex: zone.apex, owner, rrset });
    return { kind: 'changed' };
  });
  return { changes, result };
}

/** `_acme-challenge.` + name, where a host's ACME values stand; undefined where that would be too long. */
export function challengeNameOf(host: Name): Name | undefined {
  const name = (CHALLENGE_LABEL + host) as Name;
  return name.length > MAX_NAME ? undefined : name;
}

/** The host to which the TXT values at an owner belong: the name without a first label of `_acme-challenge`. */
export function hostNameBehind(owner: Name): Name {
  return labelsOf(owner)[0] === '_acme-challenge' ? (parentOf(owner) ?? owner) : owner;
}

/** The character-string of a value (RFC 1035 §3.3.14). */
export function txtRdata(value: string): Uint8Array {
  return Buffer.from(String.fromCharCode(value.length) + value, 'latin1');
}

const CHALLENGE_LABEL = '\x0f_acme-challenge';
const MAX_NAME = 255;

function hostBehind(view: StoreView, owner: Name): Host | undefined {
  return view.host(owner) ?? view.host(hostNameBehind(owner));
}

function changed(present: readonly Uint8Array[], change: TxtChange): readonly Uint8Array[] {
  if (change.kind === 'clear') return [];
  const value = txtRdata(change.value);
  const others = present.filter((rdata) => Buffer.compare(rdata, value) !== 0);
  switch (change.kind) {
    case 'remove':
      return others;
    case 'replace':
      return [value];
    case 'add':
      return others.length < present.length ? present : newest([...others, value]);
  }
}

/** The last of the records, as many as an RRset may hold. */
function newest(records: readonly Uint8Array[]): readonly Uint8Array[] {
  let bytes = 0;
  let first = records.length;
  while (first > 0 && records.length - first < RRSET_LIMITS.records) {
    bytes += records[first - 1]!.length;
    if (bytes > RRSET_LIMITS.bytes) break;
    first--;
  }
  return records.slice(first);
}

function sameRecords(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((rdata, i) => Buffer.compare(rdata, b[i]!) === 0);
}
