/** Hosts: what adding, setting, blocking and removing them does. Pure. */
import type { Host } from '../../account/host.ts';
import { classifyAddress, isPublishable } from '../../net/address-class.ts';
import { familyOf, formatIpAddress, parseIpAddress } from '../../net/ip-address.ts';
import type { Change } from '../../store/change.ts';
import type { StoreView } from '../../store/store.ts';
import { formatHostname, type Name } from '../../zone/name.ts';
import { parseHostname } from '../../zone/hostname.ts';
import { RRTYPE, formatRRType } from '../../zone/rrtype.ts';
import type { Zone } from '../../zone/zone.ts';
import type { Plan } from '../commit.ts';
import { settleDerived } from '../derivation.ts';
import { intended } from '../plan-update.ts';
import type { AddressIntent } from '../request.ts';
import { hostRemoval, txtOfHost } from '../txt/host-txt.ts';
import type { AdminCommand, AdminFailure, AdminResult } from './command.ts';
import { describeHost, formatRecords } from './info.ts';
import { coveringCut } from './occlusion.ts';
import { noAccount } from './plan-account.ts';
import { isSameDerivation, planDerivation, routerConflict } from './plan-derivation.ts';
import { refuse, refused } from './refusal.ts';

type Command<K extends AdminCommand['kind']> = Extract<AdminCommand, { kind: K }>;

/** The TTLs a host may have, in seconds. */
export const HOST_TTL = { least: 1, most: 86_400 } as const;

/** The TTL of a host for which none was said, in seconds. */
export const DEFAULT_HOST_TTL = 60;

/** Adds a host; yet without an address, unless it is on a prefix that is known. */
export function planHostAdd(
  view: StoreView,
  command: Command<'host-add'>,
  now: number,
): Plan<AdminResult<'host-add'>> {
  const { fqdn, ttl, wildcard } = command;
  const name = parseHostname(fqdn);
  if (name === undefined) return refused(refuse('invalid', `"${fqdn}" is not a fully qualified host name`));
  if (ttl < HOST_TTL.least || ttl > HOST_TTL.most) {
    return refused(
      refuse('invalid', `a host's TTL is ${HOST_TTL.least} to ${HOST_TTL.most} seconds, not ${ttl}`),
    );
  }
  const definee = { name, account: command.account?.toLowerCase() };
  const planned = command.derived === undefined ? undefined : planDerivation(view, definee, command.derived);
  if (planned !== undefined && 'ok' in planned) return refused(planned);
  const owner = definee.account ?? planned?.account;
  if (owner === undefined) return refused(refuse('invalid', 'say whose it is with --account NAME'));
  const account = view.account(owner);
  if (account === undefined) return refused(noAccount(owner));
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
  const bare: Host = {
    name,
    zone: zone.apex,
    account: account.name,
    ttl,
    ipv4: null,
    ipv6: null,
    wildcard,
    changedAt: null,
    blocked: false,
    ...(planned === undefined ? {} : { derived: planned.derived }),
  };
  const { host } = settleDerived(view, bare, now);
  return { changes: [{ kind: 'host-put', host }], result: { ok: true, value: describeHost(view, host) } };
}

/** Sets a host's addresses as a device would (`none` alone clears both families), or where its IPv6 address comes from. */
export function planHostSet(
  view: StoreView,
  command: Command<'host-set'>,
  now: number,
): Plan<AdminResult<'host-set'>> {
  const stored = findHost(view, command.fqdn);
  if (stored === undefined) return refused(noHost(command.fqdn));
  if (command.addresses.length === 0 && command.derived === undefined)
    return refused(refuse('invalid', 'say which addresses it has, or whose prefix it is on'));
  const defined = defineHost(view, stored, command.derived);
  if ('ok' in defined) return refused(defined);
  const wanted = command.addresses.length === 0 ? defined : withAddresses(view, defined, command.addresses);
  if ('ok' in wanted) return refused(wanted);
  const moved = wanted.ipv4 !== stored.ipv4 || wanted.ipv6 !== stored.ipv6;
  const settled = settleDerived(view, moved ? { ...wanted, changedAt: now } : wanted, now).host;
  const changed = defined !== stored || settled.ipv4 !== stored.ipv4 || settled.ipv6 !== stored.ipv6;
  return {
    changes: changed ? [{ kind: 'host-put', host: settled }] : [],
    result: { ok: true, value: { ...describeHost(view, settled), changed } },
  };
}

