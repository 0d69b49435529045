/**
 * Address prefixes (`198.51.100.0/24`, `2001:db8::/32`): parsing, membership, the network part of an address.
 * Invariant: the host bits of a prefix's base are zero.
 */
import { type IpAddress, familyOf, formatIpAddress, parseIpAddress } from './ip-address.ts';

/** All addresses of one family that share their first `length` bits with `base`. */
export interface IpPrefix {
  readonly base: IpAddress;
  readonly length: number;
}

/** Reads `ADDRESS/LENGTH`, or a bare address as the prefix that holds only it. Undefined if it is neither. */
export function parseIpPrefix(text: string): IpPrefix | undefined {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text.trim());
  const address = match?.[1] === undefined ? undefined : parseIpAddress(match[1]);
  if (address === undefined) return undefined;
  const bits = address.length * 8;
  const length = match?.[2] === undefined ? bits : Number(match[2]);
  return length > bits ? undefined : prefixOf(address, length);
}

/** Canonical `ADDRESS/LENGTH`. */
export function formatIpPrefix(prefix: IpPrefix): string {
  return `${formatIpAddress(prefix.base)}/${prefix.length}`;
}

/** The prefix of `length` bits (at most 32 for IPv4, 128 for IPv6) that holds `address`. */
export function prefixOf(address: IpAddress, length: number): IpPrefix {
  let base = '';
  for (let i = 0; i < address.length; i++) {
    const kept = Math.min(8, Math.max(0, length - i * 8));
    base += String.fromCharCode(address.charCodeAt(i) & (0xff00 >> kept) & 0xff);
  }
  return { base: base as IpAddress, length };
}

/** Whether two prefixes are the same addresses. */
export function isSamePrefix(a: IpPrefix | undefined, b: IpPrefix | undefined): boolean {
  return a?.base === b?.base && a?.length === b?.length;
}

/** Whether `address` is of the prefix's family and shares its first bits. */
export function prefixContains(prefix: IpPrefix, address: IpAddress): boolean {
  if (familyOf(prefix.base) !== familyOf(address)) return false;
  const whole = prefix.length >> 3;
  for (let i = 0; i < whole; i++) if (prefix.base.charCodeAt(i) !== address.charCodeAt(i)) return false;
  const rest = prefix.length & 7;
  if (rest === 0) return true;
  const mask = (0xff00 >> rest) & 0xff;
  return (prefix.base.charCodeAt(whole) & mask) === (address.charCodeAt(whole) & mask);
}
