/**
 * Answers made on raw bytes, in place: the fast lane's whole work on one packet.
 *
 * What it answers: a plain query (one question of class IN, at most an OPT with nothing but a cookie) for A or AAAA of a host,
 * the absence of any other ordinary type at a host, and the absence of a name below an apex. Everything else it hands
 * over untouched. Invariants: no object and no string is made for a packet; nothing outside the packet's own bytes is
 * read or written; the bytes are the same as the general lane's. The words that the writer changes are read plainly, which V8
 * makes one load of each (Atomics.load is a call): docs/design/dns-fast-lane.md says why that is enough.
 */
import { RRTYPE } from '../../zone/rrtype.ts';
import { COOKIE_OPTION_LENGTH, COOKIE_PROOF, type CookieInPlace } from '../cookies/cookie-in-place.ts';
import { MIN_UDP_PAYLOAD, OPT_LENGTH } from '../edns/opt.ts';
import { HEADER_LENGTH } from '../wire/request.ts';
import {
  COOKIE_DATA_OFFSET,
  OPT,
  isOrdinary,
  isPlainHeader,
  readOpt,
  writeHeader,
  writeOpt,
  writeRecord,
} from './packet.ts';
import {
  CHUNK_BYTES,
  ENTRY,
  FLAG,
  OFFSET_BITS,
  OFFSET_MASK,
  REMOVED,
  ZONES_WORD,
  ZONE_BLOCK,
  hashEnd,
  hashStep,
} from './table/table-layout.ts';

/** The result for a packet that the general lane shall see; the packet is as it was. */
export const HAND_OVER = 0;

/** The result for a packet that gets no answer. */
export const DROP = -1;

/** The largest reply made here, which every client takes (RFC 1035 §4.2.1). */
const LARGEST_REPLY = MIN_UDP_PAYLOAD;

/** A reader of the answer table that answers packets. One for each worker; not shared. */
export class FastAnswer {
  readonly #seed: number;
  readonly #bytes: Uint8Array[] = [];
  readonly #words: Int32Array[] = [];
  readonly #missing: (chunk: number) => SharedArrayBuffer;
  /** The question's name in lower case, where its labels begin, and the hash of the name from each label on. */
  readonly #name = new Uint8Array(256);
  readonly #labels = new Uint8Array(128);
  readonly #hashes = new Int32Array(128);
  #nameLength = 0;
  #labelCount = 0;
  /** Cookies of whom `cookies.client` names; without them the general lane gets the queries that carry one. */
  cookies: CookieInPlace | undefined;
  /** The time for cookies, in seconds since 1970. */
  nowSeconds = 0;
  /** Bytes of the OPT, options included, at the end of the reply made last. */
  optLength = 0;
  /** Whether the query answered last brought a cookie that proves its source. */
  isProven = false;

  /** `missing` gives the memory of a chunk that is not known yet; chunk 0 is asked for at once. */
  constructor(seed: number, missing: (chunk: number) => SharedArrayBuffer) {
    this.#seed = seed;
    this.#missing = missing;
    this.#load(0);
  }

  /**
   * Answers the packet of `length` bytes at `at` in its own place; there must be room for 512 bytes. Returns the
   * reply's length, HAND_OVER or DROP.
   */
  answer(packet: Uint8Array, at: number, length: number): number {
    if (length < HEADER_LENGTH || (packet[at + 2]! & 0x80) !== 0) return DROP;
    if (!isPlainHeader(packet, at)) return HAND_OVER;
    const question = this.#readName(packet, at + HEADER_LENGTH, at + length);
    if (question === -1 || question + 4 > at + length) return HAND_OVER;
    const type = (packet[question]! << 8) | packet[question + 1]!;
    if (packet[question + 2] !== 0 || packet[question + 3] !== 1 || !isOrdinary(type)) return HAND_OVER;
    const end = question + 4;
    const opt = readOpt(packet, at, end, at + length);
    if (opt === -1 || !this.#takeCookie(packet, end, at + length, opt)) return HAND_OVER;
    this.optLength = opt === 0 ? 0 : OPT_LENGTH + ((opt & OPT.COOKIE) === 0 ? 0 : COOKIE_OPTION_LENGTH);
    const entry = this.#find(0);
    const reply = entry === 0 ? this.#nameError(packet, at, end) : this.#atHost(packet, at, end, entry, type);
    if (reply === HAND_OVER) return HAND_OVER;
    if (opt === 0) return reply - at;
    const options = writeOpt(packet, at, reply, opt, this.optLength - OPT_LENGTH);
    return ((opt & OPT.COOKIE) === 0 ? options : this.cookies!.write(packet, options)) - at;
  }

  /** Reads the cookie of an OPT at `end`, if there is one; whether that can be answered here. */
  #takeCookie(packet: Uint8Array, end: number, limit: number, opt: number): boolean {
    this.isProven = false;
    if ((opt & OPT.COOKIE) === 0) return true;
    if (this.cookies === undefined) return false;
    const data = end + COOKIE_DATA_OFFSET;
    const proof = this.cookies.take(packet, data, limit - data, this.nowSeconds);
    this.isProven = proof === COOKIE_PROOF.PROVEN;
    return proof !== COOKIE_PROOF.MALFORMED;
  }

