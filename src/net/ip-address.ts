/**
 * IP addresses as values.
 *
 * Owns the one representation of an address in the whole house: its network bytes in a latin1 string, four
 * characters for IPv4 and sixteen for IPv6. So `===` compares by value, a Map can be keyed by address, the
 * bytes are the rdata of A (RFC 1035 §3.4.1) and AAAA (RFC 3596 §2.2), and a million of them stay small.
 * Invariant: an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) never exists here; it is the IPv4 address.
 */
import { isIPv6 } from 'node:net';

declare const brand: unique symbol;

/** Network bytes of an address as a latin1 string of length 4 or 16. Made only by this module. */
export type IpAddress = string & { readonly [brand]: 'IpAddress' };

/** An address family by its customary number. */
export type IpFamily = 4 | 6;

/** `255.255.255.255` */
const LONGEST_IPV4 = 15;
const MAPPED_PREFIX = '\0'.repeat(10) + '\xff\xff';

/** The address whose network bytes these are (4 or 16); throws RangeError on any other length. */
export function addressFromBytes(bytes: Uint8Array): IpAddress {
  if (bytes.length !== 4 && bytes.length !== 16)
    throw new RangeError(`an address has 4 or 16 bytes, not ${bytes.length}`);
  return unmap(String.fromCharCode(...bytes));
}

/** The IPv4 address of its network bytes as one unsigned number. */
export function ipv4FromNumber(value: number): IpAddress {
  const text = String.fromCharCode(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  return text as IpAddress;
}

/** The network bytes of an IPv4 address as one unsigned number. */
export function numberFromIpv4(address: IpAddress): number {
  return (
    ((address.charCodeAt(0) << 24) |
      (address.charCodeAt(1) << 16) |
      (address.charCodeAt(2) << 8) |
      address.charCodeAt(3)) >>>
    0
  );
}

/** The network bytes of an address, newly allocated. */
export function addressBytes(address: IpAddress): Uint8Array {
  return Buffer.from(address, 'latin1');
}

/** 4 or 6. */
export function familyOf(address: IpAddress): IpFamily {
  return address.length === 4 ? 4 : 6;
}

/**
 * Reads dotted-decimal IPv4 or any RFC 4291 §2.2 form of IPv6. Strict: no zone id, port, brackets, prefix length,
 * blanks or octal; whoever accepts those strips them first. Returns undefined for everything else.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (text.length <= LONGEST_IPV4 && !text.includes(':')) return parseIpv4(text);
  if (text.includes('%') || !isIPv6(text)) return undefined;
  return unmap(ipv6Bytes(text));
}

/** In one pass, because each update has one to read. */
function parseIpv4(text: string): IpAddress | undefined {
  let word = 0;
  let dots = 0;
  let value = -1;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit >= 0 && digit <= 9) {
      if (value === 0) return undefined; // a leading zero
      value = value < 0 ? digit : value * 10 + digit;
      if (value > 255) return undefined;
    } else {
      if (text[at] !== '.' || value < 0) return undefined;
      dots++;
      word = (word << 8) | value;
      value = -1;
    }
  }
  if (dots !== 3 || value < 0) return undefined;
  return String.fromCharCode((word >> 16) & 255, (word >> 8) & 255, word & 255, value) as IpAddress;
}

/** Canonical text: dotted decimal, or RFC 5952 (lower case, longest zero run shortened). */
export function formatIpAddress(address: IpAddress): string {
  if (address.length === 4) {
    return `${address.charCodeAt(0)}.${address.charCodeAt(1)}.${address.charCodeAt(2)}.${address.charCodeAt(3)}`;
  }
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((address.charCodeAt(i) << 8) | address.charCodeAt(i + 1));
  const [start, length] = longestZeroRun(groups);
  const hex = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  return length < 2 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

function ipv6Bytes(text: string): string {
  const [head = '', tail] = text.split('::');
  const left = groupsOf(head);
  const right = tail === undefined ? [] : groupsOf(tail);
  const zeros = new Array<number>(8 - left.length - right.length).fill(0);
  return [...left, ...zeros, ...right].map((group) => String.fromCharCode(group >> 8, group & 255)).join('');
}

function groupsOf(text: string): number[] {
  return text
    .split(':')
    .filter((part) => part !== '')
    .flatMap((part) => {
      if (!part.includes('.')) return [Number.parseInt(part, 16)];
      const [a, b, c, d] = part.split('.').map(Number) as [number, number, number, number];
      return [(a << 8) | b, (c << 8) | d];
    });
}

function unmap(bytes: string): IpAddress {
  return (bytes.startsWith(MAPPED_PREFIX) ? bytes.slice(12) : bytes) as IpAddress;
}

function longestZeroRun(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > best[1]) best = [start, end - start];
    if (end > start) start = end;
  }
  return best;
}
