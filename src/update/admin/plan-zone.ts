/** Zones: what adding, importing and removing them does. Pure. */
import { classifyAddress, isPublishable } from '../../net/address-class.ts';
import { familyOf, formatIpAddress, type IpAddress, parseIpAddress } from '../../net/ip-address.ts';
import type { Change } from '../../store/change.ts';
import type { StoreView } from '../../store/store.ts';
import { addressBytes } from '../../net/ip-address.ts';
import { type Name, formatHostname, isSubdomain, nameFromLabels } from '../../zone/name.ts';
import { parseHostname } from '../../zone/hostname.ts';
import { nextSerial } from '../../zone/serial.ts';
import { RRTYPE } from '../../zone/rrtype.ts';
import type { SoaFields } from '../../zone/soa.ts';
import type { Plan } from '../commit.ts';
import type { AdminCommand, AdminFailure, AdminResult, Warned } from './command.ts';
import { refuse, refused } from './refusal.ts';

type Command<K extends AdminCommand['kind']> = Extract<AdminCommand, { kind: K }>;

/** Seconds. Secondaries ask again soon because hosts move; negative answers are forgotten within a minute. */
const SOA_TIMES = { refresh: 300, retry: 60, expire: 1_209_600, minimum: 60, ttl: 300 } as const;

/** The TTL of the records that name and address a zone's servers, in seconds. */
const NAME_SERVER_TTL = 3600;

/** The TTL of a static record that was set without one, in seconds. */
export const STATIC_TTL = 300;

/** Adds a zone with its SOA, its name servers, and the static addresses given with it. */
export function planZoneAdd(
  view: StoreView,
  command: Command<'zone-add'>,
  now: number,
): Plan<({ ok: true; apex: Name } & Warned) | AdminFailure> {
  const apex = parseHostname(command.apex);
  if (apex === undefined)
    return refused(refuse('invalid', `"${command.apex}" is not a domain name with at least two labels`));
  if (view.zone(apex) !== undefined)
    return refused(refuse('exists', `zone ${formatHostname(apex)} exists already`));
  const taken = hostsInside(view, apex);
  if (taken !== undefined) return refused(taken);
  const servers = command.nameServers.length === 0 ? [`ns1.${formatHostname(apex)}`] : command.nameServers;
  const names: Name[] = [];
  for (const text of servers) {
    const name = parseHostname(text);
    if (name === undefined) return refused(refuse('invalid', `"${text}" is not a name server's host name`));
    if (!names.includes(name)) names.push(name);
  }
  const addresses = addressRecords(command, apex);
  if ('ok' in addresses) return refused(addresses);
  const soa: SoaFields = {
    mname: names[0]!,
    rname: (nameFromLabels(['hostmaster'])!.slice(0, -1) + apex) as Name,
    ...SOA_TIMES,
  };
  const changes: Change[] = [
    {
      kind: 'zone-put',
      zone: { apex, soa, serial: nextSerial(view.retiredSerial(apex) ?? 0, now), accept: command.accept },
    },
    {
      kind: 'rrset-put',
      apex,
      owner: apex,
      rrset: {
        type: RRTYPE.NS,
        ttl: NAME_SERVER_TTL,
        rdata: names.map((name) => Buffer.from(name, 'latin1')),
      },
    },
    ...addresses,
  ];
  const warnings = names
    .filter(
      (name) =>
        isSubdomain(name, apex) &&
        !addresses.some((change) => change.kind === 'rrset-put' && change.owner === name),
    )
    .map((name) => lameServer(name));
  return { changes, result: { ok: true, apex, warnings } };
}

/** Removes a zone that has no hosts. */
export function planZoneRemove(
  view: StoreView,
  command: Command<'zone-remove'>,
): Plan<AdminResult<'zone-remove'>> {
  const apex = parseHostname(command.apex);
  const zone = apex === undefined ? undefined : view.zone(apex);
  if (zone === undefined) return refused(noZone(command.apex));
  if (zone.hostCount > 0) {
    return refused(
      refuse('conflict', `zone ${command.apex} still has hosts (${zone.hostCount}): remove them first`),
    );
  }
  return {
    changes: [{ kind: 'zone-remove', apex: zone.apex }],
    result: { ok: true, value: { removed: formatHostname(zone.apex) } },
  };
}

/** The refusal for a zone that does not exist. */
export function noZone(apex: string): AdminFailure {
  return refuse('not-found', `no zone ${apex}: see "homing zone list"`);
}

/** The refusal where a new zone at `apex` would take a host away from the zone above; undefined where it would not. */
export function hostsInside(view: StoreView, apex: Name): AdminFailure | undefined {
  const host = view.zoneFor(apex)?.hostBelow(apex, { orAt: true });
  if (host === undefined) return undefined;
  const message = `host ${formatHostname(host.name)} belongs to the zone above: remove it before ${formatHostname(apex)} becomes a zone`;
  return refuse('conflict', message);
}

function lameServer(name: Name): string {
  const hostname = formatHostname(name);
  return `name server ${hostname} has no address, so nobody can follow the delegation: "homing zone record set ${hostname} A ADDRESS"`;
}

function addressRecords({ addresses, accept }: Command<'zone-add'>, apex: Name): Change[] | AdminFailure {
  const byOwner = new Map<Name, Record<4 | 6, IpAddress[]>>();
  for (const { name, address: text } of addresses) {
    const owner = parseHostname(name);
    if (owner === undefined || !isSubdomain(owner, apex)) {
      return refuse(
        'invalid',
        `"${name}" is not a name in ${formatHostname(apex)}: only names of the zone get addresses in it`,
      );
    }
    const address = parseIpAddress(text);
    if (address === undefined) return refuse('invalid', `"${text}" is neither an IPv4 nor an IPv6 address`);
    if (!isPublishable(address, accept)) {
      const reason = `${formatIpAddress(address)} is ${classifyAddress(address)}, which a zone with accept "${accept}" does not publish`;
      return refuse('conflict', reason);
    }
    const families = byOwner.get(owner) ?? { 4: [], 6: [] };
    byOwner.set(owner, families);
    const list = families[familyOf(address)];
    if (!list.includes(address)) list.push(address);
  }
  const changes: Change[] = [];
  for (const [owner, families] of byOwner) {
    for (const [type, list] of [
      [RRTYPE.A, families[4]],
      [RRTYPE.AAAA, families[6]],
    ] as const) {
      if (list.length === 0) continue;
      changes.push({
        kind: 'rrset-put',
        apex,
        owner,
        rrset: { type, ttl: NAME_SERVER_TTL, rdata: list.map(addressBytes) },
      });
    }
  }
  return changes;
}
