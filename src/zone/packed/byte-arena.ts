/**
 * Places of bytes in one growing piece of memory: what a million names hold, without an object for each.
 * Invariants: a reference names its place until it is released; 0 is never a reference; released places are given out
 * again by size. What is read must be copied: a place may be used for something else after the next change.
 */

/** References count words of this many bytes. */
const WORD = 4;
const FIRST_BYTES = 256;

/** The memory of one zone's names, addresses and records. */
export class ByteArena {
  #bytes = Buffer.alloc(FIRST_BYTES);
  #end = 1;
  /** Words of a place to the places of that size that were released. */
  #free = new Map<number, number[]>();

  /** The memory as it is now: replaced when it grows. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** The reference of a place of `length` bytes, which hold whatever was there. */
  allocate(length: number): number {
    const words = wordsOf(length);
    const free = this.#free.get(words)?.pop();
    if (free !== undefined) return free;
    const reference = this.#end;
    this.#end += words;
    if (this.#end * WORD > this.#bytes.length) this.#grow();
    return reference;
  }

  /** Gives back a place of `length` bytes. */
  release(reference: number, length: number): void {
    const words = wordsOf(length);
    const list = this.#free.get(words);
    if (list === undefined) this.#free.set(words, [reference]);
    else list.push(reference);
  }

  /** A copy that changes on its own. */
  clone(): ByteArena {
    const copy = new ByteArena();
    copy.#bytes = Buffer.alloc(Math.max(FIRST_BYTES, this.#end * WORD));
    this.#bytes.copy(copy.#bytes, 0, 0, this.#end * WORD);
    copy.#end = this.#end;
    copy.#free = new Map(Array.from(this.#free, ([words, places]) => [words, [...places]]));
    return copy;
  }

  #grow(): void {
    // Memory that was never written costs nothing yet: the system gives zeroed pages when they are touched.
    const bytes = Buffer.alloc(Math.max(this.#bytes.length * 2, this.#end * WORD));
    this.#bytes.copy(bytes);
    this.#bytes = bytes;
  }
}

/** The offset in `bytes` of the place that a reference names. */
export function placeOf(reference: number): number {
  return reference * WORD;
}

function wordsOf(length: number): number {
  return Math.max(1, Math.ceil(length / WORD));
}
