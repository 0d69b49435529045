/**
 * Times as the store writes them, `2026-01-02T03:04:05.678Z`, from their bytes.
 * Invariant: what it reads is what `Date.parse` reads; whatever is not of exactly this form it does not know.
 */
import type { ByteCursor } from './byte-cursor.ts';

const DASH = 0x2d;
const COLON = 0x3a;
const DOT = 0x2e;
const LETTER_T = 0x54;
const LETTER_Z = 0x5a;
const QUOTE = 0x22;
/** Every month has as many days. */
const SHORTEST_MONTH = 28;

/** The time up to a quotation mark, and past it, in milliseconds since 1970; undefined where it does not know. */
export function readTime(cursor: ByteCursor): number | undefined {
  const start = cursor.at;
  const known = readParts(cursor);
  if (known !== undefined) return known;
  cursor.at = start;
  const ms = Date.parse(cursor.text() ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

function readParts(cursor: ByteCursor): number | undefined {
  const year = part(cursor, 4, DASH);
  const month = part(cursor, 2, DASH);
  const day = part(cursor, 2, LETTER_T);
  const hour = part(cursor, 2, COLON);
  const minute = part(cursor, 2, COLON);
  const second = part(cursor, 2, DOT);
  const ms = part(cursor, 3, LETTER_Z);
  if (!cursor.skipOctet(QUOTE) || Math.min(year, hour, minute, second, ms) < 0) return undefined;
  // Date.UTC takes years below 100 for those of the last century.
  if (year < 100 || month < 1 || month > 12 || day < 1 || day > SHORTEST_MONTH) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second, ms);
}

/** A part of so many digits and the octet behind it; -1 where it is none. */
function part(cursor: ByteCursor, digits: number, end: number): number {
  const value = cursor.digits(digits);
  return cursor.skipOctet(end) ? value : -1;
}
