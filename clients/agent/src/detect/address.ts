/**
 * What counts as an address. Invariant: exactly one address and nothing else, of the family that was
 * asked for, globally reachable unless that was waived.
 */
import { classifyAddress } from '../../../../src/net/address-class.ts';
import { type IpAddress, familyOf, formatIpAddress, parseIpAddress } from '../../../../src/net/ip-address.ts';
import { type Parsed, parsed, unparsable } from '../../../../src/ops/parsed.ts';
import type { Family } from '../config/agent-config.ts';

/** What an address has to be. */
export interface Wanted {
  readonly family: Family;
  readonly allowPrivate: boolean;
}

/** At most this many octets of an answer are read. */
export const MOST_ANSWER_OCTETS = 1024;

/** Never an address of a machine, whatever the configuration allows. */
const NEVER = new Set(['unspecified', 'multicast', 'broadcast']);

/** Reads the text of an address, and says why it is none; the value is in canonical form. */
export function parseAddress(text: string, { family, allowPrivate }: Wanted): Parsed<string> {
  const address = parseIpAddress(text);
  if (address === undefined) return unparsable('no address');
  // IPv4 in IPv6 is read as IPv4, and belongs to neither family here.
  if ((familyOf(address) === 4) !== (family === 'ipv4') || (familyOf(address) === 4 && text.includes(':')))
    return unparsable(`${formatIpAddress(address)} is of the wrong family`);
  const kind = classOf(address);
  if (kind !== 'global' && (!allowPrivate || NEVER.has(kind)))
    return unparsable(`${formatIpAddress(address)} is not global (${kind})`);
  return parsed(formatIpAddress(address));
}

/** Reads the answer of an HTTP source: text, or JSON with the one member `ip`. */
export function parseAnswer(body: string, wanted: Wanted): Parsed<string> {
  const text = body.trim();
  if (!text.startsWith('{')) return parseAddress(text, wanted);
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    const { ip } = value;
    if (typeof ip === 'string' && Object.keys(value).length === 1) return parseAddress(ip, wanted);
  } catch {
    // Not JSON either: it is refused below like everything else.
  }
  return unparsable('no address');
}

/** NAT64's prefix is global by the registry, but no address of a machine lies in it. */
function classOf(address: IpAddress): string {
  const nat64 = familyOf(address) === 6 && formatIpAddress(address).startsWith('64:ff9b:');
  return nat64 ? 'reserved' : classifyAddress(address);
}
