/**
 * Responses as bytes: header, the question exactly as it was asked, sections, OPT.
 *
 * Invariants: RA, AD, CD and Z are zero and RD is copied (RFC 1035 §4.1.1, RFC 4035 §3.1.6); an OPT answers an OPT and
 * only that, also on errors and truncation (RFC 6891 §6.1.1, §7); TC is set exactly where something that was asked for
 * is missing: an RRset of the answer or authority section, or glue of a referral (RFC 2181 §9, RFC 9471 §3).
 */
import type { Resolution } from '../../zone/lookup.ts';
import type { OwnedRRset } from '../../zone/rrset.ts';
import { type EdnsOption, encodeOpt } from '../edns/opt.ts';
import { CLASS, RCODE, type Rcode } from '../rcode.ts';
import { MessageWriter } from './message-writer.ts';
import { type DnsRequest, HEADER_LENGTH } from './request.ts';

/** What is answered, before it has bytes. */
export interface Reply extends Omit<Resolution, 'kind'> {
  readonly rcode: Rcode;
  /** Options for the OPT record; they are left out where the request had none. */
  readonly options: readonly EdnsOption[];
}

/** A reply without records. */
export function bareReply(rcode: Rcode, options: readonly EdnsOption[] = []): Reply {
  return { rcode, options, authoritative: false, answer: [], authority: [], glue: [], additional: [] };
}

/** The bytes of a reply, at most `limit` of them; the sections are cut at whole RRsets where they do not fit. */
export function encodeResponse(request: DnsRequest, reply: Reply, limit: number): Uint8Array {
  const writer = new MessageWriter(limit, request.question?.class ?? CLASS.IN);
  const { question } = request;
  writer.writeBytes(EMPTY_HEADER);
  if (question !== undefined)
    writer.writeQuestion(request.bytes.subarray(HEADER_LENGTH, question.end), question.name);
  const opt = request.opt === undefined ? undefined : encodeOpt(request.opt, reply.rcode, reply.options);
  const reserved = opt?.length ?? 0;

  const answer = writeSection(writer, reply.answer, reserved);
  const authority = answer.whole ? writeSection(writer, reply.authority, reserved) : NOTHING;
  const glue = authority.whole ? writeSection(writer, reply.glue, reserved) : NOTHING;
  const additional = glue.whole ? writeSection(writer, reply.additional, reserved) : NOTHING;
  if (opt !== undefined) writer.writeBytes(opt);

  const flags =
    0x8000 |
    (request.opcode << 11) |
    (reply.authoritative ? 0x0400 : 0) |
    (glue.whole ? 0 : 0x0200) |
    (request.recursionDesired ? 0x0100 : 0) |
    (reply.rcode & 0x0f);
  writer.patchUint16(0, (request.bytes[0]! << 8) | request.bytes[1]!);
  writer.patchUint16(2, flags);
  writer.patchUint16(4, question === undefined ? 0 : 1);
  writer.patchUint16(6, answer.records);
  writer.patchUint16(8, authority.records);
  writer.patchUint16(10, glue.records + additional.records + (opt === undefined ? 0 : 1));
  return writer.finish();
}

/**
 * The SERVFAIL to a message whose handling failed, made of nothing but its own bytes: a header, and the question
 * where it was read. Whatever code failed, this does not call it.
 */
export function encodeServerFailure({ bytes, question }: DnsRequest): Uint8Array {
  const response = Buffer.alloc(question?.end ?? HEADER_LENGTH);
  response.set(bytes.subarray(0, response.length));
  response[2] = 0x80 | (bytes[2]! & 0x79);
  response[3] = RCODE.SERVFAIL;
  response.fill(0, 4, HEADER_LENGTH);
  response.writeUInt16BE(question === undefined ? 0 : 1, 4);
  return response;
}

interface Section {
  readonly records: number;
  readonly whole: boolean;
}

const EMPTY_HEADER = new Uint8Array(HEADER_LENGTH);
const WHOLE: Section = { records: 0, whole: true };
const NOTHING: Section = { records: 0, whole: false };

/** Writes RRsets up to the first that does not fit. */
function writeSection(writer: MessageWriter, rrsets: readonly OwnedRRset[], reserved: number): Section {
  if (rrsets.length === 0) return WHOLE;
  let records = 0;
  for (const owned of rrsets) {
    if (!writer.writeRRset(owned, reserved)) return { records, whole: false };
    records += owned.rrset.rdata.length;
  }
  return { records, whole: true };
}
