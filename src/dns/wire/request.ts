/**
 * A received message, read as far as answering it needs: header, question, OPT, the place of TSIG (RFC 1035 §4.1,
 * RFC 6891 §6.1.1, RFC 8945 §5.1). All other records are only stepped over.
 *
 * Invariant: work is linear in the length of the message and no byte of it can make this module throw. A message
 * with a fault keeps what was read before the fault, so that its refusal can echo the question and carry an OPT.
 */
import { type Name, nameFromWire } from '../../zone/name.ts';
import { RRTYPE } from '../../zone/rrtype.ts';
import { type Opt, parseOpt } from '../edns/opt.ts';
import { MAX_HOPS, latin1, readName, skipName } from './name.ts';

/** The length of a message's header. */
export const HEADER_LENGTH = 12;

/** The one question of a message. */
export interface Question {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  /** The offset after the question, whose bytes begin after the header. */
  readonly end: number;
}

/** What is known of a received message. */
export interface DnsRequest {
  readonly bytes: Uint8Array;
  /** Whether QR is set: somebody's answer. */
  readonly isResponse: boolean;
  readonly opcode: number;
  readonly recursionDesired: boolean;
  readonly questionCount: number;
  /** Undefined unless there is exactly one that can be read. */
  readonly question: Question | undefined;
  readonly opt: Opt | undefined;
  /** Where the TSIG record begins; it is the last record then. */
  readonly tsigOffset: number | undefined;
  /** Whether the bytes break the message format. */
  readonly malformed: boolean;
}

/** A record of a received message. `rdata` may hold pointers into the message for types of RFC 1035. */
export interface RequestRecord {
  readonly section: 'answer' | 'authority' | 'additional';
  readonly owner: Name;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly rdataOffset: number;
  readonly rdata: Uint8Array;
}

const SECTIONS = ['answer', 'authority', 'additional'] as const;

/** Reads a message; undefined where it is shorter than a header and nothing can be said about it. */
export function parseRequest(bytes: Uint8Array): DnsRequest | undefined {
  if (bytes.length < HEADER_LENGTH) return undefined;
  const questionCount = uint16(bytes, 4);
  const question = questionCount === 1 ? parseQuestion(bytes) : undefined;
  const extras: Extras = { opt: undefined, tsigOffset: undefined };
  const readable = questionCount === 0 || question !== undefined;
  const whole = readable && scanRecords(bytes, question?.end ?? HEADER_LENGTH, extras);
  return {
    bytes,
    isResponse: (bytes[2]! & 0x80) !== 0,
    opcode: (bytes[2]! >>> 3) & 0x0f,
    recursionDesired: (bytes[2]! & 0x01) !== 0,
    questionCount,
    question,
    opt: extras.opt,
    tsigOffset: extras.tsigOffset,
    malformed: !whole,
  };
}

/**
 * Every record of a message that is not malformed, also those without RDATA, in order; undefined where a name
 * cannot be read within the limits. Decoding the RDATA is the caller's.
 */
export function readRecords({ bytes, question }: DnsRequest): readonly RequestRecord[] | undefined {
  const budget = { hops: MAX_HOPS };
  const records: RequestRecord[] = [];
  let at = question?.end ?? HEADER_LENGTH;
  for (const [i, section] of SECTIONS.entries()) {
    for (let left = uint16(bytes, 6 + 2 * i); left > 0; left--) {
      const owner = readName(bytes, at, budget);
      const end = owner === undefined ? undefined : recordEnd(bytes, owner.end);
      if (owner === undefined || end === undefined) return undefined;
      records.push({ section, owner: owner.name, ...recordAt(bytes, owner.end, end) });
      at = end;
    }
  }
  return records;
}

function parseQuestion(bytes: Uint8Array): Question | undefined {
  // Nothing precedes the first name that a pointer could mean, so skipName has refused every pointer here.
  const end = skipName(bytes, HEADER_LENGTH);
  if (end === undefined || end + 4 > bytes.length) return undefined;
  return {
    name: nameFromWire(latin1(bytes, HEADER_LENGTH, end)),
    type: uint16(bytes, end),
    class: uint16(bytes, end + 2),
    end: end + 4,
  };
}

interface Extras {
  opt: Opt | undefined;
  tsigOffset: number | undefined;
}

/** Steps over all records; false where one breaks the format or OPT or TSIG stand where they must not. */
function scanRecords(bytes: Uint8Array, start: number, extras: Extras): boolean {
  let at = start;
  for (const [i, section] of SECTIONS.entries()) {
    for (let left = uint16(bytes, 6 + 2 * i); left > 0; left--) {
      const ownerEnd = skipName(bytes, at);
      const end = ownerEnd === undefined ? undefined : recordEnd(bytes, ownerEnd);
      if (ownerEnd === undefined || end === undefined || extras.tsigOffset !== undefined) return false;
      const type = uint16(bytes, ownerEnd);
      if (type === RRTYPE.OPT) {
        if (section !== 'additional' || bytes[at] !== 0 || extras.opt !== undefined) return false;
        const record = recordAt(bytes, ownerEnd, end);
        extras.opt = parseOpt(record.class, record.ttl, record.rdata);
        if (extras.opt === undefined) return false;
      } else if (type === RRTYPE.TSIG) {
        if (section !== 'additional') return false;
        extras.tsigOffset = at;
      }
      at = end;
    }
  }
  return true;
}

/** The offset after the record whose type is at `at`, or undefined where the message ends before it. */
function recordEnd(bytes: Uint8Array, at: number): number | undefined {
  if (at + 10 > bytes.length) return undefined;
  const end = at + 10 + uint16(bytes, at + 8);
  return end > bytes.length ? undefined : end;
}

function recordAt(bytes: Uint8Array, at: number, end: number): Omit<RequestRecord, 'owner' | 'section'> {
  return {
    type: uint16(bytes, at),
    class: uint16(bytes, at + 2),
    ttl: ((uint16(bytes, at + 4) << 16) | uint16(bytes, at + 6)) >>> 0,
    rdataOffset: at + 10,
    rdata: bytes.subarray(at + 10, end),
  };
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
