/**
 * Hosts with attempts, found by name, in rows of 64 bytes with the name and where the lists of its entries begin. Not
 * a Map: finding what to forget first at the beginning of one that always loses its first takes as long as it is, and
 * now and then it is copied whole.
 * Invariants: a host keeps its number until it is removed; none is taken in one look longer than another, however many
 * came and went; about the least recently used goes first.
 */
import { randomInt } from 'node:crypto';
import { ByteArena, placeOf } from '../../zone/packed/byte-arena.ts';
import { resized } from '../../zone/packed/name-table.ts';
import { NumberIndex } from '../../zone/packed/number-index.ts';

/** To how many hosts in use a second chance is given for each that goes, so that none of it takes long. */
const SECOND_CHANCES = 8;
const FIRST_ROOM = 8;

/** Words of a row: the name's hash, its length with the mark of use above it, the host's values, and the name. */
const ROW = 16;
const HASH = 0;
const STATE = 1;
const VALUES = 2;
const NAME = 5;
const ROW_BYTES = ROW * 4;
const NAME_AT = NAME * 4;
/** A longer name lies in the arena, and its place here. */
const LONGEST_INLINE = ROW_BYTES - NAME_AT;
const LENGTH = 0xffff;
const USED = 0x1_0000;

/** The values that a row has for a host; all are 0 at first. */
export const VALUE = { LATEST: 0, OWN: 1, STRANGERS: 2 } as const;

type Value = (typeof VALUE)[keyof typeof VALUE];

/** The hash of a name for pools: for all that are asked for the same name. */
export type NameHash = (name: string) => number;

/** A hash whose collisions nobody can foresee. */
export function createNameHash(): NameHash {
  const seed = randomInt(2 ** 32) | 0;
  return (name) => {
    let hash = seed;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
    return (hash ^ (hash >>> 15)) >>> 0;
  };
}

/** A set of hosts that all have the same right to stay. */
export class HostPool {
  readonly #index = new NumberIndex();
  readonly #arena = new ByteArena();
  #words = new Uint32Array(FIRST_ROOM * ROW);
  #bytes = Buffer.from(this.#words.buffer);
  readonly #free: number[] = [];
  #end = 0;
  /** Where to look next for one that can go. */
  #hand = 0;

  get size(): number {
    return this.#end - this.#free.length;
  }

  /** The number of a host, or -1; `hash` is its name's, always by the same function. */
  find(name: string, hash: number): number {
    const index = this.#index;
    for (let slot = index.first(hash); ; slot = index.next(slot)) {
      const number = index.at(slot);
      if (number === -1 || (index.hashAt(slot) === hash && this.#isNamed(number, name))) return number;
    }
  }

  /** A value of a host that is there. */
  get(number: number, value: Value): number {
    return this.#words[number * ROW + VALUES + value]!;
  }

  /** Replaces a value of a host that is there. */
  set(number: number, value: Value, to: number): void {
    this.#words[number * ROW + VALUES + value] = to;
  }

  /** Notes that a host is in use. */
  touch(number: number): void {
    this.#words[number * ROW + STATE]! |= USED;
  }

  /** Takes in a host that is not there, of a name in ASCII, and returns its number. */
  add(name: string, hash: number): number {
    if (this.#free.length === 0 && this.#end * ROW === this.#words.length) this.#grow();
    const number = this.#free.pop() ?? this.#end++;
    const row = number * ROW;
    this.#words[row + VALUES + VALUE.LATEST] = 0;
    this.#words[row + VALUES + VALUE.OWN] = 0;
    this.#words[row + VALUES + VALUE.STRANGERS] = 0;
    this.#words[row + HASH] = hash;
    this.#words[row + STATE] = name.length;
    if (name.length > LONGEST_INLINE) {
      const place = this.#arena.allocate(name.length);
      this.#words[row + NAME] = place;
      this.#arena.bytes.write(name, placeOf(place), 'latin1');
    } else {
      const at = number * ROW_BYTES + NAME_AT;
      for (let i = 0; i < name.length; i++) this.#bytes[at + i] = name.charCodeAt(i);
    }
    this.#index.add(number, hash);
    return number;
  }

  /** Removes a host that is there. */
  remove(number: number): void {
    const row = number * ROW;
    this.#index.remove(number, this.#words[row + HASH]!);
    const length = this.#words[row + STATE]! & LENGTH;
    if (length > LONGEST_INLINE) this.#arena.release(this.#words[row + NAME]!, length);
    this.#words[row + STATE] = 0;
    this.#free.push(number);
  }

  /** The host to be forgotten next, of a pool that has any. */
  nextToGo(): number {
    for (let chances = SECOND_CHANCES; ;) {
      const number = this.#hand;
      this.#hand = number + 1 === this.#end ? 0 : number + 1;
      const state = this.#words[number * ROW + STATE]!;
      if (state === 0) continue;
      if ((state & USED) === 0 || chances === 0) return number;
      chances--;
      this.#words[number * ROW + STATE] = state & LENGTH;
    }
  }

  #isNamed(number: number, name: string): boolean {
    const { length } = name;
    if ((this.#words[number * ROW + STATE]! & LENGTH) !== length) return false;
    const isInline = length <= LONGEST_INLINE;
    const bytes = isInline ? this.#bytes : this.#arena.bytes;
    const at = isInline ? number * ROW_BYTES + NAME_AT : placeOf(this.#words[number * ROW + NAME]!);
    for (let i = 0; i < length; i++) if (bytes[at + i] !== name.charCodeAt(i)) return false;
    return true;
  }

  #grow(): void {
    this.#words = resized(this.#words, this.#words.length * 2);
    this.#bytes = Buffer.from(this.#words.buffer);
  }
}
