/**
 * STUN Binding requests and their answers (RFC 8489 §5, §14.1, §14.2): the few octets that are needed.
 * Invariant: an answer counts only with the transaction ID of the request; nothing is read past the datagram.
 */
import { addressFromBytes, formatIpAddress } from '../../../../src/net/ip-address.ts';

const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const MAGIC_COOKIE = 0x2112a442;
const XOR_MAPPED_ADDRESS = 0x0020;
const HEADER_OCTETS = 20;

/** The octets of a Binding request with this transaction ID of 12 octets. */
export function encodeBindingRequest(transaction: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_OCTETS);
  header.writeUInt16BE(BINDING_REQUEST, 0);
  header.writeUInt32BE(MAGIC_COOKIE, 4);
  transaction.copy(header, 8, 0, 12);
  return header;
}

/** The address in a Binding success; undefined for every other datagram. */
export function decodeBindingResponse(datagram: Buffer, transaction: Buffer): string | undefined {
  if (datagram.length < HEADER_OCTETS || datagram.readUInt16BE(0) !== BINDING_SUCCESS) return undefined;
  if (datagram.readUInt32BE(4) !== MAGIC_COOKIE || !datagram.subarray(8, 20).equals(transaction))
    return undefined;
  const end = HEADER_OCTETS + datagram.readUInt16BE(2);
  if (end > datagram.length) return undefined;
  for (let at = HEADER_OCTETS; at + 4 <= end;) {
    const length = datagram.readUInt16BE(at + 2);
    const value = datagram.subarray(at + 4, at + 4 + length);
    if (at + 4 + length > end) return undefined;
    if (datagram.readUInt16BE(at) === XOR_MAPPED_ADDRESS)
      return decodeXorAddress(value, datagram.subarray(4, 20));
    at += 4 + length + ((4 - (length % 4)) % 4);
  }
  return undefined;
}

function decodeXorAddress(value: Buffer, mask: Buffer): string | undefined {
  const octets = value[1] === 1 ? 4 : value[1] === 2 ? 16 : 0;
  if (octets === 0 || value.length !== 4 + octets) return undefined;
  return formatIpAddress(addressFromBytes(value.subarray(4).map((octet, i) => octet ^ mask[i]!)));
}
