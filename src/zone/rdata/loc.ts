/**
 * LOC (RFC 1876): a place on Earth in thousandths of a second of arc, its altitude in centimetres, and three sizes of
 * one digit and a power of ten each.
 * Invariant: only what §2 defines is well formed: version 0, angles within the globe, sizes of two decimal digits.
 */
import { type Parsed, parsed, unparsable } from '../../ops/parsed.ts';
import { type Field, sequence } from './codec.ts';
import { decodeNumber, encodeNumber } from './fields.ts';
import type { TokenCursor } from './token.ts';

/** The wire form of 0° (§2). */
const EQUATOR = 2 ** 31;
/** Centimetres by which the reference of altitudes lies below the spheroid (§2). */
const ALTITUDE_BASE = 10_000_000;
const MS_PER_DEGREE = 3_600_000;
const MAX_SIZE = 9_000_000_000;
/** What the sizes are where the text leaves them out, in centimetres (§3): 1 m, 10 km, 10 m. */
const DEFAULT_SIZES = [100, 1_000_000, 1000] as const;

const LATITUDE = { positive: 'N', negative: 'S', degrees: 90 } as const;
const LONGITUDE = { positive: 'E', negative: 'W', degrees: 180 } as const;
type Axis = typeof LATITUDE | typeof LONGITUDE;

const PLACE_ON_EARTH: Field = {
  parse: (cursor) => {
    const latitude = parseAngle(cursor, LATITUDE);
    if (!latitude.ok) return latitude;
    const longitude = parseAngle(cursor, LONGITUDE);
    if (!longitude.ok) return longitude;
    const altitude = parseMetres(cursor.next()?.text ?? '', [-ALTITUDE_BASE, 2 ** 32 - 1 - ALTITUDE_BASE]);
    if (altitude === undefined) return unparsable('the altitude is metres from -100000.00m to 42849672.95m');
    const sizes: number[] = [];
    for (const usual of DEFAULT_SIZES) {
      const token = cursor.next();
      const size = token === undefined ? usual : parseMetres(token.text, [0, MAX_SIZE]);
      if (size === undefined) return unparsable('sizes are metres from 0m to 90000000m');
      sizes.push(encodeSize(size));
    }
    const numbers = [latitude.value, longitude.value, altitude + ALTITUDE_BASE];
    return parsed(String.fromCharCode(0, ...sizes) + numbers.map((value) => encodeNumber(value, 4)).join(''));
  },
  format: (wire, at) => {
    if (wire.length - at !== 16 || wire[at] !== '\0') return undefined;
    const sizes = [1, 2, 3].map((i) => formatSize(wire.charCodeAt(at + i)));
    const latitude = formatAngle(decodeNumber(wire, at + 4, 4), LATITUDE);
    const longitude = formatAngle(decodeNumber(wire, at + 8, 4), LONGITUDE);
    if (latitude === undefined || longitude === undefined || sizes.includes(undefined)) return undefined;
    const altitude = `${((decodeNumber(wire, at + 12, 4) - ALTITUDE_BASE) / 100).toFixed(2)}m`;
    return { text: [latitude, longitude, altitude, ...sizes].join(' '), next: wire.length };
  },
};

/** LOC rdata. Sizes keep their first digit, as their wire form has no more. */
export const LOC = sequence({ 'the location': PLACE_ON_EARTH });

/** Degrees, minutes and seconds up to the letter of a hemisphere, as the 32-bit number of the wire form. */
function parseAngle(cursor: TokenCursor, axis: Axis): Parsed<number> {
  const parts: string[] = [];
  let letter = cursor.next()?.text;
  while (letter !== undefined && /^[\d.]+$/.test(letter) && parts.length < 3) {
    parts.push(letter);
    letter = cursor.next()?.text;
  }
  const sign = letter?.toUpperCase();
  const [degrees, minutes = '0', seconds = '0'] = parts;
  const isWritten =
    (sign === axis.positive || sign === axis.negative) &&
    /^\d{1,3}$/.test(degrees ?? '') &&
    /^[0-5]?\d$/.test(minutes) &&
    /^[0-5]?\d(?:\.\d{1,3})?$/.test(seconds);
  const angle =
    Number(degrees) * MS_PER_DEGREE + Number(minutes) * 60_000 + Math.round(Number(seconds) * 1000);
  if (!isWritten || angle > axis.degrees * MS_PER_DEGREE)
    return unparsable(
      `degrees up to ${axis.degrees}, minutes, seconds and ${axis.positive} or ${axis.negative} are needed`,
    );
  return parsed(EQUATOR + (sign === axis.positive ? angle : -angle));
}

function formatAngle(value: number, axis: Axis): string | undefined {
  const angle = Math.abs(value - EQUATOR);
  if (angle > axis.degrees * MS_PER_DEGREE) return undefined;
  const degrees = Math.floor(angle / MS_PER_DEGREE);
  const minutes = Math.floor((angle % MS_PER_DEGREE) / 60_000);
  const seconds = ((angle % 60_000) / 1000).toFixed(3);
  return `${degrees} ${minutes} ${seconds} ${value < EQUATOR ? axis.negative : axis.positive}`;
}

/** Metres with up to two decimals, as centimetres; undefined where it is no such text or out of range. */
function parseMetres(text: string, [least, most]: readonly [number, number]): number | undefined {
  const metres = /^(-?\d{1,8}(?:\.\d{1,2})?)m?$/i.exec(text)?.[1];
  const centimetres = Math.round(Number(metres) * 100);
  return metres !== undefined && centimetres >= least && centimetres <= most ? centimetres : undefined;
}

function encodeSize(centimetres: number): number {
  let [digit, power] = [centimetres, 0];
  for (; digit > 9; power++) digit = Math.floor(digit / 10);
  return (digit << 4) | power;
}

function formatSize(octet: number): string | undefined {
  const [digit, power] = [octet >> 4, octet & 15];
  // §2: digits above 9, and zero with a power, are not defined.
  if (digit > 9 || power > 9 || (digit === 0 && power > 0)) return undefined;
  const metres = (digit * 10 ** power) / 100;
  return `${Number.isInteger(metres) ? metres : metres.toFixed(2)}m`;
}
