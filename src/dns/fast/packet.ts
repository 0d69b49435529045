/**
 * A plain query and its answer as bytes in one buffer: what is checked of the one and written of the other.
 * Invariant: nothing is allocated, and nothing outside the packet is touched.
 */
import { RRTYPE } from '../../zone/rrtype.ts';
import { EDNS_OPTION, MAX_UDP_PAYLOAD, OPT_LENGTH } from '../edns/opt.ts';
import { HEADER_LENGTH } from '../wire/request.ts';

/** Types from here to 255 are questions about records, not records (RFC 6895 §3.1). */
const FIRST_META_TYPE = 128;

/** QUERY, no flag but RD, AD and CD, one question, nothing else but at most one additional record. */
export function isPlainHeader(packet: Uint8Array, at: number): boolean {
  return (
    (packet[at + 2]! & 0xfe) === 0 &&
    (packet[at + 3]! & 0xcf) === 0 &&
    packet[at + 4] === 0 &&
    packet[at + 5] === 1 &&
    (packet[at + 6]! | packet[at + 7]! | packet[at + 8]! | packet[at + 9]! | packet[at + 10]!) === 0 &&
    packet[at + 11]! <= 1
  );
}

/** Whether a host's lack of this type is an ordinary absence. */
export function isOrdinary(type: number): boolean {
  return (
    type !== 0 &&
    type !== RRTYPE.OPT &&
    type !== RRTYPE.DS &&
    type !== RRTYPE.SOA &&
    type !== RRTYPE.CNAME &&
    (type < FIRST_META_TYPE || type > 255)
  );
}

/** What a plain query's OPT has: itself, the DO bit, a COOKIE as its only option. */
export const OPT = { PRESENT: 1, DO: 2, COOKIE: 4 } as const;

/** Bytes of a query's OPT before the data of its only option. */
export const COOKIE_DATA_OFFSET = OPT_LENGTH + 4;

/** The bits of OPT that hold for what stands from `end` on, 0 without OPT, or -1 where the general lane has to look at it. */
export function readOpt(packet: Uint8Array, at: number, end: number, limit: number): number {
  if (packet[at + 11] === 0) return end === limit ? 0 : -1;
  if (
    end + OPT_LENGTH > limit ||
    packet[end] !== 0 ||
    packet[end + 1] !== 0 ||
    packet[end + 2] !== RRTYPE.OPT
  )
    return -1;
  // Extended RCODE, version and the upper half of the length of the options: all zero.
  if ((packet[end + 5]! | packet[end + 6]! | packet[end + 9]!) !== 0) return -1;
  if (packet[end + 10] !== limit - end - OPT_LENGTH) return -1;
  const present = (packet[end + 7]! & 0x80) === 0 ? OPT.PRESENT : OPT.PRESENT | OPT.DO;
  const option = end + OPT_LENGTH;
  if (option === limit) return present;
  const isCookie = packet[option] === 0 && packet[option + 1] === EDNS_OPTION.COOKIE;
  return isCookie && packet[option + 2] === 0 && packet[option + 3] === limit - option - 4
    ? present | OPT.COOKIE
    : -1;
}

/** Turns a query's header into its answer's. */
// eslint-disable-next-line max-params -- an object for them would be garbage per packet
export function writeHeader(
  packet: Uint8Array,
  at: number,
  rcode: number,
  answers: number,
  authorities: number,
): void {
  packet[at + 2] = 0x84 | (packet[at + 2]! & 0x01);
  packet[at + 3] = rcode;
  packet[at + 7] = answers;
  packet[at + 9] = authorities;
  packet[at + 11] = 0;
}

/** Writes a record owned by the question's name up to its rdata; returns where that begins. */
// eslint-disable-next-line max-params -- as writeHeader
export function writeRecord(
  packet: Uint8Array,
  at: number,
  type: number,
  ttl: number,
  length: number,
): number {
  packet[at] = 0xc0;
  packet[at + 1] = HEADER_LENGTH;
  packet[at + 2] = 0;
  packet[at + 3] = type;
  packet[at + 4] = 0;
  packet[at + 5] = 1;
  packet[at + 6] = ttl >>> 24;
  packet[at + 7] = ttl >>> 16;
  packet[at + 8] = ttl >>> 8;
  packet[at + 9] = ttl;
  packet[at + 10] = 0;
  packet[at + 11] = length;
  return at + 12;
}

/** Appends the OPT of a reply, for options of `length` bytes that stand behind it; returns where they begin. */
// eslint-disable-next-line max-params -- as writeHeader
export function writeOpt(packet: Uint8Array, at: number, end: number, opt: number, length: number): number {
  packet[at + 11] = 1;
  packet[end] = 0;
  packet[end + 1] = 0;
  packet[end + 2] = RRTYPE.OPT;
  packet[end + 3] = MAX_UDP_PAYLOAD >>> 8;
  packet[end + 4] = MAX_UDP_PAYLOAD & 255;
  packet[end + 5] = 0;
  packet[end + 6] = 0;
  packet[end + 7] = (opt & OPT.DO) === 0 ? 0 : 0x80;
  packet[end + 8] = 0;
  packet[end + 9] = 0;
  packet[end + 10] = length;
  return end + OPT_LENGTH;
}
