/**
 * Messages as a test sees them: queries built octet by octet, and answers read by a decoder that shares nothing with
 * the code under test but names and the text form of rdata.
 */
import assert from 'node:assert/strict';
import { type Name, formatName, nameFromWire } from '../../src/zone/name.ts';
import { formatRdata } from '../../src/zone/rdata/rdata.ts';
import { RRTYPE, formatRRType, parseRRType } from '../../src/zone/rrtype.ts';

const RCODES: Record<number, string> = {
  0: 'NOERROR',
  1: 'FORMERR',
  2: 'SERVFAIL',
  3: 'NXDOMAIN',
  4: 'NOTIMP',
  5: 'REFUSED',
  6: 'YXDOMAIN',
  16: 'BADVERS',
  23: 'BADCOOKIE',
};

/** What a query says; the defaults are those of a plain question. */
export interface QueryOptions {
  readonly id?: number;
  /** The second 16 bits of the header. */
  readonly flags?: number;
  readonly class?: number;
  /** A whole OPT record, see `opt`. */
  readonly opt?: Uint8Array;
}

/** Wire form of a name in presentation format, its case kept. */
export function wireName(text: string): Buffer {
  const labels = text === '.' ? [] : text.replace(/(?<!\\)\.$/, '').split(/(?<!\\)\./);
  const wire = labels.map((label) => {
    const octets = Buffer.from(
      label.replace(/\\(\d{3}|.)/g, (_, code: string) =>
        code.length === 3 ? String.fromCharCode(Number(code)) : code,
      ),
      'latin1',
    );
    return Buffer.concat([Buffer.of(octets.length), octets]);
  });
  return Buffer.concat([...wire, Buffer.of(0)]);
}

/** A query for one name and type. */
export function query(name: string | Uint8Array, type: string | number, options: QueryOptions = {}): Buffer {
  const number = typeof type === 'number' ? type : parseRRType(type)!;
  const wire = typeof name === 'string' ? wireName(name) : name;
  const { id = 0x1234, flags = 0 } = options;
  const additional = options.opt === undefined ? 0 : 1;
  return Buffer.concat([
    words(id, flags, 1, 0, 0, additional),
    wire,
    words(number, options.class ?? 1),
    options.opt ?? Buffer.alloc(0),
  ]);
}

/** An OPT record. */
export function opt(
  options: {
    size?: number;
    version?: number;
    flags?: number;
    options?: readonly (readonly [code: number, data: Uint8Array])[];
  } = {},
): Buffer {
  const data = (options.options ?? []).flatMap(([code, bytes]) => [words(code, bytes.length), bytes]);
  const rdata = Buffer.concat(data);
  const fixed = words(
    RRTYPE.OPT,
    options.size ?? 1232,
    options.version ?? 0,
    options.flags ?? 0,
    rdata.length,
  );
  return Buffer.concat([Buffer.of(0), fixed, rdata]);
}

/** 16-bit numbers in network order. */
export function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, i) => bytes.writeUInt16BE(value, i * 2));
  return bytes;
}

/** An answer, its records as lines of a zone file. */
export interface DecodedMessage {
  readonly id: number;
  readonly opcode: number;
  /** The rcode with the bits of the OPT record. */
  readonly rcode: string;
  /** Of qr, aa, tc, rd, ra, z, ad, cd those that are set. */
  readonly flags: readonly string[];
  readonly question: Buffer;
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  readonly additional: readonly string[];
  readonly opt: DecodedOpt | undefined;
}

/** The OPT record of an answer. */
export interface DecodedOpt {
  readonly size: number;
  readonly version: number;
  readonly flags: number;
  readonly options: readonly { readonly code: number; readonly data: Buffer }[];
}

