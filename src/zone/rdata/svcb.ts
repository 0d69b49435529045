/**
 * SVCB and HTTPS (RFC 9460): a priority, a target and parameters in ascending order of their keys.
 * Invariants: no key twice, each known key's value well formed, every key that `mandatory` names present (§8).
 */
import { addressBytes, addressFromBytes, formatIpAddress, parseIpAddress } from '../../net/ip-address.ts';
import { type Parsed, parsed, unparsable } from '../../ops/parsed.ts';
import { type Field, type RdataCodec, sequence } from './codec.ts';
import { BASE64, NAME, U16, decodeBase64, decodeNumber, encodeNumber } from './fields.ts';
import { formatQuoted, tokenOctets } from './token.ts';

/** One kind of parameter value. `parse` takes the octets after the first level of escapes. */
interface ParamValue {
  parse(octets: string): Parsed<string>;
  /** The text after `=`, '' where there is none, or undefined where the octets are not well formed. */
  format(wire: string): string | undefined;
}

const OPAQUE: ParamValue = {
  parse: parsed,
  format: (wire) => (wire === '' ? '' : formatQuoted(wire)),
};

const EMPTY: ParamValue = {
  parse: (octets) => (octets === '' ? parsed('') : unparsable('takes no value')),
  format: (wire) => (wire === '' ? '' : undefined),
};

const PORT: ParamValue = {
  parse: (octets) => {
    const port = /^\d{1,5}$/.test(octets) ? Number(octets) : Infinity;
    return port <= 0xffff ? parsed(encodeNumber(port, 2)) : unparsable('is a port from 0 to 65535');
  },
  format: (wire) => (wire.length === 2 ? String(decodeNumber(wire, 0, 2)) : undefined),
};

const ECH: ParamValue = {
  parse: (octets) => {
    const config = decodeBase64(octets);
    return config === undefined ? unparsable('is base64') : parsed(config);
  },
  format: (wire) => BASE64.format(wire, 0)?.text,
};

const ALPN: ParamValue = {
  parse: (octets) => {
    let wire = '';
    for (const id of splitList(octets)) {
      if (id.length === 0 || id.length > 255) return unparsable('lists protocols of 1 to 255 octets');
      wire += String.fromCharCode(id.length) + id;
    }
    return parsed(wire);
  },
  format: (wire) => {
    const ids: string[] = [];
    for (let at = 0; at < wire.length; at += 1 + wire.charCodeAt(at)) {
      const end = at + 1 + wire.charCodeAt(at);
      if (end === at + 1 || end > wire.length) return undefined;
      ids.push(wire.slice(at + 1, end).replace(/[\\,]/g, '\\$&'));
    }
    return ids.length === 0 ? undefined : formatQuoted(ids.join(','));
  },
};

const MANDATORY: ParamValue = {
  parse: (octets) => {
    const keys = octets.split(',').map(parseKey);
    if (keys.includes(undefined)) return unparsable('lists keys of parameters');
    const sorted = (keys as number[]).sort((a, b) => a - b);
    return parsed(sorted.map((key) => encodeNumber(key, 2)).join(''));
  },
  format: (wire) => {
    const keys = mandatoryKeys(wire);
    const ascending = keys.every((key, i) => key > (i === 0 ? 0 : keys[i - 1]!));
    return keys.length > 0 && wire.length % 2 === 0 && ascending ? keys.map(formatKey).join(',') : undefined;
  },
};

const KEYS: readonly (readonly [name: string, value: ParamValue])[] = [
  ['mandatory', MANDATORY],
  ['alpn', ALPN],
  ['no-default-alpn', EMPTY],
  ['port', PORT],
  ['ipv4hint', addressList(4)],
  ['ech', ECH],
  ['ipv6hint', addressList(16)],
  ['dohpath', OPAQUE], // RFC 9461
  ['ohttp', EMPTY], // RFC 9540
];

const PARAMS: Field = {
  parse: (cursor) => {
    const params = new Map<number, string>();
    for (const token of cursor.rest()) {
      const param = parseParam(token.text);
      if (!param.ok) return param;
      const [key, value] = param.value;
      if (params.has(key)) return unparsable(`${formatKey(key)} is given twice`);
      params.set(key, value);
    }
    const sorted = [...params].sort(([a], [b]) => a - b);
    const wire = sorted
      .map(([key, value]) => encodeNumber(key, 2) + encodeNumber(value.length, 2) + value)
      .join('');
    if (formatParams(wire) === undefined)
      return unparsable('mandatory must list other keys, each once, and all of them must be given');
    return parsed(wire);
  },
  format: (wire, at) => {
    const texts = formatParams(wire.slice(at));
    return texts === undefined ? undefined : { text: texts.join(' '), next: wire.length };
  },
};

