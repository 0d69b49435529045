/**
 * Names and their numbers: a hash table over the names of rows.
 * Invariants: a name that is there has one number, which stays the same until it is removed and may then be given to
 * another name; numbers are dense, so that rows can be indexed by them.
 */
import type { Name } from '../name.ts';
import type { NodeRows } from './node-rows.ts';
import { NumberIndex } from './number-index.ts';

/** How many values a column has room for at first. */
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
  readonly #rows: NodeRows;
  // Makes collisions unpredictable from outside.
  #seed = Math.floor(Math.random() * 2 ** 32) | 0;
  #index = new NumberIndex();
  #end = 0;
  #free: number[] = [];
  /** The octets of a name that was given as text. */
  readonly #octets = Buffer.alloc(MAX_NAME);

  constructor(rows: NodeRows) {
    this.#rows = rows;
  }

  /** One more than the highest number that was ever given. */
  get end(): number {
    return this.#end;
  }

  /** Whether a number below `end` has a name. */
  has(id: number): boolean {
    return this.#rows.nameLength(id) !== 0;
  }

  /** The number of a name, or -1. */
  find(name: Name): number {
    const length = this.#read(name);
    return this.#find(this.#octets, 0, length, this.#hash(this.#octets, 0, length));
  }

  /** The number of a name, which is given one where it has none. */
  obtain(name: Name): number {
    return this.obtainOctets(this.#octets, 0, this.#read(name));
  }

  /** As `obtain`, of the name whose `length` octets begin at `start`. */
  obtainOctets(bytes: Buffer, start: number, length: number): number {
    const hash = this.#hash(bytes, start, length);
    const found = this.#find(bytes, start, length, hash);
    if (found !== -1) return found;
    if (this.#free.length === 0 && this.#end === this.#rows.room) this.#rows.grow();
    const id = this.#free.pop() ?? this.#end++;
    this.#rows.setName(id, bytes, start, length);
    this.#index.add(id, hash);
    return id;
  }

  /** Takes a name away, and all that its row holds. */
  remove(id: number): void {
    const rows = this.#rows;
    this.#index.remove(id, this.#hash(rows.nameBytes(id), rows.nameAt(id), rows.nameLength(id)));
    rows.free(id);
    this.#free.push(id);
  }

  /** The name of a number that has one. */
  nameOf(id: number): Name {
    const at = this.#rows.nameAt(id);
    return this.#rows.nameBytes(id).toString('latin1', at, at + this.#rows.nameLength(id)) as Name;
  }

  /** A copy that changes on its own, over a copy of the rows. */
  clone(rows: NodeRows): NameTable {
    const copy = new NameTable(rows);
    copy.#seed = this.#seed;
    copy.#index = this.#index.clone();
    copy.#end = this.#end;
    copy.#free = [...this.#free];
    return copy;
  }

  #find(bytes: Buffer, start: number, length: number, hash: number): number {
    const index = this.#index;
    for (let slot = index.first(hash); ; slot = index.next(slot)) {
      const id = index.at(slot);
      if (id === -1 || (index.hashAt(slot) === hash && this.#rows.isNamed(id, bytes, start, length)))
        return id;
    }
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