/** Reads a whole answer; fails the test where it is no well-formed message or has bytes left over. */
export function decode(bytes: Uint8Array | undefined): DecodedMessage {
  assert.ok(bytes, 'there is an answer');
  const message = Buffer.from(bytes);
  const flagBits = message.readUInt16BE(2);
  let at = 12;
  if (message.readUInt16BE(4) === 1) at = readName(message, at).end + 4;
  const question = message.subarray(12, at);
  const asked = question.length === 0 ? 1 : message.readUInt16BE(at - 2);
  let edns: (DecodedOpt & { rcode: number }) | undefined;
  const sections = [6, 8, 10].map((countAt) => {
    const lines: string[] = [];
    for (let left = message.readUInt16BE(countAt); left > 0; left--) {
      const owner = readName(message, at);
      const [type, start] = [message.readUInt16BE(owner.end), owner.end + 10];
      const end = start + message.readUInt16BE(owner.end + 8);
      assert.ok(end <= message.length, 'the record is whole');
      if (type === RRTYPE.OPT) {
        assert.equal(edns, undefined, 'there is one OPT');
        edns = readOpt(message, owner.end, end);
      } else {
        assert.equal(message.readUInt16BE(owner.end + 2), asked, 'the class is the one asked for');
        const rdata = expand(message, type, start, end);
        const ttl = message.readUInt32BE(owner.end + 4);
        lines.push(
          `${formatName(owner.name)} ${ttl} ${asked === 1 ? 'IN' : `CLASS${asked}`} ${formatRRType(type)} ${formatRdata(type, rdata)}`,
        );
      }
      at = end;
    }
    return lines;
  });
  assert.equal(at, message.length, 'nothing follows the last record');
  const names = ['qr', 'aa', 'tc', 'rd', 'ra', 'z', 'ad', 'cd'];
  const masks = [0x8000, 0x400, 0x200, 0x100, 0x80, 0x40, 0x20, 0x10];
  const rcode = (flagBits & 15) | (edns?.rcode ?? 0);
  return {
    id: message.readUInt16BE(0),
    opcode: (flagBits >> 11) & 15,
    rcode: RCODES[rcode] ?? `RCODE${rcode}`,
    flags: names.filter((_, i) => (flagBits & masks[i]!) !== 0),
    question,
    answer: sections[0]!,
    authority: sections[1]!,
    additional: sections[2]!,
    opt: edns,
  };
}

function readOpt(message: Buffer, at: number, end: number): DecodedOpt & { rcode: number } {
  const options = [];
  for (let i = at + 10; i < end;) {
    const length = message.readUInt16BE(i + 2);
    options.push({ code: message.readUInt16BE(i), data: message.subarray(i + 4, i + 4 + length) });
    i += 4 + length;
  }
  return {
    size: message.readUInt16BE(at + 2),
    rcode: message.readUInt8(at + 4) << 4,
    version: message.readUInt8(at + 5),
    flags: message.readUInt16BE(at + 6),
    options,
  };
}

/** Rdata without compression. Only the types of RFC 1035 may have any. */
function expand(message: Buffer, type: number, start: number, end: number): Buffer {
  const layouts: Record<number, [skip: number, names: number]> = {
    [RRTYPE.NS]: [0, 1],
    [RRTYPE.CNAME]: [0, 1],
    [RRTYPE.PTR]: [0, 1],
    [RRTYPE.SOA]: [0, 2],
    [RRTYPE.MX]: [2, 1],
  };
  const [skip, names] = layouts[type] ?? [0, 0];
  const parts = [message.subarray(start, start + skip)];
  let at = start + skip;
  for (let i = 0; i < names; i++) {
    const read = readName(message, at);
    parts.push(Buffer.from(read.name, 'latin1'));
    at = read.end;
  }
  assert.ok(at <= end, 'the names lie inside the rdata');
  return Buffer.concat([...parts, message.subarray(at, end)]);
}

function readName(message: Buffer, start: number): { name: Name; end: number } {
  let [at, end, wire] = [start, 0, ''];
  for (;;) {
    const length = message.readUInt8(at);
    if (length >= 0xc0) {
      const target = message.readUInt16BE(at) & 0x3fff;
      assert.ok(target < at, 'a pointer points backwards');
      end ||= at + 2;
      at = target;
      continue;
    }
    assert.ok(length < 64, 'a label has at most 63 octets');
    wire += message.toString('latin1', at, at + 1 + length);
    at += 1 + length;
    if (length === 0) return { name: nameFromWire(wire), end: end || at };
  }
}