const WITH_PARAMS = sequence({ 'the priority': U16, 'the target': NAME, parameters: PARAMS });
const WITHOUT_PARAMS = sequence({ 'the priority': U16, 'the target': NAME });

/** SVCB and HTTPS rdata; alias form (priority 0) and service form alike. */
export const SVCB: RdataCodec = {
  parse: (tokens, origin) => (tokens.length > 2 ? WITH_PARAMS : WITHOUT_PARAMS).parse(tokens, origin),
  format: (wire) => WITHOUT_PARAMS.format(wire) ?? WITH_PARAMS.format(wire),
  names: { offset: 2, strings: 0, count: 1, compressible: false },
};

function parseParam(text: string): Parsed<readonly [key: number, value: string]> {
  const equals = text.indexOf('=');
  const name = equals === -1 ? text : text.slice(0, equals);
  const key = parseKey(name);
  if (key === undefined) return unparsable(`'${name}' is no parameter key`);
  const raw = equals === -1 ? '' : text.slice(equals + 1);
  const quoted = raw.length >= 2 && raw.startsWith('"') && raw.endsWith('"');
  const octets = tokenOctets({ text: quoted ? raw.slice(1, -1) : raw, quoted });
  const value = octets.ok ? valueOf(key).parse(octets.value) : octets;
  if (!value.ok) return unparsable(`${name} ${value.reason}`);
  return value.value.length > 0xffff ? unparsable(`${name} is too long`) : parsed([key, value.value]);
}

/** The text of each parameter, or undefined where they are not well formed as a whole. */
function formatParams(wire: string): string[] | undefined {
  const texts: string[] = [];
  const present = new Set<number>();
  let mandatory: readonly number[] = [];
  let last = -1;
  for (let at = 0; at < wire.length;) {
    if (at + 4 > wire.length) return undefined;
    const key = decodeNumber(wire, at, 2);
    const end = at + 4 + decodeNumber(wire, at + 2, 2);
    if (key <= last || key === 0xffff || end > wire.length) return undefined;
    const value = wire.slice(at + 4, end);
    const text = valueOf(key).format(value);
    if (text === undefined) return undefined;
    texts.push(text === '' ? formatKey(key) : `${formatKey(key)}=${text}`);
    if (key === 0) mandatory = mandatoryKeys(value);
    present.add(key);
    last = key;
    at = end;
  }
  return mandatory.every((key) => present.has(key)) ? texts : undefined;
}

function valueOf(key: number): ParamValue {
  return KEYS[key]?.[1] ?? OPAQUE;
}

function formatKey(key: number): string {
  return KEYS[key]?.[0] ?? `key${key}`;
}

function parseKey(text: string): number | undefined {
  const known = KEYS.findIndex(([name]) => name === text);
  if (known !== -1) return known;
  const digits = /^key(0|[1-9]\d{0,4})$/.exec(text)?.[1];
  // 65535 is reserved as invalid (RFC 9460 §14.3.2).
  return digits === undefined || Number(digits) >= 0xffff ? undefined : Number(digits);
}

function mandatoryKeys(wire: string): number[] {
  return Array.from({ length: wire.length >> 1 }, (_, i) => decodeNumber(wire, i * 2, 2));
}

/** The items of a list, in which `\,` and `\\` stand for themselves (RFC 9460 §A.1). */
function splitList(octets: string): string[] {
  const items: string[] = [];
  let item = '';
  for (let at = 0; at < octets.length; at++) {
    const char = octets.charAt(at);
    if (char === ',') {
      items.push(item);
      item = '';
    } else {
      item += char === '\\' ? octets.charAt(++at) : char;
    }
  }
  items.push(item);
  return items;
}

function addressList(size: 4 | 16): ParamValue {
  return {
    parse: (octets) => {
      const addresses = octets.split(',').map(parseIpAddress);
      const wire = addresses.map((address) => address ?? '').join('');
      const all = addresses.every((address) => address?.length === size);
      return all ? parsed(wire) : unparsable(`lists IPv${size === 4 ? 4 : 6} addresses`);
    },
    format: (wire) => {
      if (wire.length === 0 || wire.length % size !== 0) return undefined;
      const parts = Array.from({ length: wire.length / size }, (_, i) =>
        wire.slice(i * size, (i + 1) * size),
      );
      const texts = parts.map((part) => formatIpAddress(addressFromBytes(Buffer.from(part, 'latin1'))));
      // A mapped address would be read as IPv4, so such a list has no text of its own.
      return texts.every((text) => addressBytes(parseIpAddress(text)!).length === size)
        ? texts.join(',')
        : undefined;
    },
  };
}
