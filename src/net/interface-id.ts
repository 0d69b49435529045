/**
 * The lower half of an IPv6 address: parsing, formatting, making it from a MAC address, and joining it to a prefix.
 * Invariants: an interface id is 64 bits of which at least one is set, because all zero is the address of no host but
 * of the subnet's routers (RFC 4291 §2.6.1); a joined address has exactly the bits of its three parts (§2.5.4).
 * From a MAC address: modified EUI-64, RFC 4291 appendix A.
 */
import { type IpAddress, addressBytes, addressFromBytes, parseIpAddress } from './ip-address.ts';
import type { IpPrefix } from './ip-prefix.ts';

declare const brand: unique symbol;

/** 64 bits as a latin1 string of length 8, not all zero. Made only by this module. */
export type InterfaceId = string & { readonly [brand]: 'InterfaceId' };

/** The lengths of prefixes that an address can be joined to: shorter ones are no site's, longer ones hold no subnet. */
export const SITE_PREFIX = { least: 16, most: 64 } as const;

/** The largest subnet id. */
export const MAX_SUBNET = 0xffff_ffff;

const HALF = 8;
const NONE = '\0'.repeat(HALF);
const LINK_LOCAL = '\xfe\x80' + '\0'.repeat(HALF - 2);
/** What the mapped form of an IPv4 address has in this half before that address. */
const MAPPED = '\0\0\xff\xff';

/**
 * Reads `::211:32ff:fe12:3456`, the same without the colons in front, or a link-local address with that id. Undefined
 * for everything else, also where bits above the lower 64 are set or none are.
 */
export function parseInterfaceId(text: string): InterfaceId | undefined {
  const trimmed = text.trim().replace(/%.*$/, '');
  const address = parseIpAddress(trimmed) ?? parseIpAddress(`::${trimmed}`);
  if (address === undefined || !trimmed.includes(':')) return undefined;
  if (address.length === 4) return (MAPPED + address) as InterfaceId;
  const above = address.slice(0, HALF);
  const id = address.slice(HALF);
  return id !== NONE && (above === NONE || above === LINK_LOCAL) ? (id as InterfaceId) : undefined;
}

/** Canonical text: `::` and the groups from the first that is not zero. */
export function formatInterfaceId(id: InterfaceId): string {
  const groups: string[] = [];
  for (let i = 0; i < HALF; i += 2) {
    const group = (id.charCodeAt(i) << 8) | id.charCodeAt(i + 1);
    if (group !== 0 || groups.length > 0) groups.push(group.toString(16));
  }
  return `::${groups.join(':')}`;
}

/**
 * The interface id that a device with this MAC address gives itself. Twelve hex digits, with colons, hyphens or dots
 * between; undefined for everything else, also for a group's address, which no interface has.
 */
export function interfaceIdFromMac(text: string): InterfaceId | undefined {
  const mac = text.trim();
  const digits = mac.replace(/[:.-]/g, '');
  const isUsual = /^(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2})$/i;
  if (!isUsual.test(mac) && !/^[0-9a-f]{12}$/i.test(mac)) return undefined;
  const octets = Buffer.from(digits, 'hex').toString('latin1');
  const first = octets.charCodeAt(0);
  if ((first & 1) !== 0) return undefined;
  return (String.fromCharCode(first ^ 2) + octets.slice(1, 3) + '\xff\xfe' + octets.slice(3)) as InterfaceId;
}

/** Why an interface id cannot be joined to a prefix: it is none of a site's (SITE_PREFIX), or the subnet has no room. */
export type JoinProblem = 'no-site' | 'subnet';

/** The address of an interface in the subnet of that number of an IPv6 prefix. */
export function joinAddress(prefix: IpPrefix, subnet: number, id: InterfaceId): IpAddress | JoinProblem {
  const { base, length } = prefix;
  // ::/16 is nobody's; addresses in it would be read as IPv4 (§2.5.5).
  if (base.length !== 16 || base.startsWith('\0\0')) return 'no-site';
  if (length < SITE_PREFIX.least || length > SITE_PREFIX.most) return 'no-site';
  if (subnet >= subnetsOf(prefix)) return 'subnet';
  const bytes = Buffer.from(addressBytes(base));
  // The prefix's own bits lie above the subnet's, of which it has none: both are whole in their sum.
  bytes.writeUInt32BE(bytes.readUInt32BE(4) + subnet, 4);
  bytes.write(id, HALF, 'latin1');
  return addressFromBytes(bytes);
}

/** How many subnets a prefix has room for; subnet ids are below. */
export function subnetsOf({ length }: IpPrefix): number {
  return 2 ** Math.max(0, SITE_PREFIX.most - length);
}
