/** Static records of a zone: what setting and removing one RRset does. Pure. */
import type { Host } from '../../account/host.ts';
import type { StoreView } from '../../store/store.ts';
import { type Name, formatHostname, formatName, parseName } from '../../zone/name.ts';
import { parseRdata } from '../../zone/rdata/rdata.ts';
import { RRTYPE, formatRRType, isStorableType, parseRRType } from '../../zone/rrtype.ts';
import { OWNER_LIMITS, type RRset } from '../../zone/rrset.ts';
import { validateRRset } from '../../zone/validate-rrset.ts';
import type { Zone } from '../../zone/zone.ts';
import type { Plan } from '../commit.ts';
import type { AdminCommand, AdminFailure, AdminResult } from './command.ts';
import { formatRecords } from './info.ts';
import { coveringCut, occludedHost } from './occlusion.ts';
import { STATIC_TTL } from './plan-zone.ts';
import { refuse, refused } from './refusal.ts';

type Command<K extends AdminCommand['kind']> = Extract<AdminCommand, { kind: K }>;

/** Where records are to stand. */
export interface Target {
  readonly zone: Zone<Host>;
  readonly owner: Name;
  readonly type: number;
}

/** Replaces the RRset of an owner and type. Values are rdata in presentation format; a TXT value may go unquoted. */
export function planRecordSet(
  view: StoreView,
  command: Command<'record-set'>,
): Plan<AdminResult<'record-set'>> {
  const target = findTarget(view, command);
  if ('ok' in target) return refused(target);
  const { zone, owner, type } = target;
  const rrset = readRRset(target, command.values, command.ttl ?? STATIC_TTL);
  if ('ok' in rrset) return refused(rrset);
  const conflict = conflictAt(target);
  if (conflict !== undefined) return refused(refuse('conflict', conflict));
  const changed = !equalRRsets(zone.staticRRset(owner, type), rrset);
  return {
    changes: changed ? [{ kind: 'rrset-put', apex: zone.apex, owner, rrset }] : [],
    result: { ok: true, value: { records: formatRecords(owner, rrset) } },
  };
}

/** Removes records of an owner and type: those with the values, or all where none is named. */
export function planRecordRemove(
  view: StoreView,
  command: Command<'record-remove'>,
): Plan<AdminResult<'record-remove'>> {
  const target = findTarget(view, command);
  if ('ok' in target) return refused(target);
  const { zone, owner, type } = target;
  const present = zone.staticRRset(owner, type);
  if (present === undefined) return refused(noRecord(target));
  const rest = without(target, present, command.values);
  if ('ok' in rest) return refused(rest);
  if (rest.length === 0 && owner === zone.apex && type === RRTYPE.NS) {
    return refused(
      refuse('conflict', 'a zone keeps its name servers: set others with "homing zone record set"'),
    );
  }
  return {
    changes:
      rest.length === 0
        ? [{ kind: 'rrset-remove', apex: zone.apex, owner, type }]
        : [{ kind: 'rrset-put', apex: zone.apex, owner, rrset: { ...present, rdata: rest } }],
    result: { ok: true, value: { removed: [titleOf(target), ...command.values].join(' ') } },
  };
}

/** The rdata that is left without the values: nothing, where none is named. */
function without(
  target: Target,
  present: RRset,
  values: readonly string[],
): readonly Uint8Array[] | AdminFailure {
  let rest = values.length === 0 ? [] : present.rdata;
  for (const value of values) {
    const named = readRRset(target, [value], present.ttl);
    if ('ok' in named) return named;
    const left = rest.filter((rdata) => Buffer.compare(rdata, named.rdata[0]!) !== 0);
    if (left.length === rest.length) return noRecord(target, value);
    rest = left;
  }
  return rest;
}

function titleOf({ owner, type }: Target): string {
  return `${formatHostname(owner)} ${formatRRType(type)}`;
}

