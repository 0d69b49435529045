/**
 * The address of this machine's own interfaces: the stable one among many. Pure: what the system says comes in.
 * Invariant: the choice does not depend on the order in which the system names the addresses.
 */
import { addressBytes, parseIpAddress } from '../../../../src/net/ip-address.ts';
import { type Parsed, parsed, unparsable } from '../../../../src/ops/parsed.ts';
import { type Wanted, parseAddress } from './address.ts';

/** An address of an interface. */
export interface InterfaceAddress {
  readonly interface: string;
  readonly address: string;
  /** Whether the system says which addresses are temporary, deprecated or tentative. */
  readonly flagsKnown: boolean;
  /** Temporary (RFC 8981), deprecated, tentative or a duplicate. */
  readonly unstable: boolean;
  /** In seconds; Infinity for ever; undefined where the system does not say. */
  readonly preferredSeconds?: number;
}

/** The stable address of the interface, or of any; `before` is the one that was acknowledged. */
export function chooseAddress(
  addresses: readonly InterfaceAddress[],
  wanted: Wanted,
  choice: { readonly interface?: string | undefined; readonly before?: string | undefined },
): Parsed<string> {
  const candidates = addresses
    .filter((entry) => choice.interface === undefined || entry.interface === choice.interface)
    .filter(({ unstable }) => !unstable)
    .flatMap((entry) => {
      const address = parseAddress(entry.address.replace(/%.*$/, ''), wanted);
      return address.ok ? [{ ...entry, address: address.value }] : [];
    });
  if (candidates.length === 0) return unparsable('no such address on an interface');
  const rank = (entry: InterfaceAddress): number =>
    entry.flagsKnown || wanted.family === 'ipv4'
      ? 0
      : entry.address === choice.before
        ? 1
        : isEui64(entry.address)
          ? 2
          : 3;
  candidates.sort(
    (a, b) =>
      rank(a) - rank(b) ||
      compare(b.preferredSeconds ?? 0, a.preferredSeconds ?? 0) ||
      compare(bytesOf(a.address), bytesOf(b.address)),
  );
  return parsed(candidates[0]!.address);
}

/** Whether the lower half of an IPv6 address was made of a MAC address (RFC 4291, appendix A). */
export function isEui64(address: string): boolean {
  const bytes = addressBytes(parseIpAddress(address)!);
  return bytes.length === 16 && bytes[11] === 0xff && bytes[12] === 0xfe;
}

function bytesOf(address: string): string {
  return Buffer.from(addressBytes(parseIpAddress(address)!)).toString('hex');
}

function compare(a: number | string, b: number | string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
