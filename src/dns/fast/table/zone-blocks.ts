/**
 * The zone blocks of the answer table: what the negative answers of each zone carry, found by the zone's number.
 *
 * Invariants: a block is whole before the word that makes it reachable is stored; of a block that is reachable nothing
 * changes but the serial, which is one aligned word. Nothing is denied of a zone that has none.
 */
import { ZONES_WORD, ZONE_BLOCK, networkWord } from './table-layout.ts';
import { type TableMemory, offsetOf } from './table-memory.ts';

/** What is published for one zone's negative answers. */
export interface TableZone {
  readonly serial: number;
  readonly apexLength: number;
  /** The SOA record behind its owner, for a question as long as the apex. */
  readonly record: Uint8Array;
  /** The offsets in `record` of its compression pointers. */
  readonly pointers: readonly number[];
}

/** The zone blocks as their one writer sees them. */
export class ZoneBlocks {
  readonly #memory: TableMemory;

  /** `memory` is the table's, at whose start the words lie that name the blocks. */
  constructor(memory: TableMemory) {
    this.#memory = memory;
  }

  /** Publishes what negative answers of a zone carry. */
  put(number: number, { serial, apexLength, record, pointers }: TableZone): void {
    const directory = this.#memory.directory;
    const old = directory[ZONES_WORD + number]!;
    if (old !== 0 && this.#isSame(old, record, pointers)) {
      Atomics.store(this.#memory.chunkOf(old).words, offsetOf(old) >>> 2, networkWord(serial));
      return;
    }
    const reference = this.#memory.allocate(ZONE_BLOCK.RECORD + record.length + pointers.length);
    const { bytes, words } = this.#memory.chunkOf(reference);
    const at = offsetOf(reference);
    words[at >>> 2] = networkWord(serial);
    bytes[at + ZONE_BLOCK.LENGTH] = record.length & 255;
    bytes[at + ZONE_BLOCK.LENGTH + 1] = record.length >>> 8;
    bytes[at + ZONE_BLOCK.APEX_LENGTH] = apexLength;
    bytes[at + ZONE_BLOCK.POINTERS] = pointers.length;
    bytes.set(record, at + ZONE_BLOCK.RECORD);
    bytes.set(pointers, at + ZONE_BLOCK.RECORD + record.length);
    Atomics.store(directory, ZONES_WORD + number, reference);
    if (old !== 0) this.#memory.retire(old, this.#size(old));
  }

  /** Takes a zone's negative answers away. */
  remove(number: number): void {
    const directory = this.#memory.directory;
    const old = directory[ZONES_WORD + number]!;
    Atomics.store(directory, ZONES_WORD + number, 0);
    if (old !== 0) this.#memory.retire(old, this.#size(old));
  }

  #isSame(reference: number, record: Uint8Array, pointers: readonly number[]): boolean {
    const { bytes } = this.#memory.chunkOf(reference);
    const at = offsetOf(reference);
    const start = at + ZONE_BLOCK.RECORD;
    const length = bytes[at + ZONE_BLOCK.LENGTH]! | (bytes[at + ZONE_BLOCK.LENGTH + 1]! << 8);
    // The serial is written over when an answer is made; whatever the record holds at its place says nothing.
    const serialAt = record.length - 20;
    return (
      length === record.length &&
      bytes[at + ZONE_BLOCK.POINTERS] === pointers.length &&
      record.every((byte, i) => bytes[start + i] === byte || (i >= serialAt && i < serialAt + 4)) &&
      pointers.every((pointer, i) => bytes[start + length + i] === pointer)
    );
  }

  #size(reference: number): number {
    const { bytes } = this.#memory.chunkOf(reference);
    const at = offsetOf(reference);
    const length = bytes[at + ZONE_BLOCK.LENGTH]! | (bytes[at + ZONE_BLOCK.LENGTH + 1]! << 8);
    return ZONE_BLOCK.RECORD + length + bytes[at + ZONE_BLOCK.POINTERS]!;
  }
}
