/** Stored records as plain JSON for people and scripts. */
import type { Account } from '../../account/account.ts';
import type { Derivation, Host } from '../../account/host.ts';
import type { Token } from '../../account/token.ts';
import { formatInterfaceId } from '../../net/interface-id.ts';
import { formatIpAddress } from '../../net/ip-address.ts';
import { formatIpPrefix } from '../../net/ip-prefix.ts';
import { type Steps, mapInSteps } from '../../ops/steps.ts';
import type { StoreView } from '../../store/store.ts';
import { type Name, formatHostname, formatName, wildcardOf } from '../../zone/name.ts';
import { formatRdata } from '../../zone/rdata/rdata.ts';
import type { RRset } from '../../zone/rrset.ts';
import { RRTYPE, formatRRType } from '../../zone/rrtype.ts';
import type { Zone } from '../../zone/zone.ts';
import type { ZoneFileContent } from '../../zone/zone-file/format-zone-file.ts';
import { deriveAddress, describeProblem } from '../derivation.ts';
import type { AccountInfo, DerivedInfo, HostInfo, TokenInfo, ZoneInfo } from './command.ts';

/** The records of an RRset, each as `owner TTL TYPE rdata`. */
export function formatRecords(owner: Name, { type, ttl, rdata }: RRset): string[] {
  return rdata.map(
    (bytes) => `${formatName(owner)} ${ttl} ${formatRRType(type)} ${formatRdata(type, bytes)}`,
  );
}

/** A zone without its records. */
export function summarizeZone(zone: Zone<Host>): Omit<ZoneInfo, 'records'> {
  return {
    apex: formatHostname(zone.apex),
    serial: zone.settings.serial,
    accept: zone.settings.accept,
    hosts: zone.hostCount,
  };
}

/** A zone with its static records, the SOA first. All is read in the first step. */
export function* describeZone(zone: Zone<Host>): Steps<ZoneInfo> {
  const summary = summarizeZone(zone);
  const rrsets = [[zone.apex, zone.soa] as const, ...zone.staticRRsets()];
  const records = yield* mapInSteps(rrsets, ([owner, rrset]) => formatRecords(owner, rrset));
  return { ...summary, records: records.flat() };
}

/** Everything a zone answers with, static or of a host, as a zone file holds it. */
export function exportZone(zone: Zone<Host>): ZoneFileContent {
  const rrsets = Array.from(zone.staticRRsets(), ([owner, rrset]) => ({ owner, rrset }));
  for (const { name, wildcard } of zone.hosts()) {
    for (const owner of wildcard ? [name, wildcardOf(name)] : [name]) {
      for (const type of [RRTYPE.A, RRTYPE.AAAA]) {
        const rrset = owner === undefined ? undefined : zone.node(owner)?.rrset(type);
        if (owner !== undefined && rrset !== undefined) rrsets.push({ owner, rrset });
      }
    }
  }
  const { soa, serial } = zone.settings;
  return { apex: zone.apex, soa, serial, rrsets };
}

/** A host, in the state that `view` is of. */
export function describeHost(view: StoreView, host: Host): HostInfo {
  return {
    fqdn: formatHostname(host.name),
    zone: formatHostname(host.zone),
    account: host.account,
    ttl: host.ttl,
    wildcard: host.wildcard,
    blocked: host.blocked,
    ipv4: host.ipv4 === null ? null : formatIpAddress(host.ipv4),
    ipv6: host.ipv6 === null ? null : formatIpAddress(host.ipv6),
    changedAt: host.changedAt === null ? null : new Date(host.changedAt).toISOString(),
    prefix: host.prefix === undefined ? null : formatIpPrefix(host.prefix),
    prefixFor: view.derivedFrom(host.name).map(formatHostname).sort(),
    derived: host.derived === undefined ? null : describeDerivation(view, host, host.derived),
  };
}

function describeDerivation(view: StoreView, host: Host, derived: Derivation): DerivedInfo {
  const { router, subnet, interfaceId } = derived;
  const ipv6 = deriveAddress(view, { ...host, derived }, view.host(router)?.prefix);
  return {
    router: formatHostname(router),
    subnet,
    interfaceId: formatInterfaceId(interfaceId),
    problem: typeof ipv6 === 'string' ? null : describeProblem(ipv6),
  };
}

/** An account, never with its password hash. */
export function describeAccount(account: Account): AccountInfo {
  return {
    name: account.name,
    admin: account.admin,
    password: account.passwordHash !== null,
    createdAt: new Date(account.createdAt).toISOString(),
  };
}

/** A token, never with its digest. */
export function describeToken(token: Token): TokenInfo {
  return {
    id: token.id,
    account: token.account,
    hosts: token.hosts?.map(formatHostname) ?? null,
    label: token.label,
    createdAt: new Date(token.createdAt).toISOString(),
    gnudip: token.gnudip !== undefined,
  };
}
