/**
 * The PROXY protocol, versions 1 and 2 (haproxy.org/download/3.0/doc/proxy-protocol.txt): the line or block in which
 * a layer-4 proxy says whose connection it passes on.
 *
 * Invariants: read only from peers that the caller trusts; then it must be there and well formed, because a receiver
 * that guesses lets the client write it; bounded in size and time; what follows the header is left for HTTP.
 */
import type { Socket } from 'node:net';
import { type IpAddress, addressFromBytes, familyOf, parseIpAddress } from '../../net/ip-address.ts';

/** What the first bytes of a connection are. `source` is undefined where the proxy speaks for itself. */
export type ProxyHeader =
  | { readonly kind: 'header'; readonly length: number; readonly source: IpAddress | undefined }
  | { readonly kind: 'incomplete' | 'malformed' };

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const PREAMBLE_1 = Buffer.from('PROXY ', 'latin1');
const LONGEST_1 = 107;
const FIXED_2 = 16;
/** Of the variable part of version 2; the addresses take 36 bytes, the rest is extensions. */
const LONGEST_2 = 4096;

const INCOMPLETE: ProxyHeader = { kind: 'incomplete' };
const MALFORMED: ProxyHeader = { kind: 'malformed' };

/** Decodes the header at the start of `bytes`. Never throws. */
export function decodeProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsAlike(bytes, PREAMBLE_1)) return decodeVersion1(bytes);
  if (startsAlike(bytes, SIGNATURE)) return decodeVersion2(bytes);
  return MALFORMED;
}

/**
 * Waits for the header at the start of a connection and hands the connection over with its source, positioned
 * behind the header. A connection without a whole header after `timeoutMs`, or with another beginning, is ended.
 */
export function awaitProxyHeader(
  socket: Socket,
  timeoutMs: number,
  handOver: (source: IpAddress | undefined) => void,
): void {
  let received = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  const stop = (): void => {
    clearTimeout(timer);
    socket.off('data', onData).off('close', stop).off('error', onError);
  };
  const onError = (): void => {
    socket.destroy(); // the connection is gone, and nothing was begun on it
  };
  const onData = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk]);
    const header = decodeProxyHeader(received);
    if (header.kind === 'incomplete') return;
    stop();
    if (header.kind !== 'header') {
      socket.destroy();
      return;
    }
    socket.pause();
    if (received.length > header.length) socket.unshift(received.subarray(header.length));
    handOver(header.source);
    socket.resume();
  };
  socket.on('data', onData).on('close', stop).on('error', onError);
}

function startsAlike(bytes: Buffer, expected: Buffer): boolean {
  const length = Math.min(bytes.length, expected.length);
  return bytes.subarray(0, length).equals(expected.subarray(0, length));
}

function decodeVersion1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, LONGEST_1).indexOf('\r\n');
  if (end < 0) return bytes.length < LONGEST_1 ? INCOMPLETE : MALFORMED;
  const [, protocol, from = '', to = '', ...ports] = bytes.toString('latin1', 0, end).split(' ');
  const length = end + 2;
  if (protocol === 'UNKNOWN') return { kind: 'header', length, source: undefined };
  const source = parseIpAddress(from);
  const family = protocol === 'TCP4' ? 4 : protocol === 'TCP6' ? 6 : undefined;
  // ::ffff:a.b.c.d is written as TCP6 but is an IPv4 address here.
  const fits = source !== undefined && (familyOf(source) === family || (family === 6 && from.includes(':')));
  const wellFormed =
    parseIpAddress(to) !== undefined && ports.length === 2 && ports.every((port) => /^\d{1,5}$/.test(port));
  return fits && wellFormed ? { kind: 'header', length, source } : MALFORMED;
}

function decodeVersion2(bytes: Buffer): ProxyHeader {
  if (bytes.length < FIXED_2) return INCOMPLETE;
  const versionAndCommand = bytes[12]!;
  const variable = bytes.readUInt16BE(14);
  if (versionAndCommand >> 4 !== 2 || (versionAndCommand & 15) > 1 || variable > LONGEST_2) return MALFORMED;
  const length = FIXED_2 + variable;
  if (bytes.length < length) return INCOMPLETE;
  if ((versionAndCommand & 15) === 0) return { kind: 'header', length, source: undefined }; // LOCAL
  const [addressLength, addresses] = { 1: [4, 12] as const, 2: [16, 36] as const }[bytes[13]! >> 4] ?? [0, 0];
  if (addressLength === 0) return { kind: 'header', length, source: undefined }; // AF_UNSPEC, AF_UNIX
  if (variable < addresses) return MALFORMED;
  return {
    kind: 'header',
    length,
    source: addressFromBytes(bytes.subarray(FIXED_2, FIXED_2 + addressLength)),
  };
}
