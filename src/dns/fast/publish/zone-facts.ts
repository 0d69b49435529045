/**
 * What the publisher has to know of a zone, a name and a change to decide what the fast lane may answer. Pure.
 */
import type { Host } from '../../../account/host.ts';
import { type IpAddress, addressFromBytes, familyOf } from '../../../net/ip-address.ts';
import type { Change } from '../../../store/change.ts';
import { type Name, isSubdomain, isWildcard, parentOf } from '../../../zone/name.ts';
import { RRTYPE } from '../../../zone/rrtype.ts';
import type { SoaFields } from '../../../zone/soa.ts';
import type { ZoneOwner } from '../../../zone/zone-view.ts';
import type { Zone } from '../../../zone/zone.ts';
import type { TableEntry } from '../table/answer-table.ts';

/** A change of one RRset. */
export type RRsetChange = Extract<Change, { kind: 'rrset-put' | 'rrset-remove' }>;

/** The zone that a change touches, where DNS may see it. */
export function apexOf(change: Change): Name | undefined {
  if (change.kind === 'zone-put') return change.zone.apex;
  if (change.kind === 'zone-remove') return change.apex;
  if (change.kind === 'host-put') return change.host.zone;
  if (change.kind === 'host-remove') return change.zone;
  return isOfRRset(change) ? change.apex : undefined;
}

/** Whether a change is of one RRset. */
export function isOfRRset(change: Change): change is RRsetChange {
  return change.kind === 'rrset-put' || change.kind === 'rrset-remove';
}

/** Whether a change is of records that hide what lies below their owner. */
export function isCut(change: RRsetChange): boolean {
  const type = change.kind === 'rrset-put' ? change.rrset.type : change.type;
  return type === RRTYPE.DNAME || (type === RRTYPE.NS && change.owner !== change.apex);
}

/** What an owner publishes, where that is at most one address of each family under one TTL, and nothing else. */
export function plainAddresses(
  zone: Zone<Host>,
  { name, host, rrsets }: ZoneOwner,
): Pick<TableEntry, 'ttl' | 'ipv4' | 'ipv6'> | undefined {
  // The owner of a wildcard may have records of its own and those of a host whose subdomains it stands for.
  if (isHidden(zone, name) || isWildcard(name)) return undefined;
  if (host !== undefined) return rrsets.length === 0 ? host : undefined;
  const found: { ttl: number; ipv4: IpAddress | null; ipv6: IpAddress | null } = {
    ttl: -1,
    ipv4: null,
    ipv6: null,
  };
  for (const { type, ttl, rdata } of rrsets) {
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

/**
 * The names of a zone's SOA record that lie below its apex, and their ancestors there: the general lane compresses the
 * record against a question at or below one of them further than the published bytes do.
 */
export function pinnedNames(soa: SoaFields, apex: Name): Set<Name> {
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
