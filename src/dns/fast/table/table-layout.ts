/**
 * The layout of the answer table: where each byte lies in the memory that the writer and all readers share.
 *
 * The table is a list of chunks of shared memory; a *reference* names a place in it: the chunk's number in the upper
 * bits, the offset in 8-byte units in the lower ones. Chunks are only ever added, so a reference stays valid for
 * the life of the table and growing copies nothing.
 *
 * Chunk 0 begins with the directory: 256 words, one for each value of the hash's top byte, each the reference of a
 * *sub-table*: a word with the number of its slots less one, a word unused, then the slots, two words each: the hash of
 * a name, and 0 for free, -1 for once used, or the reference of its entry. The hash stands there so that a search reads
 * the memory of no entry but the one it finds. Sub-tables grow one by one, so no growth is ever a long pause. Behind the
 * directory lie the zones: 65,536 words, each the reference of a zone block or 0.
 *
 * An entry never changes once it is published, but for its IPv4 address, which is one aligned word:
 *
 *     0  u8   length of the name                  8  4 B  IPv4 address, network order
 *     1  u8   flags                              12  16 B IPv6 address, only with HAS_IPV6
 *     2  u16  number of the zone                  …       name, lower-case wire form
 *     4  u32  TTL in seconds
 *
 * A zone block never changes either, but for the serial, which is one aligned word. It holds what follows the owner
 * of the SOA record in a negative answer, as the general lane writes it for a name as long as the apex:
 *
 *     0  u32  serial, network order               6  u8   length of the apex
 *     4  u16  length of the record's bytes        7  u8   how many pointers follow the record's bytes
 *     8  …    type to end of rdata; then the offset of each compression pointer in it, one byte each
 */

/** Bytes of one chunk. */
export const CHUNK_BYTES = 1 << 24;

/** Bits of a reference that count 8-byte units within a chunk. */
export const OFFSET_BITS = 21;

/** Mask of those bits. */
export const OFFSET_MASK = (1 << OFFSET_BITS) - 1;

/** How many sub-tables there are. */
export const DIRECTORY_SIZE = 256;

/** The word of chunk 0 at which the zones begin. */
export const ZONES_WORD = DIRECTORY_SIZE;

/** How many zones the table can hold. */
export const ZONES = 65_536;

/** Bytes of chunk 0 before the first free one. */
export const RESERVED_BYTES = (DIRECTORY_SIZE + ZONES) * 4;

/** Bytes of a sub-table before its first slot. */
export const SUB_TABLE_HEAD_BYTES = 8;

/** Bytes of a slot. */
export const SLOT_BYTES = 8;

/** The reference in a slot whose entry was removed: a search goes on behind it. */
export const REMOVED = -1;

/** Offsets within an entry. */
export const ENTRY = { NAME_LENGTH: 0, FLAGS: 1, ZONE: 2, TTL: 4, IPV4: 8, REST: 12 } as const;

/** Offsets within a zone block. */
export const ZONE_BLOCK = { SERIAL: 0, LENGTH: 4, APEX_LENGTH: 6, POINTERS: 7, RECORD: 8 } as const;

/** What an entry says of its name. */
export const FLAG = {
  HAS_IPV4: 1,
  HAS_IPV6: 2,
  /** Only the general lane can answer for this name. */
  GENERAL: 4,
  /** The name is a zone's apex, and nothing but the general rules stand between it and a name that does not exist. */
  PLAIN_APEX: 8,
} as const;

/** The reference of a place in a chunk; `offset` is a multiple of 8. */
export function referenceOf(chunk: number, offset: number): number {
  return (chunk << OFFSET_BITS) | (offset >>> 3);
}

/** A number as the word whose bytes in memory (little-endian) are in network order. */
export function networkWord(value: number): number {
  return (value >>> 24) | ((value >>> 8) & 0xff00) | ((value << 8) & 0xff0000) | (value << 24);
}

/** One step of the hash: a name's octets are folded in from the last to the first, so that a name's hash goes on from its parent's. */
export function hashStep(hash: number, octet: number): number {
  return Math.imul(hash ^ octet, 0x01000193);
}

/** The last step: spreads the upper bits, which name the sub-table, over all octets. */
export function hashEnd(hash: number): number {
  let h = hash ^ (hash >>> 15);
  h = Math.imul(h, 0x2c1b3c6d);
  h ^= h >>> 12;
  h = Math.imul(h, 0x297a2d39);
  return h ^ (h >>> 15);
}
