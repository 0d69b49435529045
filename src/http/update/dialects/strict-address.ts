/**
 * Address values of dialects that refuse what is no address, where DynDNS2 would take the source address instead.
 * Pure; what the values may look like is the same as there (D-5.3, D-5.4).
 */
import { type IpAddress, type IpFamily, familyOf } from '../../../net/ip-address.ts';
import type { AddressIntent } from '../../../update/request.ts';
import { parseAddressValue } from '../address-intent.ts';

/** An address; `absent` for what stands for none (empty, `auto`, 0.0.0.0, an unfilled template); or no address at all. */
export type StrictAddress = IpAddress | 'absent' | 'invalid';

const ABSENT = /^(?:|auto|0\.0\.0\.0|::|[<[{%#$].*|__.*)$/is;

/** Whether a value stands for no address rather than being none. */
export function standsForNone(text: string): boolean {
  return ABSENT.test(text.trim());
}

/** Reads one value. A prefix is not an address. */
export function parseStrictAddress(text: string): StrictAddress {
  const value = parseAddressValue(text.trim());
  if (value.kind === 'address') return value.address;
  return standsForNone(text) ? 'absent' : 'invalid';
}

/** What the addresses do: each to its own family, the first of a family counts, others are kept. */
export function intentsOf(addresses: readonly IpAddress[]): { ipv4: AddressIntent; ipv6: AddressIntent } {
  const intent = (family: IpFamily): AddressIntent => {
    const address = addresses.find((each) => familyOf(each) === family);
    return address === undefined ? { kind: 'keep' } : { kind: 'set', address };
  };
  return { ipv4: intent(4), ipv6: intent(6) };
}

/** Intents that take both addresses away. */
export const CLEAR_BOTH = { ipv4: { kind: 'clear' }, ipv6: { kind: 'clear' } } as const;
