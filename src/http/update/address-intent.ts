/**
 * What an update's address values mean: an intent for each family (D-5). Pure.
 *
 * Invariants: an address counts by its own family, whatever the parameter was called; a family that nobody
 * mentioned is kept; the source address stands in only where no address at all was given; a prefix is never
 * published as an address.
 */
import { classifyAddress } from '../../net/address-class.ts';
import { type IpAddress, type IpFamily, familyOf, parseIpAddress } from '../../net/ip-address.ts';
import { prefixOf } from '../../net/ip-prefix.ts';
import type { AddressIntent } from '../../update/request.ts';
import type { AddressText, UpdateParameters } from './parameters.ts';

/** The intents, and which families the request was about, in its order; empty where it named no address. */
export interface AddressUpdate {
  readonly ipv4: AddressIntent;
  readonly ipv6: AddressIntent;
  readonly families: readonly IpFamily[];
}

/** One value of a list. `unset` is anything that stands for no address: empty, `auto`, 0.0.0.0, an unfilled template. */
export type AddressValue =
  { readonly kind: 'address'; readonly address: IpAddress } | { readonly kind: 'prefix' | 'keep' | 'unset' };

const KEEP: AddressIntent = { kind: 'keep' };
const CLEAR: AddressIntent = { kind: 'clear' };
const MAX_VALUES = 32;

/** What the values say about one family. */
interface FamilyState {
  address: IpAddress | undefined;
  kept: boolean;
  mentioned: boolean;
}

/** The intents of a request whose source address is `source`. */
export function resolveAddressUpdate(
  parameters: Pick<UpdateParameters, 'addresses' | 'prefix' | 'offline'>,
  source: IpAddress,
): AddressUpdate {
  if (parameters.offline.toLowerCase() === 'yes') return { ipv4: CLEAR, ipv6: CLEAR, families: [] };
  const state: Record<IpFamily, FamilyState> = {
    4: { address: undefined, kept: false, mentioned: false },
    6: { address: undefined, kept: false, mentioned: false },
  };
  const families: IpFamily[] = [];
  let prefix = parameters.prefix;
  for (const { family, text } of listedValues(parameters.addresses)) {
    state[family].mentioned = true;
    const value = parseAddressValue(text);
    if (value.kind === 'keep') state[family].kept = true;
    else if (value.kind === 'prefix') prefix = true;
    else if (value.kind === 'address' && state[familyOf(value.address)].address === undefined) {
      state[familyOf(value.address)].address = value.address;
      families.push(familyOf(value.address));
    }
  }
  if (families.length === 0 && !prefix && sourceStandsIn(state, familyOf(source))) {
    state[familyOf(source)].address = source;
    families.push(familyOf(source));
  }
  return { ipv4: intentFor(state[4].address), ipv6: intentFor(state[6].address), families };
}

/** `myip=no` alone asks for nothing: a family it does not name is not the source's to fill. */
function sourceStandsIn(state: Record<IpFamily, FamilyState>, family: IpFamily): boolean {
  return !state[family].kept && (state[family].mentioned || !(state[4].kept || state[6].kept));
}

/** Reads one value; see D-5.3 for what is stripped from it. */
export function parseAddressValue(text: string): AddressValue {
  const plain = parseIpAddress(text);
  if (plain !== undefined) return addressValue(plain);
  const trimmed = text.trim().toLowerCase();
  if (trimmed === 'no' || trimmed === 'preserve') return { kind: 'keep' };
  const match = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(trimmed.replace(/%[^\]/]*/, '')); // a zone id is the device's own
  const address = parseDecoratedAddress(match?.[1] ?? '');
  if (address === undefined) return { kind: 'unset' };
  const length = match?.[2] === undefined ? 128 : Number(match[2]);
  if (address.length === 16 && length < 128 && prefixOf(address, length).base === address) {
    return { kind: 'prefix' };
  }
  return addressValue(address);
}

function addressValue(address: IpAddress): AddressValue {
  return classifyAddress(address) === 'unspecified' ? { kind: 'unset' } : { kind: 'address', address };
}

/** An address in brackets, with a port, or IPv4 with leading zeros, which are decimal here and never octal. */
function parseDecoratedAddress(text: string): IpAddress | undefined {
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1];
  const bare = bracketed ?? /^([\d.]+):\d{1,5}$/.exec(text)?.[1] ?? text;
  const address = parseIpAddress(bare);
  if (address !== undefined) return address;
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(bare)
    ? parseIpAddress(bare.split('.').map(Number).join('.'))
    : undefined;
}

/** The values of all lists in request order. */
function listedValues(addresses: readonly AddressText[]): readonly AddressText[] {
  if (addresses.length === 1 && !addresses[0]!.text.includes(',')) return addresses;
  return addresses
    .slice(0, MAX_VALUES)
    .flatMap(({ family, text }) => text.split(',', MAX_VALUES).map((part) => ({ family, text: part })))
    .slice(0, MAX_VALUES);
}

function intentFor(address: IpAddress | undefined): AddressIntent {
  return address === undefined ? KEEP : { kind: 'set', address };
}
