/**
 * The writer of the answer table, by whom alone the memory that the DNS workers read is changed: the index from names to
 * entries here, the entries, zone blocks and memory each through a part of its own.
 *
 * Invariants: an entry, a zone block or a sub-table is whole before the one word that makes it reachable is stored
 * (Atomics.store, sequentially consistent), so a reader sees the old one or the new one and never a part; memory that
 * a reader may still be looking at is not used again before that reader has finished the batch it was in.
 */
import { type IpAddress, numberFromIpv4 } from '../../../net/ip-address.ts';
import type { Steps } from '../../../ops/steps.ts';
import type { Name } from '../../../zone/name.ts';
import { type AddressRow, createAddressRow } from '../../../zone/packed/nodes.ts';
import { NameEntries, withAddressFlags } from './name-entries.ts';
import {
  DIRECTORY_SIZE,
  REMOVED,
  SLOT_BYTES,
  SUB_TABLE_HEAD_BYTES,
  hashEnd,
  hashStep,
} from './table-layout.ts';
import { TableMemory, offsetOf } from './table-memory.ts';
import { ZoneBlocks } from './zone-blocks.ts';

/** What is published for one name. */
export interface TableEntry {
  /** The number of its zone, 0 to 65,535. */
  readonly zone: number;
  readonly ttl: number;
  readonly ipv4: IpAddress | null;
  readonly ipv6: IpAddress | null;
  /** FLAG.GENERAL, FLAG.PLAIN_APEX or 0; the address flags follow from the addresses. */
  readonly flags: number;
}

const FIRST_SLOTS = 16;
/** The most octets of a name. */
const MAX_NAME = 255;

/** The answer table as its one writer sees it. */
export class AnswerTable {
  readonly seed: number;
  /** What is published for zones as a whole. */
  readonly zones: ZoneBlocks;
  readonly #memory: TableMemory;
  readonly #entries: NameEntries;
  /** Slots used in each sub-table, removed ones included, and live ones. */
  readonly #used = new Int32Array(DIRECTORY_SIZE);
  readonly #live = new Int32Array(DIRECTORY_SIZE);
  readonly #octets = Buffer.alloc(MAX_NAME);
  /** A name that was given as text, and what is published for it. */
  readonly #row: AddressRow = createAddressRow(this.#octets);

  /**
   * `seed` makes collisions unpredictable from outside. `readers` is shared memory with one word for each reader:
   * odd while it works on a batch. `onChunk` is told of each chunk of memory before anything in it is reachable.
   */
  constructor(seed: number, readers: Int32Array, onChunk: (memory: SharedArrayBuffer) => void) {
    this.seed = seed;
    this.#memory = new TableMemory(readers, onChunk);
    this.#entries = new NameEntries(this.#memory);
    this.zones = new ZoneBlocks(this.#memory);
    for (let i = 0; i < DIRECTORY_SIZE; i++) this.#publishSlots(i, this.#allocateSlots(FIRST_SLOTS));
  }

  /** Bytes in use or held back for readers, all chunks together without what was never used. */
  get bytes(): number {
    return this.#memory.bytes;
  }

  /** How many names are published. */
  get size(): number {
    return this.#live.reduce((sum, live) => sum + live, 0);
  }

  /** Publishes a name's entry, in place of the one it had. */
  put(name: Name, { zone, ttl, ipv4, ipv6, flags }: TableEntry): void {
    const row = this.#row;
    row.nameLength = this.#read(name);
    row.ttl = ttl;
    row.ipv4 = ipv4 === null ? -1 : numberFromIpv4(ipv4);
    row.ipv6 = ipv6;
    this.putRow(row, zone, flags);
  }

  /** As `put`, of a row. */
  putRow(row: AddressRow, zone: number, flags: number): void {
    const hash = this.#hash(row);
    const all = withAddressFlags(row, flags);
    const slot = this.#find(hash, row);
    const old = slot === -1 ? 0 : this.#slotValue(hash, slot);
    if (old !== 0 && this.#entries.isSameButIpv4(old, row, zone, all)) {
      if (row.ipv4 !== -1) this.#entries.storeIpv4(old, row.ipv4);
      return;
    }
    const reference = this.#entries.write(row, zone, all);
    if (old === 0) this.#insert(hash, reference);
    else {
      this.#storeSlot(hash, slot, reference);
      this.#entries.retire(old);
    }
  }

  /** Takes a name's entry away, if it has one. */
  remove(name: Name): void {
    this.#row.nameLength = this.#read(name);
    const hash = this.#hash(this.#row);
    const slot = this.#find(hash, this.#row);
    if (slot === -1) return;
    const old = this.#slotValue(hash, slot);
    this.#storeSlot(hash, slot, REMOVED);
    this.#live[hash >>> 24]!--;
    this.#entries.retire(old);
  }

  /** Takes away every entry of a zone: a walk over the whole table, for the rare end of a zone; one sub-table a step. */
  *removeAllOf(zone: number): Steps<undefined> {
    for (let index = 0; index < DIRECTORY_SIZE; index++) {
      if (index > 0) yield;
      const { words, first, mask } = this.#slots(index);
      for (let slot = 0; slot <= mask; slot++) {
        const value = words[first + 2 * slot + 1]!;
        if (value === 0 || value === REMOVED) continue;
        if (this.#entries.zoneOf(value) !== zone) continue;
        Atomics.store(words, first + 2 * slot + 1, REMOVED);
        this.#live[index]!--;
        this.#entries.retire(value);
      }
    }
    return undefined;
  }

  /** Makes memory that no reader can still be looking at available again. */
  reclaim(): void {
    this.#memory.reclaim();
  }

  /** Copies a name's octets to where they can be compared and returns how many they are. */
  #read(name: Name): number {
    const { length } = name;
    for (let i = 0; i < length; i++) this.#octets[i] = name.charCodeAt(i);
    return length;
  }

  #hash({ bytes, nameAt, nameLength }: AddressRow): number {
    let hash = this.seed;
    for (let i = nameAt + nameLength - 1; i >= nameAt; i--) hash = hashStep(hash, bytes[i]!);
    return hashEnd(hash);
  }