  /** Writes the answer section for a name that has an entry; returns the end, or HAND_OVER. */
  // eslint-disable-next-line max-params -- five numbers on the stack; an object for them would be garbage per packet
  #atHost(packet: Uint8Array, at: number, end: number, entry: number, type: number): number {
    const chunk = entry >>> OFFSET_BITS;
    const bytes = this.#bytes[chunk]!;
    const from = (entry & OFFSET_MASK) << 3;
    const flags = bytes[from + ENTRY.FLAGS]!;
    if ((flags & (FLAG.GENERAL | FLAG.PLAIN_APEX)) !== 0) return HAND_OVER;
    const ttl = this.#words[chunk]![(from + ENTRY.TTL) >>> 2]!;
    if (type === RRTYPE.A && (flags & FLAG.HAS_IPV4) !== 0) {
      const address = this.#words[chunk]![(from + ENTRY.IPV4) >>> 2]!;
      writeHeader(packet, at, 0, 1, 0);
      const to = writeRecord(packet, end, RRTYPE.A, ttl, 4);
      packet[to] = address;
      packet[to + 1] = address >>> 8;
      packet[to + 2] = address >>> 16;
      packet[to + 3] = address >>> 24;
      return to + 4;
    }
    if (type === RRTYPE.AAAA && (flags & FLAG.HAS_IPV6) !== 0) {
      writeHeader(packet, at, 0, 1, 0);
      const to = writeRecord(packet, end, RRTYPE.AAAA, ttl, 16);
      for (let i = 0; i < 16; i++) packet[to + i] = bytes[from + ENTRY.REST + i]!;
      return to + 16;
    }
    const zone = bytes[from + ENTRY.ZONE]! | (bytes[from + ENTRY.ZONE + 1]! << 8);
    return this.#negative(packet, at, end, zone, 0);
  }

  /** Writes NXDOMAIN where the closest name that exists is an apex without a wildcard; returns the end, or HAND_OVER. */
  #nameError(packet: Uint8Array, at: number, end: number): number {
    for (let label = 1; label < this.#labelCount; label++) {
      const entry = this.#find(label);
      if (entry === 0) continue;
      const bytes = this.#bytes[entry >>> OFFSET_BITS]!;
      const from = (entry & OFFSET_MASK) << 3;
      if ((bytes[from + ENTRY.FLAGS]! & FLAG.PLAIN_APEX) === 0) return HAND_OVER;
      const zone = bytes[from + ENTRY.ZONE]! | (bytes[from + ENTRY.ZONE + 1]! << 8);
      return this.#negative(packet, at, end, zone, 3);
    }
    return HAND_OVER;
  }

  /** Writes the SOA record of a zone as the authority section; returns the end, or HAND_OVER. */
  // eslint-disable-next-line max-params -- as #atHost
  #negative(packet: Uint8Array, at: number, end: number, zone: number, rcode: number): number {
    const reference = this.#words[0]![ZONES_WORD + zone]!;
    if (reference === 0) return HAND_OVER;
    const chunk = reference >>> OFFSET_BITS;
    if (this.#bytes[chunk] === undefined) this.#load(chunk);
    const bytes = this.#bytes[chunk]!;
    const from = (reference & OFFSET_MASK) << 3;
    const length = bytes[from + ZONE_BLOCK.LENGTH]! | (bytes[from + ZONE_BLOCK.LENGTH + 1]! << 8);
    // Room for the owner's pointer and the OPT as well.
    if (end - at + 2 + length + this.optLength > LARGEST_REPLY) return HAND_OVER;
    const longer = this.#nameLength - bytes[from + ZONE_BLOCK.APEX_LENGTH]!;
    writeHeader(packet, at, rcode, 0, 1);
    packet[end] = 0xc0 | ((HEADER_LENGTH + longer) >>> 8);
    packet[end + 1] = HEADER_LENGTH + longer;
    const to = end + 2;
    const record = from + ZONE_BLOCK.RECORD;
    for (let i = 0; i < length; i++) packet[to + i] = bytes[record + i]!;
    const pointers = bytes[from + ZONE_BLOCK.POINTERS]!;
    for (let i = 0; i < pointers; i++) {
      const pointer = to + bytes[record + length + i]!;
      const target = ((packet[pointer]! << 8) | packet[pointer + 1]!) + longer;
      packet[pointer] = target >>> 8;
      packet[pointer + 1] = target;
    }
    const serial = this.#words[chunk]![from >>> 2]!;
    const serialAt = to + length - 20;
    packet[serialAt] = serial;
    packet[serialAt + 1] = serial >>> 8;
    packet[serialAt + 2] = serial >>> 16;
    packet[serialAt + 3] = serial >>> 24;
    return to + length;
  }

  /** Reads and hashes the name at `at`; returns the offset behind it, or -1 where it is none without pointers. */
  #readName(packet: Uint8Array, at: number, limit: number): number {
    const name = this.#name;
    let from = at;
    let to = 0;
    let labels = 0;
    for (;;) {
      if (from >= limit) return -1;
      const length = packet[from++]!;
      if (length === 0) break;
      if (length > 63 || to + length + 2 > 255 || from + length > limit) return -1;
      this.#labels[labels++] = to;
      name[to++] = length;
      for (const stop = from + length; from < stop; from++) {
        const octet = packet[from]!;
        name[to++] = octet >= 65 && octet <= 90 ? octet + 32 : octet;
      }
    }
    name[to++] = 0;
    let hash = this.#seed;
    let label = labels - 1;
    for (let i = to - 1; i >= 0; i--) {
      hash = hashStep(hash, name[i]!);
      if (label >= 0 && i === this.#labels[label]) this.#hashes[label--] = hash;
    }
    this.#nameLength = to;
    this.#labelCount = labels;
    return labels === 0 ? -1 : from;
  }

  /** The reference of the entry of the question's name from its `label` on, or 0. */
  #find(label: number): number {
    const hash = hashEnd(this.#hashes[label]!);
    const start = this.#labels[label]!;
    const directory = this.#words[0]![hash >>> 24]!;
    const chunk = directory >>> OFFSET_BITS;
    if (this.#words[chunk] === undefined) this.#load(chunk);
    const words = this.#words[chunk]!;
    const table = (directory & OFFSET_MASK) << 1;
    const mask = words[table]!;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const value = words[table + 3 + 2 * slot]!;
      if (value === 0) return 0;
      if (words[table + 2 + 2 * slot] === hash && value !== REMOVED && this.#isEntryOf(value, start))
        return value;
    }
  }

  #isEntryOf(reference: number, start: number): boolean {
    const chunk = reference >>> OFFSET_BITS;
    if (this.#words[chunk] === undefined) this.#load(chunk);
    const from = (reference & OFFSET_MASK) << 3;
    const bytes = this.#bytes[chunk]!;
    const length = this.#nameLength - start;
    if (bytes[from + ENTRY.NAME_LENGTH] !== length) return false;
    const name = this.#name;
    const at = from + ((bytes[from + ENTRY.FLAGS]! & FLAG.HAS_IPV6) === 0 ? ENTRY.REST : ENTRY.REST + 16);
    for (let i = 0; i < length; i++) if (bytes[at + i] !== name[start + i]) return false;
    return true;
  }

  #load(chunk: number): void {
    const memory = this.#missing(chunk);
    if (memory.byteLength !== CHUNK_BYTES)
      throw new RangeError(`chunk ${chunk} has ${memory.byteLength} bytes`);
    this.#bytes[chunk] = new Uint8Array(memory);
    this.#words[chunk] = new Int32Array(memory);
  }
}
