/**
 * The static RRsets of one owner as one run of bytes: for each RRset its type (2 octets), TTL (4), number of records,
 * and each record's length and octets; lengths are written seven bits an octet, lowest first.
 * Invariant: decoding gives the RRsets that were encoded, in their order, as copies.
 */
import type { RRset } from '../rrset.ts';

/** How many bytes these RRsets take. */
export function cellLength(rrsets: readonly RRset[]): number {
  let length = 0;
  for (const { rdata } of rrsets) {
    length += 6 + countLength(rdata.length);
    for (const octets of rdata) length += countLength(octets.length) + octets.length;
  }
  return length;
}

/** Writes RRsets at an offset where there is room for them. */
export function encodeCell(rrsets: readonly RRset[], bytes: Buffer, start: number): void {
  let at = start;
  for (const { type, ttl, rdata } of rrsets) {
    at = bytes.writeUInt16BE(type, at);
    at = bytes.writeUInt32BE(ttl, at);
    at = writeCount(rdata.length, bytes, at);
    for (const octets of rdata) {
      at = writeCount(octets.length, bytes, at);
      bytes.set(octets, at);
      at += octets.length;
    }
  }
}

/** Walks the RRsets of a cell; what `rrset` gives is a copy, which later changes do not touch. */
export class CellCursor {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  /** Of the RRset that is next. */
  type = -1;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#peek();
  }

  /** The RRset of a type, or undefined; the cursor is then past it, or at the end. */
  find(type: number): RRset | undefined {
    while (this.type !== -1) {
      if (this.type === type) return this.take();
      this.skip();
    }
    return undefined;
  }

  /** The next RRset; only where `type` is not -1. */
  take(): RRset {
    const type = this.type;
    const ttl = this.#bytes.readUInt32BE(this.#at + 2);
    this.#at += 6;
    const rdata: Uint8Array[] = [];
    for (let left = this.#count(); left > 0; left--) {
      const length = this.#count();
      const octets = new Uint8Array(length);
      for (let i = 0; i < length; i++) octets[i] = this.#bytes[this.#at + i]!;
      rdata.push(octets);
      this.#at += length;
    }
    this.#peek();
    return { type, ttl, rdata };
  }

  /** Goes past the next RRset without reading it. */
  skip(): void {
    this.#at += 6;
    for (let left = this.#count(); left > 0; left--) {
      const length = this.#count();
      this.#at += length;
    }
    this.#peek();
  }

  #peek(): void {
    this.type = this.#at < this.#end ? this.#bytes.readUInt16BE(this.#at) : -1;
  }

  #count(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const octet = this.#bytes[this.#at++]!;
      value += (octet & 127) * factor;
      if (octet < 128) return value;
    }
  }
}

/** How many octets a count takes. */
export function countLength(count: number): number {
  let length = 1;
  for (let rest = count; rest > 127; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Writes a count and returns the offset behind it. */
export function writeCount(count: number, bytes: Uint8Array, start: number): number {
  let at = start;
  let rest = count;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes[at++] = (rest & 127) | 128;
  bytes[at++] = rest;
  return at;
}
