/**
 * The IPv6 addresses of hosts that are defined on another host's prefix. Pure.
 * Invariant: what is derived is publishable in the host's zone; where nothing can be derived there is a reason that its
 * owner can read, and the host keeps the address it had.
 */
import type { Derivation, Host } from '../account/host.ts';
import {
  type AcceptPolicy,
  type AddressClass,
  classifyAddress,
  isPublishable,
} from '../net/address-class.ts';
import { SITE_PREFIX, joinAddress, subnetsOf } from '../net/interface-id.ts';
import { type IpAddress, formatIpAddress } from '../net/ip-address.ts';
import { type IpPrefix, formatIpPrefix } from '../net/ip-prefix.ts';
import type { StoreView } from '../store/store.ts';
import { type Name, formatHostname } from '../zone/name.ts';

/** Why a host's IPv6 address is not what a prefix or a request would make it. */
export type DerivationProblem =
  /** Its router has reported no prefix yet. */
  | { readonly kind: 'no-prefix'; readonly router: Name }
  | { readonly kind: 'no-site'; readonly prefix: IpPrefix }
  | { readonly kind: 'subnet'; readonly prefix: IpPrefix; readonly subnet: number }
  /** Its zone's policy does not publish the address. */
  | {
      readonly kind: 'refused';
      readonly address: IpAddress;
      readonly class: AddressClass;
      readonly policy: AcceptPolicy;
    }
  /** The operator blocks its updates. */
  | { readonly kind: 'blocked' }
  /** Its device reported an address that is not the derived one. */
  | { readonly kind: 'reported'; readonly router: Name };

/** A host and why its IPv6 address stayed as it was. */
export interface HostNotice {
  readonly host: Name;
  readonly problem: DerivationProblem;
}

/** The address that a router's prefix gives a host, which is not blocked, or why it gives none. */
export function deriveAddress(
  view: StoreView,
  host: Pick<Host, 'zone' | 'blocked'> & { readonly derived: Derivation },
  prefix: IpPrefix | undefined,
): IpAddress | DerivationProblem {
  const { router, subnet, interfaceId } = host.derived;
  if (host.blocked) return { kind: 'blocked' };
  if (prefix === undefined) return { kind: 'no-prefix', router };
  const address = joinAddress(prefix, subnet, interfaceId);
  if (address === 'no-site') return { kind: 'no-site', prefix };
  if (address === 'subnet') return { kind: 'subnet', prefix, subnet };
  const policy = view.zone(host.zone)!.settings.accept;
  if (isPublishable(address, policy)) return address;
  return { kind: 'refused', address, class: classifyAddress(address), policy };
}

/** A derived host as its router's stored prefix makes it, and why that changed nothing, if something is in the way. */
export function settleDerived(
  view: StoreView,
  host: Host,
  now: number,
): { readonly host: Host; readonly problem?: DerivationProblem } {
  if (host.derived === undefined) return { host };
  const { derived } = host;
  const ipv6 = deriveAddress(view, { ...host, derived }, view.host(derived.router)?.prefix);
  if (typeof ipv6 !== 'string') return { host, problem: ipv6 };
  return { host: ipv6 === host.ipv6 ? host : { ...host, ipv6, changedAt: now } };
}

/** A problem in words for people, the host not named. No word of success. */
export function describeProblem(problem: DerivationProblem): string {
  switch (problem.kind) {
    case 'no-prefix':
      return `${formatHostname(problem.router)} has reported no IPv6 prefix yet`;
    case 'no-site': {
      const range = `${SITE_PREFIX.least} to ${SITE_PREFIX.most} bits`;
      return `${formatIpPrefix(problem.prefix)} is not the prefix of a site: those have ${range}`;
    }
    case 'subnet': {
      const last = subnetsOf(problem.prefix) - 1;
      const room = last === 0 ? 'no subnet but 0' : `no subnet above ${last}`;
      return `${formatIpPrefix(problem.prefix)} has ${room}, and it is in subnet ${problem.subnet}`;
    }
    case 'refused':
      return `${formatIpAddress(problem.address)} is of the class "${problem.class}", and the zone accepts "${problem.policy}" addresses only`;
    case 'blocked':
      return 'its updates are blocked';
    case 'reported':
      return `its IPv6 address comes from the prefix of ${formatHostname(problem.router)}, not from its own updates`;
  }
}

/** A notice in words, the host first. */
export function describeNotice({ host, problem }: HostNotice): string {
  return `${formatHostname(host)}: ${describeProblem(problem)}`;
}
