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
import { refuse } from './refusal.ts';

type Command<K extends AdminCommand['kind']> = Extract<AdminCommand, { kind: K }>;

interface Target {
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
  if ('ok' in target) return { changes: [], result: target };
  const { zone, owner, type } = target;
  const rdata: Uint8Array[] = [];
  for (const value of command.values) {
    const text = type === RRTYPE.TXT && !value.startsWith('"') ? quote(value) : value;
    const bytes = parseRdata(type, text, zone.apex);
    if (!bytes.ok)
      return {
        changes: [],
        result: refuse('invalid', `"${value}" is no ${formatRRType(type)} value: ${bytes.reason}`),
      };
    rdata.push(bytes.value);
  }
  const rrset = validateRRset(type, command.ttl ?? STATIC_TTL, rdata);
  if (!rrset.ok) return { changes: [], result: refuse('invalid', rrset.reason) };
  const conflict = conflictAt(target);
  if (conflict !== undefined) return { changes: [], result: refuse('conflict', conflict) };
  const changed = !equalRRsets(zone.staticRRset(owner, type), rrset.value);
  return {
    changes: changed ? [{ kind: 'rrset-put', apex: zone.apex, owner, rrset: rrset.value }] : [],
    result: { ok: true, value: { records: formatRecords(owner, rrset.value) } },
  };
}

/** Removes the RRset of an owner and type. */
export function planRecordRemove(
  view: StoreView,
  command: Command<'record-remove'>,
): Plan<AdminResult<'record-remove'>> {
  const target = findTarget(view, command);
  if ('ok' in target) return { changes: [], result: target };
  const { zone, owner, type } = target;
  const title = `${formatHostname(owner)} ${formatRRType(type)}`;
  if (zone.staticRRset(owner, type) === undefined) {
    return {
      changes: [],
      result: refuse(
        'not-found',
        `no static record ${title}: see "homing zone show ${formatHostname(zone.apex)}"`,
      ),
    };
  }
  if (owner === zone.apex && type === RRTYPE.NS) {
    return {
      changes: [],
      result: refuse('conflict', 'a zone keeps its name servers: set others with "homing zone record set"'),
    };
  }
  return {
    changes: [{ kind: 'rrset-remove', apex: zone.apex, owner, type }],
    result: { ok: true, value: { removed: title } },
  };
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
function conflictAt(target: Target): string | undefined {
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
