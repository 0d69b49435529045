/**
 * Names and their numbers: a hash table over names that lie as bytes in an arena.
 * Invariants: a name that is there has one number, which stays the same until it is removed and may then be given to
 * another name; numbers are dense, so that columns of typed arrays can be indexed by them.
 */
import type { Name } from '../name.ts';
import { type ByteArena, placeOf } from './byte-arena.ts';

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

/** The names of one zone. */
export class NameTable {
  readonly #arena: ByteArena;
  // Makes collisions unpredictable from outside.
  #seed = Math.floor(Math.random() * 2 ** 32) | 0;
  /** A number plus one in each slot, 0 where it is free; at most half of them are taken. */
  #slots = new Uint32Array(2 * FIRST_ROOM);
  #hashes = new Uint32Array(FIRST_ROOM);
  /** The place of a name: its length, then its octets; 0 for a number that is free. */
  #places = new Uint32Array(FIRST_ROOM);
  #end = 0;
  #free: number[] = [];

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
    const hash = this.#hash(name);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot]! - 1;
      if (id === -1 || (this.#hashes[id] === hash && this.#isNamed(id, name))) return id;
    }
  }

  /** Gives a number to a name that has none. `room` may have grown. */
  add(name: Name): number {
    if (this.#free.length === 0 && this.#end === this.#places.length) this.#grow();
    const id = this.#free.pop() ?? this.#end++;
    const place = this.#arena.allocate(1 + name.length);
    const at = placeOf(place);
    this.#arena.bytes[at] = name.length;
    this.#arena.bytes.write(name, at + 1, 'latin1');
    this.#places[id] = place;
    this.#hashes[id] = this.#hash(name);
    this.#enter(id);
    return id;
  }

  /** Takes a name away. */
  remove(id: number): void {
    const mask = this.#slots.length - 1;
    let hole = this.#hashes[id]! & mask;
    while (this.#slots[hole] !== id + 1) hole = (hole + 1) & mask;
    // Whoever was pushed on by it moves up, so that no search ends too early.
    for (let next = (hole + 1) & mask; this.#slots[next] !== 0; next = (next + 1) & mask) {
      const home = this.#hashes[this.#slots[next]! - 1]! & mask;
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      this.#slots[hole] = this.#slots[next]!;
      hole = next;
    }
    this.#slots[hole] = 0;
    const place = this.#places[id]!;
    this.#arena.release(place, 1 + this.#arena.bytes[placeOf(place)]!);
    this.#places[id] = 0;
    this.#free.push(id);
  }

  /** The name of a number that has one. */
  nameOf(id: number): Name {
    const at = placeOf(this.#places[id]!);
    const { bytes } = this.#arena;
    return bytes.toString('latin1', at + 1, at + 1 + bytes[at]!) as Name;
  }

  /** A copy that changes on its own, with its names in a copy of the arena. */
  clone(arena: ByteArena): NameTable {
    const copy = new NameTable(arena);
    copy.#seed = this.#seed;
    copy.#slots = this.#slots.slice();
    copy.#hashes = this.#hashes.slice();
    copy.#places = this.#places.slice();
    copy.#end = this.#end;
    copy.#free = [...this.#free];
    return copy;
  }

  #isNamed(id: number, name: Name): boolean {
    const { bytes } = this.#arena;
    const at = placeOf(this.#places[id]!);
    if (bytes[at] !== name.length) return false;
    for (let i = 0; i < name.length; i++) if (bytes[at + 1 + i] !== name.charCodeAt(i)) return false;
    return true;
  }

  #enter(id: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hashes[id]! & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = id + 1;
  }

  #grow(): void {
    const room = this.#places.length * 2;
    this.#hashes = resized(this.#hashes, room);
    this.#places = resized(this.#places, room);
    this.#slots = new Uint32Array(room * 2);
    for (let id = 0; id < this.#end; id++) this.#enter(id);
  }

  #hash(name: Name): number {
    let hash = this.#seed;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
    return (hash ^ (hash >>> 15)) >>> 0;
  }
}