/** The host with another derivation, or none; the same object where that is what it has. */
function defineHost(view: StoreView, host: Host, wish: Command<'host-set'>['derived']): Host | AdminFailure {
  if (wish === undefined) return host;
  if (wish === null) {
    const { derived, ...bare } = host;
    return derived === undefined ? host : bare;
  }
  const planned = planDerivation(view, host, wish);
  if ('ok' in planned) return planned;
  const { derived } = planned;
  return isSameDerivation(host.derived, derived) ? host : { ...host, derived };
}

/** The host with these addresses; refused where its zone does not publish one, or IPv6 is not theirs to say. */
function withAddresses(view: StoreView, host: Host, texts: readonly string[]): Host | AdminFailure {
  const intents = parseAddresses(texts);
  if ('ok' in intents) return intents;
  if (host.derived !== undefined && intents.ipv6.kind !== 'keep') {
    const router = formatHostname(host.derived.router);
    const reason = `its IPv6 address comes from the prefix of ${router}: end that with --no-prefix-of`;
    return refuse('conflict', reason);
  }
  const { accept } = view.zone(host.zone)!.settings;
  for (const intent of [intents.ipv4, intents.ipv6]) {
    if (intent.kind !== 'set' || isPublishable(intent.address, accept)) continue;
    const address = formatIpAddress(intent.address);
    const reason = `${address} is ${classifyAddress(intent.address)}, which zone ${formatHostname(host.zone)} (accept: ${accept}) does not publish`;
    return refuse('conflict', reason);
  }
  return { ...host, ipv4: intended(intents.ipv4, host.ipv4), ipv6: intended(intents.ipv6, host.ipv6) };
}

/**
 * Refuses the updates of a host's devices from here on, or takes them again. What it publishes does not change, except
 * that a host on a prefix takes then what that has become while it was blocked.
 */
export function planHostBlock(
  view: StoreView,
  { kind, fqdn }: Command<'host-block' | 'host-unblock'>,
  now: number,
): Plan<AdminResult<'host-block'>> {
  const host = findHost(view, fqdn);
  if (host === undefined) return refused(noHost(fqdn));
  const { host: after } = settleDerived(view, { ...host, blocked: kind === 'host-block' }, now);
  const changed = after.blocked !== host.blocked;
  return {
    changes: changed ? [{ kind: 'host-put', host: after }] : [],
    result: { ok: true, value: { ...describeHost(view, after), changed } },
  };
}

/** Removes a host with its addresses and TXT values, and what an enrolment code gave to the machine that had it. */
export function planHostRemove(
  view: StoreView,
  command: Command<'host-remove'>,
): Plan<AdminResult<'host-remove'>> {
  const host = findHost(view, command.fqdn);
  if (host === undefined) return refused(noHost(command.fqdn));
  const conflict = routerConflict(view, host);
  if (conflict !== undefined) return refused(conflict);
  const txt = txtOfHost(view, host);
  const records = txt.flatMap(({ owner, rrset }) => formatRecords(owner, rrset));
  return {
    changes: [...hostRemoval(host, txt), ...endOfMachines(view, host.name)],
    result: { ok: true, value: { removed: formatHostname(host.name), records } },
  };
}

/** A host of the same name that is made later is another one: the machine's tokens must not update that. */
function* endOfMachines({ enrolments }: StoreView, host: Name): Generator<Change> {
  for (const { enrolment, tokens } of enrolments.machinesAt(host)) {
    for (const token of tokens) yield { kind: 'token-remove', id: token };
    yield { kind: 'machine-remove', enrolment, host };
  }
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
