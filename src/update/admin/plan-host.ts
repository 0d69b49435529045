/** Hosts: what adding, setting, blocking and removing them does. Pure. */
import type { Host } from '../../account/host.ts';
import { familyOf, formatIpAddress, parseIpAddress } from '../../net/ip-address.ts';
import type { StoreView } from '../../store/store.ts';
import { formatHostname, type Name } from '../../zone/name.ts';
import { parseHostname } from '../../zone/hostname.ts';
import { RRTYPE, formatRRType } from '../../zone/rrtype.ts';
import type { Zone } from '../../zone/zone.ts';
import type { Plan } from '../commit.ts';
import { planUpdate } from '../plan-update.ts';
import type { AddressIntent } from '../request.ts';
import type { AdminCommand, AdminFailure, AdminResult } from './command.ts';
import { describeHost } from './info.ts';
import { coveringCut } from './occlusion.ts';
import { noAccount } from './plan-account.ts';
import { refuse, refused } from './refusal.ts';

type Command<K extends AdminCommand['kind']> = Extract<AdminCommand, { kind: K }>;

/** The TTLs a host may have, in seconds. */
export const HOST_TTL = { least: 1, most: 86_400 } as const;

/** The TTL of a host for which none was said, in seconds. */
export const DEFAULT_HOST_TTL = 60;

/** Adds a host, yet without an address. */
export function planHostAdd(view: StoreView, command: Command<'host-add'>): Plan<AdminResult<'host-add'>> {
  const { fqdn, ttl, wildcard } = command;
  const name = parseHostname(fqdn);
  if (name === undefined) return refused(refuse('invalid', `"${fqdn}" is not a fully qualified host name`));
  if (ttl < HOST_TTL.least || ttl > HOST_TTL.most) {
    return refused(
      refuse('invalid', `a host's TTL is ${HOST_TTL.least} to ${HOST_TTL.most} seconds, not ${ttl}`),
    );
  }
  const account = view.account(command.account.toLowerCase());
  if (account === undefined) return refused(noAccount(command.account));
  const zone = view.zoneFor(name);
  if (zone === undefined) {
    return refused(
      refuse('not-found', `no zone holds ${formatHostname(name)}: add one with "homing zone add"`),
    );
  }
  const conflict =
    view.host(name) === undefined
      ? staticConflict(zone, name)
      : refuse('exists', `host ${fqdn} exists already`);
  if (conflict !== undefined) return refused(conflict);
  const host: Host = {
    name,
    zone: zone.apex,
    account: account.name,
    ttl,
    ipv4: null,
    ipv6: null,
    wildcard,
    changedAt: null,
    blocked: false,
  };
  return { changes: [{ kind: 'host-put', host }], result: { ok: true, value: describeHost(host) } };
}

/** Sets a host's addresses as a device would; `none` alone clears both families. */
export function planHostSet(
  view: StoreView,
  command: Command<'host-set'>,
  now: number,
): Plan<AdminResult<'host-set'>> {
  const host = findHost(view, command.fqdn);
  if (host === undefined) return refused(noHost(command.fqdn));
  const intents = parseAddresses(command.addresses);
  if ('ok' in intents) return refused(intents);
  const plan = planUpdate(view, { principal: { kind: 'operator' }, hostnames: [host.name], ...intents }, now);
  const outcome = plan.result[0]!;
  if (outcome.kind === 'address-refused') {
    const address = formatIpAddress(outcome.address);
    const reason = `${address} is ${outcome.class}, which zone ${formatHostname(host.zone)} (accept: ${outcome.policy}) does not publish`;
    return refused(refuse('conflict', reason));
  }
  const [change] = plan.changes;
  const after = change?.kind === 'host-put' ? change.host : host;
  return {
    changes: plan.changes,
    result: { ok: true, value: { ...describeHost(after), changed: change !== undefined } },
  };
}

/** Refuses the updates of a host's devices from here on, or takes them again. What it publishes does not change. */
export function planHostBlock(
  view: StoreView,
  { kind, fqdn }: Command<'host-block' | 'host-unblock'>,
): Plan<AdminResult<'host-block'>> {
  const host = findHost(view, fqdn);
  if (host === undefined) return refused(noHost(fqdn));
  const after = { ...host, blocked: kind === 'host-block' };
  const changed = after.blocked !== host.blocked;
  return {
    changes: changed ? [{ kind: 'host-put', host: after }] : [],
    result: { ok: true, value: { ...describeHost(after), changed } },
  };
}

/** Removes a host and its addresses. */
export function planHostRemove(
  view: StoreView,
  command: Command<'host-remove'>,
): Plan<AdminResult<'host-remove'>> {
  const host = findHost(view, command.fqdn);
  if (host === undefined) return refused(noHost(command.fqdn));
  return {
    changes: [{ kind: 'host-remove', zone: host.zone, name: host.name }],
    result: { ok: true, value: { removed: formatHostname(host.name) } },
  };
}

/** The host an operator means, or undefined. */
export function findHost(view: StoreView, fqdn: string): Host | undefined {
  const name = parseHostname(fqdn);
  return name === undefined ? undefined : view.host(name);
}

/** The refusal for a host that does not exist. */
export function noHost(fqdn: string): AdminFailure {
  return refuse('not-found', `no host ${fqdn}: see "homing host list"`);
}

/** Why a zone's static records leave no room for a host of this name; undefined where they do. */
export function staticConflict(zone: Zone<Host>, name: Name): AdminFailure | undefined {
  for (const type of [RRTYPE.A, RRTYPE.AAAA, RRTYPE.CNAME]) {
    if (zone.staticRRset(name, type) === undefined) continue;
    const hostname = formatHostname(name);
    return refuse(
      'conflict',
      `${hostname} has a static ${formatRRType(type)} record: remove it with "homing zone record remove ${hostname} ${formatRRType(type)}"`,
    );
  }
  const cut = coveringCut(zone, name);
  if (cut === undefined) return undefined;
  const reason = `${formatHostname(name)} would not be answered: ${formatHostname(cut.owner)} has a ${formatRRType(cut.type)} record`;
  return refuse('conflict', reason);
}

function parseAddresses(
  texts: readonly string[],
): { ipv4: AddressIntent; ipv6: AddressIntent } | AdminFailure {
  if (texts.length === 1 && texts[0] === 'none') return { ipv4: { kind: 'clear' }, ipv6: { kind: 'clear' } };
  const intents: { 4: AddressIntent; 6: AddressIntent } = { 4: { kind: 'keep' }, 6: { kind: 'keep' } };
  for (const text of texts) {
    const address = parseIpAddress(text);
    if (address === undefined) return refuse('invalid', `"${text}" is neither an IPv4 nor an IPv6 address`);
    const family = familyOf(address);
    if (intents[family].kind === 'set') {
      return refuse('invalid', `a host has one IPv${family} address; give "${text}" or the other, not both`);
    }
    intents[family] = { kind: 'set', address };
  }
  return { ipv4: intents[4], ipv6: intents[6] };
}
