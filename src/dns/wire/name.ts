/**
 * Names inside a received message (RFC 1035 §3.1, §4.1.4).
 *
 * Invariant: bounded work whatever the bytes are. Skipping never follows a pointer; reading follows at most
 * MAX_HOPS pointers in a whole message, each of them strictly backwards.
 */
import { type Name, nameFromWire } from '../../zone/name.ts';

/** How many compression pointers are followed in one message. */
export const MAX_HOPS = 32;

const MAX_NAME = 255;
const HEADER_LENGTH = 12;

/** The hops that are left for a message; made once for it and spent by `readName`. */
export interface HopBudget {
  hops: number;
}

/** The offset after the name at `start`, or undefined where no well-formed name stands there. */
export function skipName(bytes: Uint8Array, start: number): number | undefined {
  let at = start;
  for (;;) {
    const length = bytes[at];
    if (length === undefined) return undefined;
    if (length === 0) return at + 1 - start > MAX_NAME ? undefined : at + 1;
    if (length >= 0xc0) {
      const target = pointerAt(bytes, at);
      return target === undefined || target >= start ? undefined : at + 2;
    }
    if (length > 63 || at + 1 + length - start > MAX_NAME) return undefined;
    at += 1 + length;
  }
}

/** The name at `start` in lower case and the offset after it; undefined where it is malformed or too far to follow. */
export function readName(
  bytes: Uint8Array,
  start: number,
  budget: HopBudget,
): { readonly name: Name; readonly end: number } | undefined {
  const end = skipName(bytes, start);
  if (end === undefined) return undefined;
  let wire = '';
  let at = start;
  let segment = start;
  for (;;) {
    const length = bytes[at];
    if (length === undefined || (length > 63 && length < 0xc0)) return undefined;
    if (length < 0xc0) {
      const next = at + 1 + length;
      if (next > bytes.length || wire.length + 1 + length > MAX_NAME) return undefined;
      wire += latin1(bytes, at, next);
      if (length === 0) return { name: nameFromWire(wire), end };
      at = next;
      continue;
    }
    const target = pointerAt(bytes, at);
    if (target === undefined || target >= segment || budget.hops === 0) return undefined;
    budget.hops--;
    at = segment = target;
  }
}

/** The octets from `start` to `end` as a latin1 string. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return buffer.toString('latin1', start, end);
}

function pointerAt(bytes: Uint8Array, at: number): number | undefined {
  const low = bytes[at + 1];
  if (low === undefined) return undefined;
  const target = ((bytes[at]! & 0x3f) << 8) | low;
  return target < HEADER_LENGTH ? undefined : target;
}
