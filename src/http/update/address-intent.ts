/**
 * What an update's address values mean: an intent for each family, and the prefix of the device's network (D-5, D-12).
 * Pure.
 *
 * Invariants: an address counts by its own family, whatever the parameter was called; a family that nobody
 * mentioned is kept; the source address stands in only where no address at all was given; a prefix is never
 * published as an address.
 */
import { classifyAddress } from '../../net/address-class.ts';
import { type IpAddress, type IpFamily, familyOf, parseIpAddress } from '../../net/ip-address.ts';
import { type IpPrefix, prefixOf } from '../../net/ip-prefix.ts';
import type { AddressIntent } from '../../update/request.ts';
import type { AddressText, UpdateParameters } from './parameters.ts';

/** The intents, which families the request was about, in its order (none where it named no address), and the prefix. */
export interface AddressUpdate {
  readonly ipv4: AddressIntent;
  readonly ipv6: AddressIntent;
  readonly families: readonly IpFamily[];
  /** Undefined where none was sent. */
  readonly prefix: IpPrefix | undefined;
  /** Whether a value was neither of these nor one that stands for no address; its sender's owner should know. */
  readonly malformed: boolean;
}

/** One value of a list. `unset` is anything that stands for no address: empty, `auto`, 0.0.0.0, an unfilled template. */
export type AddressValue =
  | { readonly kind: 'address'; readonly address: IpAddress }
  | { readonly kind: 'prefix'; readonly prefix: IpPrefix }
  | { readonly kind: 'keep' }
  | { readonly kind: 'unset' };

const KEEP: AddressIntent = { kind: 'keep' };
const CLEAR: AddressIntent = { kind: 'clear' };
const MAX_VALUES = 32;
/** What devices send on purpose where they have no address; with a template that nobody filled, something is wrong. */
const NONE = /^(?:|auto|0\.0\.0\.0|::(?:\/0)?)$/i;
/** The length of a prefix that was sent without one. */
const LAN_LENGTH = 64;
const NO_INTERFACE = '\0'.repeat(8);

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
  if (parameters.offline.toLowerCase() === 'yes') {
    return { ipv4: CLEAR, ipv6: CLEAR, families: [], prefix: undefined, malformed: false };
  }
  const state: Record<IpFamily, FamilyState> = {
    4: { address: undefined, kept: false, mentioned: false },
    6: { address: undefined, kept: false, mentioned: false },
  };
  const families: IpFamily[] = [];
  let isPrefixSent = parameters.prefix !== '';
  let prefix = isPrefixSent ? parsePrefixValue(parameters.prefix) : undefined;
  let malformed = prefix === undefined && !standsForNone(parameters.prefix);
  for (const { family, text } of listedValues(parameters.addresses)) {
    state[family].mentioned = true;
    const value = parseAddressValue(text);
    switch (value.kind) {
      case 'unset':
        malformed ||= !standsForNone(text);
        break;
      case 'keep':
        state[family].kept = true;
        break;
      case 'prefix':
        isPrefixSent = true;
        prefix ??= value.prefix;
        break;
      case 'address': {
        const own = familyOf(value.address);
        if (state[own].address !== undefined) break;
        state[own].address = value.address;
        families.push(own);
      }
    }
  }
  if (families.length === 0 && !isPrefixSent && sourceStandsIn(state, familyOf(source))) {
    state[familyOf(source)].address = source;
    families.push(familyOf(source));
  }
  const [ipv4, ipv6] = [intentFor(state[4].address), intentFor(state[6].address)];
  return { ipv4, ipv6, families, prefix, malformed };
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
  const value = parseWithLength(trimmed);
  if (value === undefined) return { kind: 'unset' };
  return addressValue(value.address, value.length);
}

/** Reads the value of a prefix parameter: the first of a list that is one; see D-12.2. */
export function parsePrefixValue(text: string): IpPrefix | undefined {
  for (const part of text.split(',', MAX_VALUES)) {
    const value = parseWithLength(part.trim().toLowerCase());
    if (value?.address.length !== 16 || (value.length ?? 0) > 128) continue;
    const prefix = prefixOf(value.address, value.length ?? LAN_LENGTH);
    if (!isUnspecified(prefix.base)) return prefix;
  }
  return undefined;
}

/** No interface has the id zero, and with a length nothing but a network ends with it: such an address is a prefix. */
function addressValue(address: IpAddress, length?: number): AddressValue {
  if (isUnspecified(address)) return { kind: 'unset' };
  if (address.length === 4 || length === 128) return { kind: 'address', address };
  const bits = length !== undefined && length < 128 ? length : undefined;
  const hasInterface = !address.endsWith(NO_INTERFACE);
  if (hasInterface && bits === undefined) return { kind: 'address', address };
  const prefix = prefixOf(address, bits ?? LAN_LENGTH);
  return hasInterface && prefix.base !== address ? { kind: 'address', address } : { kind: 'prefix', prefix };
}

function isUnspecified(address: IpAddress): boolean {
  return classifyAddress(address) === 'unspecified';
}

/** An address and the length behind it, if there is one; trimmed and in lower case. Brackets may stand around both. */
function parseWithLength(text: string): { address: IpAddress; length: number | undefined } | undefined {
  const bare = /^\[([^\]/]*\/\d{1,3})\]$/.exec(text)?.[1] ?? text;
  const match = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(bare.replace(/%[^\]/]*/, '')); // a zone id is the device's own
  const address = parseDecoratedAddress(match?.[1] ?? '');
  if (address === undefined) return undefined;
  return { address, length: match?.[2] === undefined ? undefined : Number(match[2]) };
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

function standsForNone(text: string): boolean {
  return text === '' || NONE.test(text.trim());
}

function intentFor(address: IpAddress | undefined): AddressIntent {
  return address === undefined ? KEEP : { kind: 'set', address };
}
