/**
 * The entries of the answer table: what is published for one name, written, compared and taken back by its reference.
 *
 * Invariant: once an entry is reachable nothing of it changes but the IPv4 address, which is one aligned word; whatever
 * else is new takes an entry in its place.
 */
import type { AddressRow } from '../../../zone/packed/nodes.ts';
import { ENTRY, FLAG, networkWord } from './table-layout.ts';
import { type TableMemory, offsetOf } from './table-memory.ts';

/** The entries as their one writer sees them. */
export class NameEntries {
  readonly #memory: TableMemory;

  constructor(memory: TableMemory) {
    this.#memory = memory;
  }

  /** Writes an entry, which nothing reaches yet, and returns its reference. `flags` are all there are. */
  write(row: AddressRow, zone: number, flags: number): number {
    const { bytes: name, nameAt, nameLength, ttl, ipv4, ipv6 } = row;
    const reference = this.#memory.allocate(nameOffset(flags) + nameLength);
    const { bytes, words } = this.#memory.chunkOf(reference);
    const at = offsetOf(reference);
    bytes[at + ENTRY.NAME_LENGTH] = nameLength;
    bytes[at + ENTRY.FLAGS] = flags;
    bytes[at + ENTRY.ZONE] = zone & 255;
    bytes[at + ENTRY.ZONE + 1] = zone >>> 8;
    words[(at + ENTRY.TTL) >>> 2] = ttl;
    words[(at + ENTRY.IPV4) >>> 2] = ipv4 === -1 ? 0 : networkWord(ipv4);
    if (ipv6 !== null) for (let i = 0; i < 16; i++) bytes[at + ENTRY.REST + i] = ipv6.charCodeAt(i);
    const start = at + nameOffset(flags);
    for (let i = 0; i < nameLength; i++) bytes[start + i] = name[nameAt + i]!;
    return reference;
  }

  /** Whether an entry is of the name of a row. */
  isOf(reference: number, { bytes: sought, nameAt, nameLength }: AddressRow): boolean {
    const { bytes } = this.#memory.chunkOf(reference);
    const at = offsetOf(reference);
    if (bytes[at + ENTRY.NAME_LENGTH] !== nameLength) return false;
    const start = at + nameOffset(bytes[at + ENTRY.FLAGS]!);
    for (let i = 0; i < nameLength; i++) if (bytes[start + i] !== sought[nameAt + i]) return false;
    return true;
  }

  /** Whether what an entry says is right but for, at most, the IPv4 address. `flags` are all there are. */
  isSameButIpv4(reference: number, { ttl, ipv6 }: AddressRow, zone: number, flags: number): boolean {
    const { bytes, words } = this.#memory.chunkOf(reference);
    const at = offsetOf(reference);
    return (
      bytes[at + ENTRY.FLAGS] === flags &&
      this.zoneOf(reference) === zone &&
      words[(at + ENTRY.TTL) >>> 2]! >>> 0 === ttl &&
      (ipv6 === null ||
        Buffer.from(bytes.subarray(at + ENTRY.REST, at + ENTRY.REST + 16)).equals(
          Buffer.from(ipv6, 'latin1'),
        ))
    );
  }

  /** Changes the IPv4 address of an entry that has one. */
  storeIpv4(reference: number, ipv4: number): void {
    const { words } = this.#memory.chunkOf(reference);
    Atomics.store(words, (offsetOf(reference) + ENTRY.IPV4) >>> 2, networkWord(ipv4));
  }

  /** The number of an entry's zone. */
  zoneOf(reference: number): number {
    const { bytes } = this.#memory.chunkOf(reference);
    const at = offsetOf(reference);
    return bytes[at + ENTRY.ZONE]! | (bytes[at + ENTRY.ZONE + 1]! << 8);
  }

  /** Takes back the memory of an entry that has become unreachable. */
  retire(reference: number): void {
    const { bytes } = this.#memory.chunkOf(reference);
    const at = offsetOf(reference);
    const size = nameOffset(bytes[at + ENTRY.FLAGS]!) + bytes[at + ENTRY.NAME_LENGTH]!;
    this.#memory.retire(reference, size);
  }
}

/** Where an entry's name begins. */
function nameOffset(flags: number): number {
  return (flags & FLAG.HAS_IPV6) === 0 ? ENTRY.REST : ENTRY.REST + 16;
}

/** The flags of a row's entry: `flags` and those that follow from the addresses. */
export function withAddressFlags({ ipv4, ipv6 }: AddressRow, flags: number): number {
  return flags | (ipv4 === -1 ? 0 : FLAG.HAS_IPV4) | (ipv6 === null ? 0 : FLAG.HAS_IPV6);
}
