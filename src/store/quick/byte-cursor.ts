/**
 * Reads text that the store has written, byte by byte and without a string for each part of it.
 * Invariant: a reader takes only what it knows to be the one plain form (no escapes, no leading zeros, labels of
 * a-z 0-9 _ - *); of anything else it says that it does not know it, which says nothing about its being right.
 */
import { type IpAddress, ipv4FromNumber } from '../../net/ip-address.ts';
import { type Name, nameFromWire } from '../../zone/name.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DOT = 0x2e;
const ZERO = 0x30;
const MAX_NAME = 255;
const MAX_LABEL = 63;

/** Octets that stand for themselves in the label of a name. */
const PLAIN_LABEL = Uint8Array.from({ length: 256 }, (_, octet) =>
  /[a-z0-9_*-]/.test(String.fromCharCode(octet)) ? 1 : 0,
);

/** A place in bytes that moves on with everything that is read. */
export class ByteCursor {
  readonly #name = Buffer.alloc(MAX_NAME + 1);
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

  /** Whether everything was read. */
  get isAtEnd(): boolean {
    return this.at === this.#end;
  }

  /** Goes past these bytes, if they come next. */
  skip(expected: Uint8Array): boolean {
    const { length } = expected;
    if (this.at + length > this.#end) return false;
    for (let i = 0; i < length; i++) if (this.#bytes[this.at + i] !== expected[i]) return false;
    this.at += length;
    return true;
  }

  /** A copy of the last bytes that were read. */
  since(length: number): Uint8Array {
    return Uint8Array.from(this.#bytes.subarray(this.at - length, this.at));
  }

  /** A whole number without a sign, at most `max`; -1 where there is none. */
  integer(max: number): number {
    const start = this.at;
    let value = 0;
    for (let digit = this.#digit(); digit !== -1 && value <= max; digit = this.#digit()) {
      value = value * 10 + digit;
      this.at++;
    }
    const length = this.at - start;
    if (length === 0 || value > max || (length > 1 && this.#bytes[start] === ZERO)) return -1;
    return value;
  }

  /** Text up to a quotation mark, and past it; undefined where any of it is not plain ASCII. */
  text(): string | undefined {
    const start = this.at;
    for (; this.at < this.#end; this.at++) {
      const octet = this.#bytes[this.at]!;
      if (octet === QUOTE) return this.#bytes.toString('latin1', start, this.at++);
      if (octet < 0x20 || octet > 0x7e || octet === BACKSLASH) return undefined;
    }
    return undefined;
  }

  /** A name with a trailing dot up to a quotation mark, and past it; undefined where it is not plain. */
  name(): Name | undefined {
    let label = 0;
    let to = 1;
    for (; this.at < this.#end && to <= MAX_NAME; this.at++) {
      const octet = this.#bytes[this.at]!;
      if (PLAIN_LABEL[octet] === 1) {
        this.#name[to++] = octet;
      } else if (octet === DOT) {
        const length = to - label - 1;
        if (length === 0 || length > MAX_LABEL) return undefined;
        this.#name[label] = length;
        label = to++;
      } else {
        if (octet !== QUOTE || to !== label + 1 || label === 0) return undefined;
        this.at++;
        this.#name[label] = 0;
        return nameFromWire(this.#name.toString('latin1', 0, to));
      }
    }
    return undefined;
  }

  /** A dotted-decimal address up to a quotation mark, and past it; undefined where it is none. */
  ipv4(): IpAddress | undefined {
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const octet = this.integer(255);
      if (octet === -1 || this.at >= this.#end || this.#bytes[this.at] !== (i < 3 ? DOT : QUOTE))
        return undefined;
      value = value * 256 + octet;
      this.at++;
    }
    return ipv4FromNumber(value);
  }

  #digit(): number {
    const digit = this.at < this.#end ? this.#bytes[this.at]! - ZERO : -1;
    return digit >= 0 && digit <= 9 ? digit : -1;
  }
}
