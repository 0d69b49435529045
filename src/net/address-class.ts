/**
 * What kind of address this is (IANA special-purpose registries, RFC 6890 and successors), and which kinds a
 * zone publishes. Invariant: unspecified, multicast and broadcast addresses are never publishable.
 */
import type { IpAddress } from './ip-address.ts';
import { type IpPrefix, parseIpPrefix, prefixContains } from './ip-prefix.ts';

/** The kinds that a zone's policy tells apart. */
export type AddressClass =
  | 'global'
  | 'private'
  | 'documentation'
  | 'loopback'
  | 'link-local'
  | 'reserved'
  | 'unspecified'
  | 'multicast'
  | 'broadcast';

/** Which addresses a zone accepts: global unicast only, home-network addresses too, or every unicast address. */
export type AcceptPolicy = 'public' | 'private' | 'any';

/** All policies, strictest first. */
export const ACCEPT_POLICIES: readonly AcceptPolicy[] = ['public', 'private', 'any'];

// First match wins, so a narrower range stands before the wider one that holds it.
const RANGES: readonly (readonly [AddressClass, IpPrefix])[] = (
  [
    ['unspecified', '0.0.0.0'],
    ['broadcast', '255.255.255.255'],
    ['reserved', '0.0.0.0/8'],
    ['private', '10.0.0.0/8'],
    ['private', '100.64.0.0/10'], // shared by carrier-grade NAT, RFC 6598
    ['loopback', '127.0.0.0/8'],
    ['link-local', '169.254.0.0/16'],
    ['private', '172.16.0.0/12'],
    ['reserved', '192.0.0.0/24'],
    ['documentation', '192.0.2.0/24'],
    ['private', '192.168.0.0/16'],
    ['documentation', '198.18.0.0/15'], // benchmarking, RFC 2544: like documentation, never on the Internet
    ['documentation', '198.51.100.0/24'],
    ['documentation', '203.0.113.0/24'],
    ['multicast', '224.0.0.0/4'],
    ['reserved', '240.0.0.0/4'],
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['documentation', '2001:db8::/32'],
    ['documentation', '3fff::/20'], // RFC 9637
    ['reserved', '2001::/23'], // Teredo, ORCHID and other protocol assignments
    ['global', '2000::/3'],
    ['global', '64:ff9b::/96'], // NAT64, RFC 6052
    ['private', 'fc00::/7'],
    ['link-local', 'fe80::/10'],
    ['multicast', 'ff00::/8'],
    ['reserved', '::/0'],
    ['global', '0.0.0.0/0'],
  ] as const
).map(([kind, text]) => [kind, parseIpPrefix(text)!]);

const PUBLISHABLE: Record<AcceptPolicy, ReadonlySet<AddressClass>> = {
  public: new Set(['global']),
  private: new Set(['global', 'private', 'documentation']),
  any: new Set(['global', 'private', 'documentation', 'loopback', 'link-local', 'reserved']),
};

/** The class of an address. */
export function classifyAddress(address: IpAddress): AddressClass {
  for (const [kind, prefix] of RANGES) if (prefixContains(prefix, address)) return kind;
  return 'global';
}

/** Whether a zone with this policy publishes this address. */
export function isPublishable(address: IpAddress, policy: AcceptPolicy): boolean {
  return PUBLISHABLE[policy].has(classifyAddress(address));
}
