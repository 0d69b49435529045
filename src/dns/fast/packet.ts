/**
 * A plain query and its answer as bytes in one buffer: what is checked of the one and written of the other.
 * Invariant: nothing is allocated, and nothing outside the packet is touched.
 */
import { RRTYPE } from '../../zone/rrtype.ts';
import { MAX_UDP_PAYLOAD } from '../edns/opt.ts';
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

/** 0 without OPT, 1 with one, 2 with one that has DO set, -1 where the general lane has to look at it. */
export function readOpt(packet: Uint8Array, at: number, end: number, limit: number): number {
  if (packet[at + 11] === 0) return end === limit ? 0 : -1;
  if (end + 11 !== limit || packet[end] !== 0 || packet[end + 1] !== 0 || packet[end + 2] !== RRTYPE.OPT)
    return -1;
  // Extended RCODE, version and length of the options: all zero.
  if ((packet[end + 5]! | packet[end + 6]! | packet[end + 9]! | packet[end + 10]!) !== 0) return -1;
  return (packet[end + 7]! & 0x80) === 0 ? 1 : 2;
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

/** Appends the OPT of a reply to a query that had one; returns the end. */
export function finish(packet: Uint8Array, at: number, end: number, edns: number): number {
  if (edns === 0) return end;
  packet[at + 11] = 1;
  packet[end] = 0;
  packet[end + 1] = 0;
  packet[end + 2] = RRTYPE.OPT;
  packet[end + 3] = MAX_UDP_PAYLOAD >>> 8;
  packet[end + 4] = MAX_UDP_PAYLOAD & 255;
  packet[end + 5] = 0;
  packet[end + 6] = 0;
  packet[end + 7] = edns === 2 ? 0x80 : 0;
  packet[end + 8] = 0;
  packet[end + 9] = 0;
  packet[end + 10] = 0;
  return end + 11;
}
