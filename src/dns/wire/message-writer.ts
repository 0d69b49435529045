/**
 * The bytes of a message under way: names with compression (RFC 1035 §4.1.4), RRsets whole or not at all
 * (RFC 2181 §9).
 *
 * Invariants: never longer than its limit; a pointer always means an earlier name; names inside RDATA are compressed
 * for the types of RFC 1035 only (RFC 3597 §4).
 */
import { type Name, nameFromWire } from '../../zone/name.ts';
import type { OwnedRRset } from '../../zone/rrset.ts';
import { rdataNames } from '../../zone/rdata/rdata.ts';
import { latin1 } from './name.ts';

const MAX_POINTER = 0x3fff;
/** More than most answers have; a larger one would soon use up the pool that Node cuts small buffers from. */
const FIRST_CAPACITY = 256;

/** Writes one message of at most `limit` bytes whose records are of one class. */
export class MessageWriter {
  readonly #limit: number;
  readonly #class: number;
  #bytes: Buffer;
  #length = 0;
  /** Whether something did not fit since the last RRset began. */
  #overflow = false;
  /** The name of the question, which names of an answer mostly are or end with, and where it stands. */
  #question = '';
  #questionAt = 0;
  /** Where each other name and each of its ancestors was first written; undefined while there is none. */
  #names: Map<string, number> | undefined;
  /** The keys of #names in the order of writing, to take back those of an RRset that did not fit. */
  readonly #written: string[] = [];

  constructor(limit: number, recordClass: number) {
    this.#limit = limit;
    this.#class = recordClass;
    this.#bytes = Buffer.allocUnsafe(Math.min(limit, FIRST_CAPACITY));
  }

  /** Appends bytes as they are. */
  writeBytes(bytes: Uint8Array): void {
    if (!this.#reserve(bytes.length)) return;
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Appends the question for `name` that is already in wire form, and lets later names point into it. */
  writeQuestion(question: Uint8Array, name: Name): void {
    this.#questionAt = this.#length;
    this.#question = name;
    this.writeBytes(question);
  }

  /** Appends all records of an RRset, keeping `reserved` bytes free; false where they do not fit, without a trace. */
  writeRRset({ owner, rrset }: OwnedRRset, reserved: number): boolean {
    const start = this.#length;
    const names = this.#written.length;
    this.#overflow = false;
    for (const rdata of rrset.rdata) {
      this.#writeKnown(owner, owner);
      this.#writeUint16(rrset.type);
      this.#writeUint16(this.#class);
      this.#writeUint16(rrset.ttl >>> 16);
      this.#writeUint16(rrset.ttl & 0xffff);
      const lengthAt = this.#length;
      this.#writeUint16(0);
      this.#writeRdata(rrset.type, rdata);
      if (!this.#fits(reserved)) {
        for (const name of this.#written.splice(names)) this.#names?.delete(name);
        this.#length = start;
        return false;
      }
      this.patchUint16(lengthAt, this.#length - lengthAt - 2);
    }
    return true;
  }

  /** Overwrites two bytes that were written before. */
  patchUint16(at: number, value: number): void {
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }

  /** The message so far; the writer must not be used afterwards. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #fits(reserved: number): boolean {
    return !this.#overflow && this.#limit - this.#length >= reserved;
  }

  #writeRdata(type: number, rdata: Uint8Array): void {
    const names = rdataNames(type);
    if (names?.compressible !== true) {
      this.writeBytes(rdata);
      return;
    }
    const wire = latin1(rdata, 0, rdata.length);
    this.writeBytes(rdata.subarray(0, names.offset));
    let at = names.offset;
    for (let i = 0; i < names.count; i++) at += this.#writeName(wire.slice(at));
    this.writeBytes(rdata.subarray(at));
  }

  /** Writes the wire-form name that `wire` begins with, as short as it can be, and returns its full length. */
  #writeName(wire: string): number {
    let end = 0;
    while (wire.charCodeAt(end) > 0) end += 1 + wire.charCodeAt(end);
    const name = wire.slice(0, end + 1);
    this.#writeKnown(name, nameFromWire(name));
    return name.length;
  }

  /** Writes a wire-form name up to the first of its ancestors that stands in the message. */
  #writeKnown(name: string, key: Name): void {
    for (let at = 0; at < name.length - 1; at += 1 + name.charCodeAt(at)) {
      const suffix = at === 0 ? key : key.slice(at);
      const known = this.#inQuestion(suffix) ?? this.#names?.get(suffix);
      if (known !== undefined) {
        this.#writeUint16(0xc000 | known);
        return;
      }
      this.#remember(suffix, this.#length);
      this.#writeLatin1(name.slice(at, at + 1 + name.charCodeAt(at)));
    }
    this.#writeLatin1('\0');
  }

  /** Where a name stands as the question's or an ancestor of it; the root is none. */
  #inQuestion(name: string): number | undefined {
    const question = this.#question;
    const start = question.length - name.length;
    if (start < 0 || !question.endsWith(name)) return undefined;
    // The tail must begin at a label: a label may hold bytes that look like a name.
    let at = 0;
    while (at < start) at += 1 + question.charCodeAt(at);
    return at === start ? this.#questionAt + at : undefined;
  }

  #remember(suffix: string, at: number): void {
    this.#names ??= new Map();
    if (at > MAX_POINTER || this.#names.has(suffix)) return;
    this.#names.set(suffix, at);
    this.#written.push(suffix);
  }

  #writeLatin1(text: string): void {
    if (!this.#reserve(text.length)) return;
    this.#length += this.#bytes.write(text, this.#length, 'latin1');
  }

  #writeUint16(value: number): void {
    if (!this.#reserve(2)) return;
    this.patchUint16(this.#length, value);
    this.#length += 2;
  }

  #reserve(count: number): boolean {
    const needed = this.#length + count;
    if (needed > this.#limit) {
      this.#overflow = true;
      return false;
    }
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.min(this.#limit, Math.max(needed, this.#bytes.length * 2)));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    return true;
  }
}