function noRecord(target: Target, value = ''): AdminFailure {
  const what = `${titleOf(target)} ${value}`.trimEnd();
  return refuse(
    'not-found',
    `no static record ${what}: see "homing zone show ${formatHostname(target.zone.apex)}"`,
  );
}

function readRRset({ zone, type }: Target, values: readonly string[], ttl: number): RRset | AdminFailure {
  const rdata: Uint8Array[] = [];
  for (const value of values) {
    const text = type === RRTYPE.TXT && !value.startsWith('"') ? quote(value) : value;
    const bytes = parseRdata(type, text, zone.apex);
    if (!bytes.ok) return refuse('invalid', `"${value}" is no ${formatRRType(type)} value: ${bytes.reason}`);
    rdata.push(bytes.value);
  }
  const rrset = validateRRset(type, ttl, rdata);
  return rrset.ok ? rrset.value : refuse('invalid', rrset.reason);
}

/** Whether two RRsets have the same TTL and the same records in the same order. */
export function equalRRsets(a: RRset | undefined, b: RRset): boolean {
  return (
    a?.ttl === b.ttl &&
    a.rdata.length === b.rdata.length &&
    a.rdata.every((rdata, i) => Buffer.compare(rdata, b.rdata[i]!) === 0)
  );
}

function findTarget(view: StoreView, command: { owner: string; type: string }): Target | AdminFailure {
  const owner = parseName(command.owner);
  if (owner === undefined) return refuse('invalid', `"${command.owner}" is not a domain name`);
  const zone = view.zoneFor(owner);
  if (zone === undefined)
    return refuse('not-found', `no zone holds ${formatName(owner)}: see "homing zone list"`);
  const type = parseRRType(command.type);
  if (type === undefined || !isStorableType(type))
    return refuse('invalid', `"${command.type}" is not a record type`);
  if (type === RRTYPE.SOA)
    return refuse('conflict', 'the SOA record is kept by Homing; its fields come with "homing zone import"');
  return { zone, owner, type };
}

/** Why these records can't stand beside what is there; undefined where they can. */
export function conflictAt(target: Target): string | undefined {
  return conflictAtOwner(target) ?? conflictWithCut(target);
}

function conflictAtOwner({ zone, owner, type }: Target): string | undefined {
  const name = formatHostname(owner);
  const present = zone.staticTypes(owner);
  const isHost = zone.host(owner) !== undefined;
  if (isHost && isAddressType(type)) return `${name} is a host: use "homing host set ${name}"`;
  if (!present.includes(type) && present.length >= OWNER_LIMITS.types)
    return `${name} has records of ${OWNER_LIMITS.types} types, and no name may have more`;
  if (type !== RRTYPE.CNAME)
    return present.includes(RRTYPE.CNAME) ? `${name} is a CNAME, which stands alone at its name` : undefined;
  const alone = owner !== zone.apex && !isHost && present.every((other) => other === type);
  return alone ? undefined : `${name} has other data, and a CNAME stands alone at its name (RFC 1034 §3.6.2)`;
}

function conflictWithCut(target: Target): string | undefined {
  const { zone, owner, type } = target;
  const cut = coveringCut(zone, owner);
  const isGlue = cut?.type === RRTYPE.NS && isAddressType(type);
  const isAtCut = cut?.owner === owner && (type === RRTYPE.NS || type === RRTYPE.DS);
  if (cut !== undefined && !isGlue && !isAtCut) {
    return `${formatHostname(owner)} would not be answered: ${formatHostname(cut.owner)} is delegated or redirected`;
  }
  const makesCut = (type === RRTYPE.NS && owner !== zone.apex) || type === RRTYPE.DNAME;
  const host = makesCut ? occludedHost(zone, target) : undefined;
  return host === undefined
    ? undefined
    : `host ${formatHostname(host.name)} would no longer be answered: remove it first`;
}

function isAddressType(type: number): boolean {
  return type === RRTYPE.A || type === RRTYPE.AAAA;
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, (char) => `\\${char}`)}"`;
}
