/**
 * The memory of one zone's nodes: a row of 64 bytes for each, which is one line of a processor's cache, with its name
 * and all that is kept of it. So what an update does to one of a million hosts waits for main memory once here, and
 * not for each thing that is looked at.
 * Invariants: a row without a name is free; the fields of a row that was freed are 0 but for its marks, which stay.
 */
import { ByteArena, placeOf } from './byte-arena.ts';

/** Words of 32 bits of a row. */
const ROW = 16;
const ROW_BYTES = ROW * 4;
const WIDE_ROW = ROW / 2;
/** What the host publishes (8 bits), marks (8 bits), the length of the name (8 bits), which is 0 in a free row. */
const STATE = 0;
const MARKS_SHIFT = 8;
const LENGTH_SHIFT = 16;
/** In the row of numbers of 64 bits. */
const TIME = 3;
/** The name's octets, or the place of a longer one in the arena. */
const NAME = 9;
const NAME_AT = NAME * 4;
const LONGEST_INLINE = ROW_BYTES - NAME_AT;

/** The fields of 32 bits of a row, by their place in it. */
export const FIELD = { TTL: 1, IPV4: 2, IPV6: 3, RECORDS: 4, BELOW: 5, NUMBER: 8 } as const;

type Field = (typeof FIELD)[keyof typeof FIELD];

const FIRST_ROOM = 8;
/** Bytes that are copied in one step: about two milliseconds of work. */
const STEP_BYTES = 4 * 1024 * 1024;

/** Rows by number. */
export class NodeRows {
  #arena = new ByteArena();
  #words = new Uint32Array(FIRST_ROOM * ROW);
  /** The same memory. */
  #bytes = Buffer.from(this.#words.buffer);
  #wide = new Float64Array(this.#words.buffer);

  /** Where longer names lie, and whatever else belongs to nodes and has no place in a row. */
  get arena(): ByteArena {
    return this.#arena;
  }

  /** How many rows there are. */
  get room(): number {
    return this.#words.length / ROW;
  }

  /** Makes twice as many rows. */
  grow(): void {
    const words = new Uint32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#become(words);
  }

  get(id: number, field: Field): number {
    return this.#words[id * ROW + field]!;
  }

  set(id: number, field: Field, value: number): void {
    this.#words[id * ROW + field] = value;
  }

  /** Eight bits that say what a host publishes; 0 where there is none. */
  flags(id: number): number {
    return this.#words[id * ROW + STATE]! & 0xff;
  }

  setFlags(id: number, flags: number): void {
    const words = this.#words;
    words[id * ROW + STATE] = (words[id * ROW + STATE]! & ~0xff) | flags;
  }

  /** Eight bits for whoever keeps more of a host than its addresses. */
  marks(id: number): number {
    return (this.#words[id * ROW + STATE]! >>> MARKS_SHIFT) & 0xff;
  }

  setMarks(id: number, marks: number): void {
    const words = this.#words;
    words[id * ROW + STATE] = (words[id * ROW + STATE]! & ~(0xff << MARKS_SHIFT)) | (marks << MARKS_SHIFT);
  }

  /** A number of 32 bits for the same. */
  number(id: number): number {
    return this.get(id, FIELD.NUMBER);
  }

  setNumber(id: number, value: number): void {
    this.set(id, FIELD.NUMBER, value);
  }

  /** A number of 64 bits for the same. */
  time(id: number): number {
    return this.#wide[id * WIDE_ROW + TIME]!;
  }

  setTime(id: number, value: number): void {
    this.#wide[id * WIDE_ROW + TIME] = value;
  }

  /** How many octets the name of a row has; 0 where it is free. */
  nameLength(id: number): number {
    return (this.#words[id * ROW + STATE]! >>> LENGTH_SHIFT) & 0xff;
  }

  /** What the octets of a row's name lie in; valid until the next change. */
  nameBytes(id: number): Buffer {
    return this.nameLength(id) > LONGEST_INLINE ? this.#arena.bytes : this.#bytes;
  }

  /** Where in `nameBytes` they begin. */
  nameAt(id: number): number {
    return this.nameLength(id) > LONGEST_INLINE
      ? placeOf(this.#words[id * ROW + NAME]!)
      : id * ROW_BYTES + NAME_AT;
  }

  /** Whether a row has the name whose `length` octets begin at `start`. */
  isNamed(id: number, bytes: Buffer, start: number, length: number): boolean {
    if (this.nameLength(id) !== length) return false;
    const own = this.nameBytes(id);
    const at = this.nameAt(id);
    for (let i = 0; i < length; i++) if (own[at + i] !== bytes[start + i]) return false;
    return true;
  }

  /** Gives a free row the name whose `length` octets begin at `start`. */
  setName(id: number, bytes: Buffer, start: number, length: number): void {
    if (length > LONGEST_INLINE) this.#words[id * ROW + NAME] = this.#arena.allocate(length);
    this.#words[id * ROW + STATE]! |= length << LENGTH_SHIFT;
    const own = this.nameBytes(id);
    const at = this.nameAt(id);
    for (let i = 0; i < length; i++) own[at + i] = bytes[start + i]!;
  }

  /** Makes a row free. */
  free(id: number): void {
    const length = this.nameLength(id);
    if (length > LONGEST_INLINE) this.#arena.release(this.#words[id * ROW + NAME]!, length);
    const marks = this.marks(id);
    this.#words.fill(0, id * ROW, (id + 1) * ROW);
    this.setMarks(id, marks);
  }

  /** A copy of the rows below `end` that changes on its own, made in steps of some milliseconds while nothing changes. */
  *clone(end: number): Generator<undefined, NodeRows> {
    const copy = new NodeRows();
    copy.#arena = this.#arena.clone();
    yield;
    const words = new Uint32Array(this.#words.length);
    for (let at = 0; at < end * ROW; at += STEP_BYTES / 4) {
      words.set(this.#words.subarray(at, Math.min(at + STEP_BYTES / 4, end * ROW)), at);
      yield;
    }
    copy.#become(words);
    return copy;
  }

  #become(words: Uint32Array<ArrayBuffer>): void {
    this.#words = words;
    this.#bytes = Buffer.from(words.buffer);
    this.#wide = new Float64Array(words.buffer);
  }
}
