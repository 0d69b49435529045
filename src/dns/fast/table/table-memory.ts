/**
 * The memory of the answer table: chunks that are only ever added, places in them that are given out and taken back.
 * Invariant: a place that was taken back is not given out again while a reader may still be looking at it.
 */
import { CHUNK_BYTES, OFFSET_BITS, OFFSET_MASK, RESERVED_BYTES, referenceOf } from './table-layout.ts';

/** One chunk, as octets and as words. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
}

interface Retired {
  readonly reference: number;
  readonly size: number;
  /** Each reader's batch counter when this became unreachable. */
  readonly seen: Int32Array;
}

/** How many places are taken back before it is looked which of them are free. */
const RECLAIM_AT = 256;

/** The memory as its one writer sees it. Sizes are rounded up to multiples of 8. */
export class TableMemory {
  readonly #chunks: Chunk[] = [];
  readonly #readers: Int32Array;
  readonly #onChunk: (memory: SharedArrayBuffer) => void;
  readonly #free = new Map<number, number[]>();
  readonly #retired: Retired[] = [];
  #end = RESERVED_BYTES;

  /** `readers` has one word for each reader, odd during a batch. `onChunk` is told of a chunk before it is used. */
  constructor(readers: Int32Array, onChunk: (memory: SharedArrayBuffer) => void) {
    this.#readers = readers;
    this.#onChunk = onChunk;
    this.#addChunk();
  }

  /** Bytes that were ever given out, all chunks together. */
  get bytes(): number {
    return (this.#chunks.length - 1) * CHUNK_BYTES + this.#end;
  }

  /** The words of the first chunk, at whose start the directory and the zones lie. */
  get directory(): Int32Array {
    return this.#chunks[0]!.words;
  }

  /** The chunk in which a reference lies. */
  chunkOf(reference: number): Chunk {
    return this.#chunks[reference >>> OFFSET_BITS]!;
  }

  /** A place of at least `bytes` bytes, which may hold what was there before. */
  allocate(bytes: number): number {
    const size = sizeOf(bytes);
    const free = this.#free.get(size)?.pop();
    if (free !== undefined) return free;
    if (this.#end + size > CHUNK_BYTES) this.#addChunk();
    const reference = referenceOf(this.#chunks.length - 1, this.#end);
    this.#end += size;
    return reference;
  }

  /** Takes back a place that was given out for so many bytes and has become unreachable. */
  retire(reference: number, bytes: number): void {
    const seen = this.#readers.map((_, i) => Atomics.load(this.#readers, i));
    this.#retired.push({ reference, size: sizeOf(bytes), seen });
    if (this.#retired.length >= RECLAIM_AT) this.reclaim();
  }

  /** Makes places that no reader can still be looking at available again. */
  reclaim(): void {
    let kept = 0;
    for (const retired of this.#retired) {
      if (this.#mayBeRead(retired)) this.#retired[kept++] = retired;
      else this.#release(retired.reference, retired.size);
    }
    this.#retired.length = kept;
  }

  #mayBeRead({ seen }: Retired): boolean {
    return seen.some((count, i) => (count & 1) === 1 && Atomics.load(this.#readers, i) === count);
  }

  #release(reference: number, size: number): void {
    const list = this.#free.get(size);
    if (list === undefined) this.#free.set(size, [reference]);
    else list.push(reference);
  }

  #addChunk(): void {
    const memory = new SharedArrayBuffer(CHUNK_BYTES);
    if (this.#chunks.length > 0) this.#end = 0;
    this.#chunks.push({ bytes: new Uint8Array(memory), words: new Int32Array(memory) });
    this.#onChunk(memory);
  }
}

/** The offset in its chunk of what a reference names. */
export function offsetOf(reference: number): number {
  return (reference & OFFSET_MASK) << 3;
}

/** The size of a place for so many bytes: what follows begins at a multiple of 8, as references can say. */
function sizeOf(bytes: number): number {
  return (bytes + 7) & ~7;
}
