/**
 * Names and their numbers: a hash table over names that lie as bytes in an arena.
 * Invariants: a name that is there has one number, which stays the same until it is removed and may then be given to
 * another name; numbers are dense, so that columns of typed arrays can be indexed by them.
 */
import type { Name } from '../name.ts';
import { type ByteArena, placeOf } from './byte-arena.ts';
import { NumberIndex } from './number-index.ts';

/** How many names there is room for at first. */
export const FIRST_ROOM = 8;

/** A copy of a column with room for `length` values. */
export function resized<Column extends Uint8Array | Uint32Array | Float64Array>(
  column: Column,
  length: number,
): Column {
  const copy = new (column.constructor as new (length: number) => Column)(length);
  copy.set(column.length > length ? column.subarray(0, length) : column);
  return copy;
}

/** The most octets of a name. */
const MAX_NAME = 255;

/** The names of one zone. */
export class NameTable {
  readonly #arena: ByteArena;
  // Makes collisions unpredictable from outside.
  #seed = Math.floor(Math.random() * 2 ** 32) | 0;
  #index = new NumberIndex();
  /** The place of a name: its length, then its octets; 0 for a number that is free. */
  #places = new Uint32Array(FIRST_ROOM);
  #end = 0;
  #free: number[] = [];
  /** The octets of a name that was given as text. */
  readonly #octets = Buffer.alloc(MAX_NAME);

  constructor(arena: ByteArena) {
    this.#arena = arena;
  }

  /** One more than the highest number that was ever given. */
  get end(): number {
    return this.#end;
  }

  /** How many numbers there is room for; columns are as long. */
  get room(): number {
    return this.#places.length;
  }

  /** Whether a number below `end` has a name. */
  has(id: number): boolean {
    return this.#places[id] !== 0;
  }

  /** The number of a name, or -1. */
  find(name: Name): number {
    const length = this.#read(name);
    return this.#find(this.#octets, 0, length, this.#hash(this.#octets, 0, length));
  }

  /** The number of a name, which is given one where it has none; `room` may have grown. */
  obtain(name: Name): number {
    return this.obtainOctets(this.#octets, 0, this.#read(name));
  }

  /** As `obtain`, of the name whose `length` octets begin at `start`. */
  obtainOctets(bytes: Buffer, start: number, length: number): number {
    const hash = this.#hash(bytes, start, length);
    const found = this.#find(bytes, start, length, hash);
    if (found !== -1) return found;
    if (this.#free.length === 0 && this.#end === this.#places.length)
      this.#places = resized(this.#places, this.#places.length * 2);
    const id = this.#free.pop() ?? this.#end++;
    const place = this.#arena.allocate(1 + length);
    const to = this.#arena.bytes;
    const at = placeOf(place);
    to[at] = length;
    for (let i = 0; i < length; i++) to[at + 1 + i] = bytes[start + i]!;
    this.#places[id] = place;
    this.#index.add(id, hash);
    return id;
  }

  /** Takes a name away. */
  remove(id: number): void {
    const place = this.#places[id]!;
    const at = placeOf(place);
    const length = this.#arena.bytes[at]!;
    this.#index.remove(id, this.#hash(this.#arena.bytes, at + 1, length));
    this.#arena.release(place, 1 + length);
    this.#places[id] = 0;
    this.#free.push(id);
  }

  /** Where in the arena's bytes the name of a number that has one lies: its length, then its octets. */
  placeOf(id: number): number {
    return placeOf(this.#places[id]!);
  }

  /** The name of a number that has one. */
  nameOf(id: number): Name {
    const at = this.placeOf(id);
    const { bytes } = this.#arena;
    return bytes.toString('latin1', at + 1, at + 1 + bytes[at]!) as Name;
  }

  /** A copy that changes on its own, with its names in a copy of the arena. */
  clone(arena: ByteArena): NameTable {
    const copy = new NameTable(arena);
    copy.#seed = this.#seed;
    copy.#index = this.#index.clone();
    copy.#places = this.#places.slice();
    copy.#end = this.#end;
    copy.#free = [...this.#free];
    return copy;
  }

  #find(bytes: Buffer, start: number, length: number, hash: number): number {
    const index = this.#index;
    for (let slot = index.first(hash); ; slot = index.next(slot)) {
      const id = index.at(slot);
      if (id === -1 || (index.hashAt(slot) === hash && this.#isNamed(id, bytes, start, length))) return id;
    }
  }

  #isNamed(id: number, bytes: Buffer, start: number, length: number): boolean {
    const known = this.#arena.bytes;
    const at = this.placeOf(id);
    if (known[at] !== length) return false;
    for (let i = 0; i < length; i++) if (known[at + 1 + i] !== bytes[start + i]) return false;
    return true;
  }

  /** Copies a name's octets to where they can be compared and returns how many they are. */
  #read(name: Name): number {
    const { length } = name;
    for (let i = 0; i < length; i++) this.#octets[i] = name.charCodeAt(i);
    return length;
  }

  #hash(bytes: Buffer, start: number, length: number): number {
    let hash = this.#seed;
    for (let i = start; i < start + length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
    return (hash ^ (hash >>> 15)) >>> 0;
  }
}
