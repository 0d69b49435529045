/**
 * Which hosts an operator may define on which prefix. Pure.
 * Invariants: a router and the hosts on its prefix are of one account, because whoever updates the one moves the
 * others; no host is on its own prefix; a router with hosts on its prefix is not removed and changes no hands.
 */
import type { Derivation, Host } from '../../account/host.ts';
import {
  type InterfaceId,
  MAX_SUBNET,
  interfaceIdFromMac,
  parseInterfaceId,
} from '../../net/interface-id.ts';
import type { StoreView } from '../../store/store.ts';
import { type Name, formatHostname } from '../../zone/name.ts';
import { parseHostname } from '../../zone/hostname.ts';
import type { AdminFailure, DerivationWish } from './command.ts';
import { refuse } from './refusal.ts';

/** How many hosts one prefix may move: they all change in one step of the event loop. */
const MOST_DERIVED = 1000;

/** A host that may not exist yet. */
type Definee = Pick<Host, 'name' | 'derived'> & { readonly account: string | undefined };

/** Where routers, and the hosts on their prefixes, are looked up. */
export type RouterView = Pick<StoreView, 'host' | 'derivedFrom'>;

/** The derivation that a wish makes of a host's; whose account is not said must be the router's. */
export function planDerivation(
  view: RouterView,
  host: Definee,
  wish: DerivationWish,
): { readonly derived: Derivation; readonly account: string } | AdminFailure {
  const router = findRouter(view, host, wish.router);
  if ('ok' in router) return router;
  const interfaceId = interfaceIdOf(wish, host.derived?.interfaceId);
  if (typeof interfaceId !== 'string') return interfaceId;
  const subnet = wish.subnet ?? host.derived?.subnet ?? 0;
  if (subnet < 0 || subnet > MAX_SUBNET)
    return refuse('invalid', `a subnet id is 0 to ${MAX_SUBNET}, not ${subnet}`);
  return { derived: { router: router.name, subnet, interfaceId }, account: router.account };
}

/** Whether two hosts would have the same address in every prefix of the same router. */
export function isSameDerivation(a: Derivation | undefined, b: Derivation | undefined): boolean {
  return a?.router === b?.router && a?.subnet === b?.subnet && a?.interfaceId === b?.interfaceId;
}

function findRouter(view: RouterView, host: Definee, fqdn: string | undefined): Host | AdminFailure {
  const name = fqdn === undefined ? host.derived?.router : parseHostname(fqdn);
  if (fqdn === undefined && name === undefined)
    return refuse('invalid', 'say whose prefix it is with --prefix-of FQDN');
  const router = name === undefined ? undefined : view.host(name);
  if (router === undefined)
    return refuse('not-found', `no host ${fqdn ?? formatHostname(name!)}: see "homing host list"`);
  const routerName = formatHostname(router.name);
  if (router.name === host.name)
    return refuse('conflict', `${routerName} can not be on its own prefix: its device reports its address`);
  if (host.account !== undefined && host.account !== router.account) {
    const reason = `${routerName} is of account ${router.account}, not ${host.account}: its device would move the host of another account`;
    return refuse('conflict', reason);
  }
  const others = view.derivedFrom(router.name);
  if (others.length >= MOST_DERIVED && !others.includes(host.name))
    return refuse(
      'conflict',
      `${routerName} has ${MOST_DERIVED} hosts on its prefix already, which is the most`,
    );
  return router;
}

function interfaceIdOf(
  { interfaceId, mac }: DerivationWish,
  current: InterfaceId | undefined,
): InterfaceId | AdminFailure {
  if (interfaceId !== undefined && mac !== undefined)
    return refuse('invalid', 'say --interface-id or --mac, not both');
  if (interfaceId !== undefined) {
    const reason = `"${interfaceId}" is not the lower half of an IPv6 address, such as ::211:32ff:fe12:3456`;
    return parseInterfaceId(interfaceId) ?? refuse('invalid', reason);
  }
  if (mac !== undefined) {
    const reason = `"${mac}" is not the MAC address of an interface, such as 00:11:32:12:34:56`;
    return interfaceIdFromMac(mac) ?? refuse('invalid', reason);
  }
  const reason = 'say which address it has in the prefix with --interface-id or --mac';
  return current ?? refuse('invalid', reason);
}

/** Why a host can not be removed while others are on its prefix; undefined where none is. */
export function routerConflict(view: StoreView, { name }: Host): AdminFailure | undefined {
  const [first, ...more] = view.derivedFrom(name);
  if (first === undefined) return undefined;
  const reason = `${formatHostname(name)} is the router of ${hostsText(first, more.length)}: remove these, or set them "--no-prefix-of"`;
  return refuse('conflict', reason);
}

/** Why a host can not go to another account; undefined where it can. */
export function accountConflict(view: StoreView, { name, derived }: Host): string | undefined {
  const [first, ...more] = view.derivedFrom(name);
  if (first !== undefined)
    return `${formatHostname(name)} is the router of ${hostsText(first, more.length)}, which its account would move with it`;
  if (derived === undefined) return undefined;
  return `${formatHostname(name)} is on the prefix of ${formatHostname(derived.router)}, whose account it must keep`;
}

function hostsText(first: Name, more: number): string {
  return formatHostname(first) + (more === 0 ? '' : ` and ${more} more`);
}
