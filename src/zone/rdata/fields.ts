/**
 * The kinds of fields that rdata is made of: numbers, names, character-strings, hexadecimal and base64 blobs.
 * Invariant: what a field formats it also parses, to the same octets.
 */
import { type Parsed, parsed, unparsable } from '../../ops/parsed.ts';
import { type Name, formatName, nameFromWire, parseName } from '../name.ts';
import { parseDuration } from '../ttl.ts';
import type { Field } from './codec.ts';
import { type Token, type TokenCursor, formatQuoted, tokenOctets } from './token.ts';

/** A whole number of one octet. */
export const U8 = number(1);
/** A whole number of two octets. */
export const U16 = number(2);
/** A whole number of four octets. */
export const U32 = number(4);

/** Seconds in four octets; the units of TTLs are understood (`1h30m`). */
export const SECONDS: Field = {
  parse: (cursor) => {
    const text = cursor.next()!.text;
    const seconds = parseDuration(text);
    if (seconds === undefined) return unparsable(`'${text}' is no time in seconds or as 1w2d3h4m5s`);
    return parsed(encodeNumber(seconds, 4));
  },
  format: (wire, at) => U32.format(wire, at),
};

/** A domain name, absolute or relative to the origin; never compressed. */
export const NAME: Field = {
  parse: (cursor, origin) => parseNameToken(cursor.next()!, origin),
  format: (wire, at) => {
    const next = nameEnd(wire, at);
    if (next === undefined) return undefined;
    const name = wire.slice(at, next);
    // Text is read in lower case, so a name with capitals has no text that gives its octets back.
    return /[A-Z]/.test(name) ? undefined : { text: formatName(nameFromWire(name)), next };
  },
};

/** One character-string of at most 255 octets (RFC 1035 §3.3). */
export const STRING: Field = {
  parse: (cursor) => {
    const octets = tokenOctets(cursor.next()!);
    if (!octets.ok) return octets;
    if (octets.value.length > 255)
      return unparsable(`a string of ${octets.value.length} octets, at most 255 fit`);
    return parsed(String.fromCharCode(octets.value.length) + octets.value);
  },
  format: (wire, at) => {
    const next = at + 1 + wire.charCodeAt(at);
    return at < wire.length && next <= wire.length
      ? { text: formatQuoted(wire.slice(at + 1, next)), next }
      : undefined;
  },
};

/** One or more character-strings to the end; a longer one is split after every 255 octets, as RFC 7208 §3.3 joins them. */
export const STRINGS: Field = {
  parse: (cursor) => {
    let wire = '';
    for (const token of cursor.rest()) {
      const octets = tokenOctets(token);
      if (!octets.ok) return octets;
      for (let at = 0; at === 0 || at < octets.value.length; at += 255) {
        const part = octets.value.slice(at, at + 255);
        wire += String.fromCharCode(part.length) + part;
      }
    }
    return parsed(wire);
  },
  format: (wire, at) => {
    const texts: string[] = [];
    let next = at;
    do {
      const found = STRING.format(wire, next);
      if (found === undefined) return undefined;
      texts.push(found.text);
      next = found.next;
    } while (next < wire.length);
    return { text: texts.join(' '), next };
  },
};

/** A quoted string to the end, its length that of the rdata. */
export const REST_STRING: Field = {
  parse: (cursor) => tokenOctets(cursor.next()!),
  format: (wire, at) => ({ text: formatQuoted(wire.slice(at)), next: wire.length }),
};

/** One or more octets in hexadecimal to the end, blanks between them allowed. */
export const HEX: Field = {
  parse: (cursor) => {
    const hex = joined(cursor);
    if (hex === '' || hex.length % 2 === 1 || !/^[0-9a-fA-F]+$/.test(hex))
      return unparsable('pairs of hexadecimal digits are needed');
    return parsed(Buffer.from(hex, 'hex').toString('latin1'));
  },
  format: (wire, at) =>
    at < wire.length
      ? { text: Buffer.from(wire.slice(at), 'latin1').toString('hex').toUpperCase(), next: wire.length }
      : undefined,
};

/** One or more octets in base64 to the end, blanks between them allowed. */
export const BASE64: Field = {
  parse: (cursor) => {
    const octets = decodeBase64(joined(cursor));
    return octets === undefined ? unparsable('base64 with its padding is needed') : parsed(octets);
  },
  format: (wire, at) =>
    at < wire.length
      ? { text: Buffer.from(wire.slice(at), 'latin1').toString('base64'), next: wire.length }
      : undefined,
};

/** The octets of padded base64 text, or undefined where it is none or empty. */
export function decodeBase64(text: string): string | undefined {
  const bytes = Buffer.from(text, 'base64');
  // Node's decoder skips what it does not know; only text that it gives back was base64.
  return text === '' || bytes.toString('base64') !== text ? undefined : bytes.toString('latin1');
}

/** The wire form of a name as written, or why it is none. */
export function parseNameToken(token: Token, origin: Name): Parsed<Name> {
  if (token.quoted) return unparsable('a name is written without quotes');
  if (/[^\0-\x7f]/.test(token.text))
    return unparsable(`'${token.text}' is not ASCII: write an international name in its xn-- form`);
  const name = token.text === '@' ? origin : parseName(token.text, origin);
  return name === undefined ? unparsable(`'${token.text}' is not a domain name`) : parsed(name);
}

/** The offset after the uncompressed name at `at`, or undefined where there is none. */
export function nameEnd(wire: string, at: number): number | undefined {
  for (let next = at; next < wire.length && next - at < 255;) {
    const length = wire.charCodeAt(next);
    if (length === 0) return next + 1;
    if (length > 63) return undefined;
    next += 1 + length;
  }
  return undefined;
}

/** A number in network byte order. */
export function encodeNumber(value: number, octets: number): string {
  let wire = '';
  for (let shift = (octets - 1) * 8; shift >= 0; shift -= 8)
    wire += String.fromCharCode((value >>> shift) & 255);
  return wire;
}

/** The number of `octets` octets at `at`, which must be there. */
export function decodeNumber(wire: string, at: number, octets: number): number {
  let value = 0;
  for (let i = 0; i < octets; i++) value = value * 256 + wire.charCodeAt(at + i);
  return value;
}

function number(octets: number): Field {
  const max = 256 ** octets - 1;
  return {
    parse: (cursor) => {
      const token = cursor.next()!;
      if (token.quoted || !/^\d{1,10}$/.test(token.text) || Number(token.text) > max)
        return unparsable(`'${token.text}' is no whole number from 0 to ${max}`);
      return parsed(encodeNumber(Number(token.text), octets));
    },
    format: (wire, at) =>
      at + octets <= wire.length
        ? { text: String(decodeNumber(wire, at, octets)), next: at + octets }
        : undefined,
  };
}

function joined(cursor: TokenCursor): string {
  return cursor
    .rest()
    .map((token) => token.text)
    .join('');
}
