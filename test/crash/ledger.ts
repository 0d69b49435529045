/**
 * What a device knows: which update it was told is done, and which ones it sent without reading an answer.
 *
 * Each device owns one host in each zone and moves both, both address families at once, to the n-th address of a
 * series, for rising n. So from any address one can tell which update it came from, and four addresses that do not
 * belong together show an update that was applied in part.
 */

/** The zones; a device has a host in each, so that every update is one commit across two zones. */
export const ZONES = ['crash.test', 'second.test'] as const;

/** One device's knowledge. */
export interface Ledger {
  readonly hosts: readonly string[];
  /** The last update that was answered `good`. */
  acknowledged: number;
  /** The last update that was sent. */
  attempted: number;
}

/** New ledgers, with nothing sent. */
export function createLedgers(count: number): Ledger[] {
  return Array.from({ length: count }, (_, i) => ({
    hosts: ZONES.map((zone) => `d${i}.${zone}`),
    acknowledged: 0,
    attempted: 0,
  }));
}

/** The addresses of the n-th update, n from 1 to 16,777,215. */
export function addressesOf(n: number): { readonly ipv4: string; readonly ipv6: string } {
  const hex = (part: number): string => part.toString(16);
  return {
    ipv4: `10.${n >>> 16}.${(n >>> 8) & 255}.${n & 255}`,
    ipv6: `fd00::1:${hex(n >>> 16)}:${hex(n & 0xffff)}`,
  };
}

/** The n of an IPv4 address of the series; 0 for none. */
export function updateOf(ipv4: string | undefined): number {
  if (ipv4 === undefined) return 0;
  const [, a, b, c] = ipv4.split('.').map(Number) as [number, number, number, number];
  return (a << 16) | (b << 8) | c;
}
