/**
 * Reads text that the store has written, byte by byte and without a string for each part of it.
 * Invariant: a reader takes only what it knows to be the one plain form (no escapes, no leading zeros, labels of
 * a-z 0-9 _ - *); of anything else it says that it does not know it, which says nothing about its being right.
 */
import { type Name, nameFromWire } from '../../zone/name.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DOT = 0x2e;
const ZERO = 0x30;
const MAX_NAME = 255;
const MAX_LABEL = 63;
/** Octets of a buffer into which any name can be read. */
export const NAME_ROOM = MAX_NAME + 1;

/** Octets that stand for themselves in the label of a name. */
const PLAIN_LABEL = Uint8Array.from({ length: 256 }, (_, octet) =>
  /[a-z0-9_*-]/.test(String.fromCharCode(octet)) ? 1 : 0,
);

/** A place in bytes that moves on with everything that is read. */
export class ByteCursor {
  readonly #octets = Buffer.alloc(NAME_ROOM);
  #bytes: Buffer = Buffer.alloc(0);
  #end = 0;
  /** The offset of what is read next. */
  at = 0;

  /** Begins at `start`; nothing from `end` on is read. */
  set(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes;
    this.at = start;
    this.#end = end;
  }

  /** Goes past these bytes, if they come next. */
  skip(expected: Uint8Array): boolean {
    const { length } = expected;
    const bytes = this.#bytes;
    const { at } = this;
    if (at + length > this.#end) return false;
    for (let i = 0; i < length; i++) if (bytes[at + i] !== expected[i]) return false;
    this.at = at + length;
    return true;
  }

  /** Goes past one octet, if it comes next. */
  skipOctet(octet: number): boolean {
    if (this.at >= this.#end || this.#bytes[this.at] !== octet) return false;
    this.at++;
    return true;
  }

  /** A copy of the last bytes that were read. */
  since(length: number): Uint8Array {
    return Uint8Array.from(this.#bytes.subarray(this.at - length, this.at));
  }

  /** A whole number without a sign, at most `max`; -1 where there is none. */
  integer(max: number): number {
    const bytes = this.#bytes;
    const start = this.at;
    let at = start;
    let value = 0;
    for (; at < this.#end && value <= max; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    this.at = at;
    if (at === start || value > max || (at > start + 1 && bytes[start] === ZERO)) return -1;
    return value;
  }

  /** Exactly `count` digits as a number; -1 where there are others. */
  digits(count: number): number {
    if (this.at + count > this.#end) return -1;
    let value = 0;
    for (const end = this.at + count; this.at < end; this.at++) {
      const digit = this.#bytes[this.at]! - ZERO;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
    }
    return value;
  }

  /** Goes past plain text of this length and the quotation mark behind it; false where it is none, or of another length. */
  skipText(length: number): boolean {
    const end = this.at + length;
    if (end >= this.#end || this.#bytes[end] !== QUOTE) return false;
    for (let at = this.at; at < end; at++) if (!isPlain(this.#bytes[at]!)) return false;
    this.at = end + 1;
    return true;
  }

  /** Text up to a quotation mark, and past it; undefined where any of it is not plain ASCII. */
  text(): string | undefined {
    const start = this.at;
    for (; this.at < this.#end; this.at++) {
      const octet = this.#bytes[this.at]!;
      if (octet === QUOTE) return this.#bytes.toString('latin1', start, this.at++);
      if (!isPlain(octet)) return undefined;
    }
    return undefined;
  }

  /** A name with a trailing dot up to a quotation mark, and past it; undefined where it is not plain. */
  name(): Name | undefined {
    const length = this.nameOctets(this.#octets);
    return length === 0 ? undefined : nameFromWire(this.#octets.toString('latin1', 0, length));
  }

  /** As `name`, writing wire octets into a buffer of NAME_ROOM: how many they are, 0 where the name is not plain. */
  nameOctets(octets: Buffer): number {
    const bytes = this.#bytes;
    const end = Math.min(this.#end, this.at + MAX_NAME + 1);
    let label = 0;
    let to = 1;
    for (let { at } = this; at < end && to <= MAX_NAME; at++) {
      const octet = bytes[at]!;
      if (PLAIN_LABEL[octet] === 1) {
        octets[to++] = octet;
      } else if (octet === DOT) {
        const length = to - label - 1;
        if (length === 0 || length > MAX_LABEL) return 0;
        octets[label] = length;
        label = to++;
      } else {
        if (octet !== QUOTE || to !== label + 1 || label === 0) return 0;
        this.at = at + 1;
        octets[label] = 0;
        return to;
      }
    }
    return 0;
  }

  /** As `nameOctets`, of one label up to a quotation mark, which stands before the name whose wire octets are `parent`. */
  labelOctets(octets: Buffer, parent: Uint8Array): number {
    const bytes = this.#bytes;
    const start = this.at;
    const end = Math.min(this.#end, start + MAX_LABEL + 1);
    let at = start;
    for (; at < end && PLAIN_LABEL[bytes[at]!] === 1; at++) octets[at - start + 1] = bytes[at]!;
    const length = at - start;
    if (length === 0 || length > MAX_LABEL || at >= this.#end || bytes[at] !== QUOTE) return 0;
    if (1 + length + parent.length > MAX_NAME) return 0;
    octets[0] = length;
    octets.set(parent, 1 + length);
    this.at = at + 1;
    return 1 + length + parent.length;
  }

  /** A dotted-decimal address up to a quotation mark, and past it, as a number; -1 where it is none. */
  ipv4(): number {
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const octet = this.integer(255);
      if (octet === -1 || !this.skipOctet(i < 3 ? DOT : QUOTE)) return -1;
      value = value * 256 + octet;
    }
    return value;
  }
}

/** Whether an octet of a text stands for itself and is printable ASCII. */
function isPlain(octet: number): boolean {
  return octet >= 0x20 && octet <= 0x7e && octet !== QUOTE && octet !== BACKSLASH;
}
