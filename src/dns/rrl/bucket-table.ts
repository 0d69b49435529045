/**
 * Buckets by key in memory of a fixed size, however many keys there are.
 *
 * A key may lie in the WAYS places of one row, which a keyed hash chooses. Where all of them are taken, the bucket
 * that is nearest to full is forgotten: mostly one that has been idle, whose loss changes nothing, because an absent
 * bucket counts as full.
 * Invariants: keys are compared whole, so two keys never share a bucket; after construction nothing is allocated.
 */
import { KeyedHash } from './keyed-hash.ts';

/** Places in one row. */
export const WAYS = 8;

/** Bytes of one bucket. */
export const BUCKET_BYTES = 32;

// A bucket is four doubles: due, suppressed, (tag, high), (low, announced).
const DOUBLES = 4;
const WORDS = 8;
const SUPPRESSED = 1;
const TAG = 4;
const HIGH = 5;
const LOW = 6;
const ANNOUNCED = 7;

/** The key of a bucket: `tag` is not 0 and tells families and classes apart, the words are the source's network. */
export interface BucketKey {
  tag: number;
  high: number;
  low: number;
}

/** A table of buckets. Places are named by a number below `size`; only `claim` changes which key a place has. */
export class BucketTable {
  /** How many places there are. */
  readonly size: number;
  readonly #hash: KeyedHash;
  readonly #rowMask: number;
  readonly #doubles: Float64Array;
  readonly #words: Int32Array;

  /** `size` is a power of two, at least WAYS. */
  constructor(size: number, hash: KeyedHash) {
    if (size < WAYS || !Number.isInteger(Math.log2(size)))
      throw new RangeError(`not a size of a bucket table: ${size}`);
    this.size = size;
    this.#hash = hash;
    this.#rowMask = size / WAYS - 1;
    const memory = new ArrayBuffer(size * BUCKET_BYTES);
    this.#doubles = new Float64Array(memory);
    this.#words = new Int32Array(memory);
    for (let place = 0; place < size; place++) this.setDue(place, -Infinity);
  }

  /** The place of a key; where it has none, the bitwise complement of the place that it may claim. */
  find({ tag, high, low }: BucketKey): number {
    const first = (this.#hash.of(tag, high, low) & this.#rowMask) * WAYS;
    const words = this.#words;
    for (let place = first; place < first + WAYS; place++) {
      const at = place * WORDS;
      if (words[at + HIGH] === high && words[at + LOW] === low && words[at + TAG] === tag) return place;
    }
    return ~this.#nearestToFull(first);
  }

  #nearestToFull(first: number): number {
    let nearest = first;
    for (let place = first + 1; place < first + WAYS; place++) {
      if (this.due(place) < this.due(nearest)) nearest = place;
    }
    return nearest;
  }

  /** Gives a place to a key, with a full bucket. */
  claim(place: number, { tag, high, low }: BucketKey): void {
    const at = place * WORDS;
    this.#words[at + TAG] = tag;
    this.#words[at + HIGH] = high;
    this.#words[at + LOW] = low;
    this.#words[at + ANNOUNCED] = 0;
    this.#doubles[place * DOUBLES] = -Infinity;
    this.#doubles[place * DOUBLES + SUPPRESSED] = 0;
  }

  /** When the bucket is full again, in the unit of the caller's choice; -Infinity where it has not been used. */
  due(place: number): number {
    return this.#doubles[place * DOUBLES]!;
  }

  /** Sets when the bucket is full again. */
  setDue(place: number, due: number): void {
    this.#doubles[place * DOUBLES] = due;
  }

  /** How many answers were suppressed since the bucket was last full. */
  suppressed(place: number): number {
    return this.#doubles[place * DOUBLES + SUPPRESSED]!;
  }

  /** Sets how many answers were suppressed. */
  setSuppressed(place: number, count: number): void {
    this.#doubles[place * DOUBLES + SUPPRESSED] = count;
  }

  /** Whether somebody was told that the key is limited. */
  isAnnounced(place: number): boolean {
    return this.#words[place * WORDS + ANNOUNCED] !== 0;
  }

  /** Notes whether somebody was told. */
  setAnnounced(place: number, announced: boolean): void {
    this.#words[place * WORDS + ANNOUNCED] = announced ? 1 : 0;
  }

  /** The key of a place. Allocates. */
  keyAt(place: number): Readonly<BucketKey> {
    const at = place * WORDS;
    return { tag: this.#words[at + TAG]!, high: this.#words[at + HIGH]!, low: this.#words[at + LOW]! };
  }
}