  /** The slot of a row's name in its sub-table, or -1. */
  #find(hash: number, row: AddressRow): number {
    const { words, first, mask } = this.#slots(hash >>> 24);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const value = words[first + 2 * slot + 1]!;
      if (value === 0) return -1;
      if (value !== REMOVED && words[first + 2 * slot] === hash && this.#entries.isOf(value, row))
        return slot;
    }
  }

  #insert(hash: number, reference: number): void {
    const index = hash >>> 24;
    if ((this.#used[index]! + 1) * 2 > this.#slots(index).mask + 1) this.#grow(index);
    const { words, first, mask } = this.#slots(index);
    let slot = hash & mask;
    while (words[first + 2 * slot + 1] !== 0) slot = (slot + 1) & mask;
    words[first + 2 * slot] = hash;
    Atomics.store(words, first + 2 * slot + 1, reference);
    this.#used[index]!++;
    this.#live[index]!++;
  }

  /** Moves a sub-table's live entries into one with room for at least twice as many. */
  #grow(index: number): void {
    const { words, first, mask } = this.#slots(index);
    let count = FIRST_SLOTS;
    while (count < (this.#live[index]! + 1) * 4) count *= 2;
    const reference = this.#allocateSlots(count);
    const chunk = this.#memory.chunkOf(reference);
    const to = (offsetOf(reference) >>> 2) + 2;
    for (let slot = 0; slot <= mask; slot++) {
      const hash = words[first + 2 * slot]!;
      const value = words[first + 2 * slot + 1]!;
      if (value === 0 || value === REMOVED) continue;
      let free = hash & (count - 1);
      while (chunk.words[to + 2 * free + 1] !== 0) free = (free + 1) & (count - 1);
      chunk.words[to + 2 * free] = hash;
      chunk.words[to + 2 * free + 1] = value;
    }
    const old = Atomics.load(this.#memory.directory, index);
    this.#publishSlots(index, reference);
    this.#used[index] = this.#live[index]!;
    this.#memory.retire(old, SUB_TABLE_HEAD_BYTES + (mask + 1) * SLOT_BYTES);
  }

  #slots(index: number): { words: Int32Array; first: number; mask: number } {
    const reference = this.#memory.directory[index]!;
    const { words } = this.#memory.chunkOf(reference);
    const at = offsetOf(reference) >>> 2;
    return { words, first: at + 2, mask: words[at]! };
  }

  #slotValue(hash: number, slot: number): number {
    const { words, first } = this.#slots(hash >>> 24);
    return words[first + 2 * slot + 1]!;
  }

  #storeSlot(hash: number, slot: number, value: number): void {
    const { words, first } = this.#slots(hash >>> 24);
    Atomics.store(words, first + 2 * slot + 1, value);
  }

  #allocateSlots(count: number): number {
    const reference = this.#memory.allocate(SUB_TABLE_HEAD_BYTES + count * SLOT_BYTES);
    const { words } = this.#memory.chunkOf(reference);
    const at = offsetOf(reference) >>> 2;
    words.fill(0, at, at + 2 + 2 * count);
    words[at] = count - 1;
    return reference;
  }

  #publishSlots(index: number, reference: number): void {
    Atomics.store(this.#memory.directory, index, reference);
  }
}
