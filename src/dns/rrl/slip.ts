/**
 * The answer that takes the place of one that was limited: nothing but the question and TC=1. It is hardly longer than
 * the query, so nobody gains by forging one, and a client that did ask comes back over TCP (RFC 7766 §5).
 *
 * Invariant: both functions give the same bytes for the same exchange: QR, opcode and RD of the query, TC, no other
 * flag, NOERROR, and an OPT where the query had one (RFC 6891 §7).
 */
import { MAX_TCP_PAYLOAD, type EdnsOption } from '../edns/opt.ts';
import { RCODE } from '../rcode.ts';
import { type DnsRequest, HEADER_LENGTH } from '../wire/request.ts';
import { bareReply, encodeResponse } from '../wire/response.ts';

const FLAG_TC = 0x02;

/** The slipped reply to a query. `options` go into its OPT: a cookie lets the client prove that its address is its own. */
export function encodeSlip(request: DnsRequest, options: readonly EdnsOption[] = []): Uint8Array {
  const bytes = encodeResponse(request, bareReply(RCODE.NOERROR, options), MAX_TCP_PAYLOAD);
  bytes[2]! |= FLAG_TC;
  return bytes;
}

/**
 * Turns a finished response, which begins at `at`, is `length` bytes long and ends with `optLength` bytes of OPT (0
 * where it has none), into the slipped one in place, and returns its length. Allocates nothing.
 */
export function slipInPlace(bytes: Uint8Array, at: number, length: number, optLength: number): number {
  const end = questionEnd(bytes, at);
  // Without AA: what is left asserts nothing.
  bytes[at + 2] = (bytes[at + 2]! & 0xf9) | FLAG_TC;
  bytes[at + 3] = RCODE.NOERROR;
  bytes.fill(0, at + 6, at + HEADER_LENGTH);
  if (optLength === 0) return end - at;
  bytes[at + 11] = 1;
  bytes.copyWithin(end, at + length - optLength, at + length);
  // The upper bits of the response code.
  bytes[end + 5] = 0;
  return end - at + optLength;
}

/** The offset after the question of our own response, whose name is never compressed. */
function questionEnd(bytes: Uint8Array, at: number): number {
  let end = at + HEADER_LENGTH;
  if ((bytes[at + 4]! | bytes[at + 5]!) === 0) return end;
  while (bytes[end]! !== 0) end += 1 + bytes[end]!;
  return end + 5;
}
