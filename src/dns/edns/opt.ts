/**
 * The OPT pseudo-record (RFC 6891): reading a request's, building a response's, and the size it negotiates.
 * Invariant: what is advertised and what is sent over UDP never exceeds MAX_UDP_PAYLOAD (RFC 9715 §3.1).
 */
import { RRTYPE } from '../../zone/rrtype.ts';

/** The EDNS version spoken here. */
export const EDNS_VERSION = 0;

/** The largest UDP payload, advertised and sent: it passes every usual path without fragments. */
export const MAX_UDP_PAYLOAD = 1232;

/** The payload that every DNS client takes (RFC 1035 §4.2.1). */
export const MIN_UDP_PAYLOAD = 512;

/** The largest message over TCP. */
export const MAX_TCP_PAYLOAD = 65_535;

/** Bytes of an OPT record without options. */
export const OPT_LENGTH = 11;

/** Options that Homing knows (IANA DNS EDNS0 option codes). */
export const EDNS_OPTION = { NSID: 3, COOKIE: 10, EXTENDED_ERROR: 15 } as const;

/** One option. */
export interface EdnsOption {
  readonly code: number;
  readonly data: Uint8Array;
}

/** What a request's OPT says. */
export interface Opt {
  /** The payload size as claimed, which may be below 512. */
  readonly udpSize: number;
  readonly version: number;
  readonly dnssecOk: boolean;
  /** The options' bytes, checked to be whole. */
  readonly options: Uint8Array;
}

/** Reads an OPT's class, TTL and RDATA; undefined where its options do not fill the RDATA exactly. */
export function parseOpt(udpSize: number, ttl: number, options: Uint8Array): Opt | undefined {
  let at = 0;
  while (at < options.length) {
    if (at + 4 > options.length) return undefined;
    at += 4 + lengthAt(options, at);
  }
  if (at !== options.length) return undefined;
  return { udpSize, version: (ttl >>> 16) & 0xff, dnssecOk: (ttl & 0x8000) !== 0, options };
}

/** The data of the first option with this code. */
export function findOption(opt: Opt, code: number): Uint8Array | undefined {
  const { options } = opt;
  for (let at = 0; at < options.length; at += 4 + lengthAt(options, at)) {
    if (((options[at]! << 8) | options[at + 1]!) === code)
      return options.subarray(at + 4, at + 4 + lengthAt(options, at));
  }
  return undefined;
}

/** A response's OPT record: version 0, DO as asked (RFC 3225 §3), no other flag. */
export function encodeOpt(request: Opt, rcode: number, options: readonly EdnsOption[]): Uint8Array {
  const length = options.reduce((sum, { data }) => sum + 4 + data.length, 0);
  const bytes = Buffer.alloc(OPT_LENGTH + length);
  bytes.writeUInt16BE(RRTYPE.OPT, 1);
  bytes.writeUInt16BE(MAX_UDP_PAYLOAD, 3);
  bytes.writeUInt8(rcode >>> 4, 5);
  bytes.writeUInt8(EDNS_VERSION, 6);
  bytes.writeUInt16BE(request.dnssecOk ? 0x8000 : 0, 7);
  bytes.writeUInt16BE(length, 9);
  let at = OPT_LENGTH;
  for (const { code, data } of options) {
    bytes.writeUInt16BE(code, at);
    bytes.writeUInt16BE(data.length, at + 2);
    bytes.set(data, at + 4);
    at += 4 + data.length;
  }
  return bytes;
}

/** How long a response may be (RFC 6891 §6.2.3: a claim below 512 counts as 512). */
export function payloadLimit(opt: Opt | undefined, transport: 'udp' | 'tcp'): number {
  if (transport === 'tcp') return MAX_TCP_PAYLOAD;
  return Math.min(Math.max(opt?.udpSize ?? 0, MIN_UDP_PAYLOAD), MAX_UDP_PAYLOAD);
}

function lengthAt(options: Uint8Array, at: number): number {
  return (options[at + 2]! << 8) | options[at + 3]!;
}
