/**
 * Rdata between presentation text and uncompressed wire form, for every type: known ones in their own syntax, the
 * rest and whatever is not well formed as `\# LENGTH HEX` (RFC 3597 §5).
 *
 * Invariants: nothing malformed is parsed, `\#` for a known type included; for all rdata that is well formed, or of
 * an opaque type, parsing the formatted text gives the same octets.
 */
import { type Parsed, parsed, unparsable } from '../../ops/parsed.ts';
import { type Name, nameFromWire } from '../name.ts';
import { formatRRType, isStorableType } from '../rrtype.ts';
import type { RdataNames } from './codec.ts';
import { nameEnd } from './fields.ts';
import { codecOf } from './registry.ts';
import { type Token, splitTokens } from './token.ts';

export type { RdataNames } from './codec.ts';

const MAX_RDATA = 0xffff;

/**
 * Wire form of one record's rdata text; names without a trailing dot are relative to `origin` (`ROOT`: none is).
 * The reason of a failure says which part is wrong and begins with the type.
 */
export function parseRdata(type: number, text: string, origin: Name): Parsed<Uint8Array> {
  const tokens = splitTokens(text);
  return tokens.ok ? parseRdataTokens(type, tokens.value, origin) : fail(type, tokens.reason);
}

/** As `parseRdata`, of text that was already split into words. */
export function parseRdataTokens(type: number, tokens: readonly Token[], origin: Name): Parsed<Uint8Array> {
  if (!isStorableType(type)) return fail(type, 'such records cannot be stored in a zone');
  const [first] = tokens;
  if (first?.text === '\\#' && !first.quoted) return parseGeneric(type, tokens);
  const codec = codecOf(type);
  if (codec === undefined)
    return fail(type, 'records of this type are written in the generic form, \\# LENGTH HEX (RFC 3597)');
  const wire = codec.parse(tokens, origin);
  if (!wire.ok) return fail(type, wire.reason);
  if (wire.value.length > MAX_RDATA) return fail(type, `at most ${MAX_RDATA} octets fit into a record`);
  return parsed(latin1Bytes(wire.value));
}

/** Canonical text of rdata: the type's own syntax, or `\# LENGTH HEX` where that could not give the octets back. */
export function formatRdata(type: number, rdata: Uint8Array): string {
  return codecOf(type)?.format(latin1Text(rdata)) ?? formatGeneric(rdata);
}

/**
 * The rdata with its names in lower case, so that equal records are equal octets (RFC 4034 §6.2); undefined where it
 * is not well formed for its type. Rdata of an opaque type is always well formed.
 */
export function canonicalRdata(type: number, rdata: Uint8Array): Uint8Array | undefined {
  const codec = codecOf(type);
  if (rdata.length > MAX_RDATA) return undefined;
  if (codec === undefined) return rdata;
  const wire = latin1Text(rdata);
  const range = namesRange(type, wire);
  if (codec.names !== undefined && range === undefined) return undefined;
  const [start, end] = range ?? [0, 0];
  const folded = wire.slice(0, start) + nameFromWire(wire.slice(start, end)) + wire.slice(end);
  if (codec.format(folded) === undefined) return undefined;
  return folded === wire ? rdata : latin1Bytes(folded);
}

/** Where the domain names lie in rdata of this type; undefined where it holds none. */
export function rdataNames(type: number): RdataNames | undefined {
  return codecOf(type)?.names;
}

/** The domain names in rdata, in their order; none where the type holds none or the rdata is malformed. */
export function namesInRdata(type: number, rdata: Uint8Array): Name[] {
  const wire = latin1Text(rdata);
  const [start, end] = namesRange(type, wire) ?? [0, 0];
  const names: Name[] = [];
  for (let at = start; at < end; at += names.at(-1)!.length) {
    names.push(nameFromWire(wire.slice(at, nameEnd(wire, at))));
  }
  return names;
}

function namesRange(type: number, wire: string): readonly [start: number, end: number] | undefined {
  const names = rdataNames(type);
  if (names === undefined) return undefined;
  let start = names.offset;
  for (let i = 0; i < names.strings; i++) start += 1 + wire.charCodeAt(start);
  let end: number | undefined = start;
  for (let i = 0; i < names.count && end !== undefined; i++) end = nameEnd(wire, end);
  return end === undefined ? undefined : [start, end];
}

function parseGeneric(type: number, [, length, ...hex]: readonly Token[]): Parsed<Uint8Array> {
  const digits = hex.map((token) => token.text).join('');
  if (length === undefined || !/^\d{1,5}$/.test(length.text) || !/^(?:[0-9a-fA-F]{2})*$/.test(digits))
    return fail(type, '\\# is followed by a length and pairs of hexadecimal digits');
  const rdata = latin1Bytes(Buffer.from(digits, 'hex').toString('latin1'));
  if (rdata.length !== Number(length.text))
    return fail(type, `\\# announces ${length.text} octets and ${rdata.length} follow`);
  if (canonicalRdata(type, rdata) === undefined)
    return fail(type, 'these octets are not well formed for the type');
  return parsed(rdata);
}

function formatGeneric(rdata: Uint8Array): string {
  const hex = Buffer.from(rdata).toString('hex').toUpperCase();
  return rdata.length === 0 ? '\\# 0' : `\\# ${rdata.length} ${hex}`;
}

function fail(type: number, reason: string): ReturnType<typeof unparsable> {
  return unparsable(`${formatRRType(type)}: ${reason}`);
}

function latin1Text(bytes: Uint8Array): string {
  if (bytes.length > 64) return Buffer.from(bytes).toString('latin1');
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
