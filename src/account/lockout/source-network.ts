/**
 * The unit in which sources of credentials are counted: what one customer holds, so that changing one's address
 * within it gains nothing. Invariant: every address has exactly one, and it is a short string fit as a map key.
 */
import type { IpAddress } from '../../net/ip-address.ts';

const IPV6_NETWORK_BYTES = 8;

/** The bytes that name a source's network: the whole IPv4 address, or the first 64 bits of an IPv6 address. */
export function sourceNetwork(address: IpAddress): string {
  return address.length === 4 ? address : address.slice(0, IPV6_NETWORK_BYTES);
}
