// Numbers in parentheses are clauses of docs/protocol/dns.md.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { payloadLimit } from '../../../../src/dns/edns/opt.ts';
import { RCODE } from '../../../../src/dns/rcode.ts';
import { parseRequest } from '../../../../src/dns/wire/request.ts';
import {
  type Reply,
  bareReply,
  encodeResponse,
  encodeServerFailure,
} from '../../../../src/dns/wire/response.ts';
import type { OwnedRRset } from '../../../../src/zone/rrset.ts';
import { formatName, nameFromLabels, parseName } from '../../../../src/zone/name.ts';
import { formatRdata } from '../../../../src/zone/rdata/rdata.ts';
import { RRTYPE, formatRRType } from '../../../../src/zone/rrtype.ts';
import { type DecodedMessage, type QueryOptions, decode, opt, query } from '../../../dns/message.ts';

const addresses = (name: string, count: number): OwnedRRset => ({
  owner: parseName(name)!,
  rrset: { type: 1, ttl: 60, rdata: Array.from({ length: count }, (_, i) => Buffer.of(192, 0, 2, i)) },
});
const NS: OwnedRRset = {
  owner: parseName('sub.test')!,
  rrset: { type: 2, ttl: 60, rdata: [Buffer.from(parseName('ns.sub.test')!, 'latin1')] },
};

function respond(
  reply: Partial<Reply>,
  options: QueryOptions = {},
  limit?: number,
): DecodedMessage & { size: number } {
  const request = parseRequest(query('sub.test', 'A', options))!;
  const whole = { ...bareReply(RCODE.NOERROR), ...reply };
  const bytes = encodeResponse(request, whole, limit ?? payloadLimit(request.opt, 'udp'));
  return { ...decode(bytes), size: bytes.length };
}

void test('the header: id, opcode and RD copied, every other bit of the request cleared (4.1)', () => {
  const set = respond({ authoritative: true }, { id: 0xabcd, flags: 0x0000 | (5 << 11) | 0x07f0 });
  assert.deepEqual([set.id, set.opcode, set.flags], [0xabcd, 5, ['qr', 'aa', 'rd']]);
  assert.deepEqual(respond({}, { flags: 0x0670 }).flags, ['qr']);
});

void test('an OPT answers an OPT and only that; DO is copied, extended rcodes use it', () => {
  assert.equal(respond({ options: [{ code: 15, data: Buffer.of(0, 20) }] }).opt, undefined);
  const got = respond({ rcode: RCODE.BADVERS }, { opt: opt({ flags: 0xffff, size: 512 }) });
  assert.equal(got.rcode, 'BADVERS');
  assert.deepEqual(got.opt, { size: 1232, rcode: 16, version: 0, flags: 0x8000, options: [] });
});

void test('an answer that does not fit: TC, the OPT stays, RRsets are whole (5.1, 5.3)', () => {
  const answer = [addresses('a.test', 5), addresses('b.test', 40), addresses('c.test', 1)];
  const got = respond({ answer, authority: [NS], authoritative: true }, { opt: opt({ size: 0 }) });
  assert.deepEqual(got.flags, ['qr', 'aa', 'tc']);
  assert.equal(got.answer.length, 5);
  assert.deepEqual([got.authority, got.additional], [[], []]);
  assert.ok(got.opt);
  assert.ok(got.size <= 512);
  assert.deepEqual(respond({ answer }, {}, 65_535).answer.length, 46);
});

void test('an answer that fits exactly is not truncated', () => {
  const answer = [addresses('sub.test', 10)];
  const size = 12 + 14 + 160;
  assert.equal(respond({ answer }, {}, size).size, size);
  assert.deepEqual(respond({ answer }, {}, size - 1).flags, ['qr', 'tc']);
  assert.deepEqual(respond({ answer }, { opt: opt() }, size + 11).answer.length, 10);
  assert.deepEqual(respond({ answer }, { opt: opt() }, size + 10).flags, ['qr', 'tc']);
});

void test('glue that does not fit truncates a referral, other addresses are just left out (2.6, 5.3)', () => {
  const glue = [addresses('ns.sub.test', 2), addresses('ns2.sub.test', 40)];
  const got = respond({ authority: [NS], glue });
  assert.deepEqual([got.flags, got.authority.length, got.additional.length], [['qr', 'tc'], 1, 2]);
  const spare = respond({ authority: [NS], additional: glue });
  assert.deepEqual([spare.flags, spare.authority.length, spare.additional.length], [['qr'], 1, 2]);
});

void test('every reply is read back as what it was, or as its beginning with TC', () => {
  const name = fc
    .array(fc.constantFrom('a', 'b', 'ns', 'B', 'x\x01y'), { minLength: 1, maxLength: 4 })
    .map((labels) => nameFromLabels(labels)!);
  const wire = name.map((text) => Buffer.from(text, 'latin1'));
  const rdata: Record<number, fc.Arbitrary<Uint8Array>> = {
    [RRTYPE.A]: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    [RRTYPE.NS]: wire,
    [RRTYPE.MX]: wire.map((target) => Buffer.concat([Buffer.of(0, 10), target])),
    [RRTYPE.SRV]: wire.map((target) => Buffer.concat([Buffer.alloc(6), target])),
    65_400: fc.uint8Array({ minLength: 1, maxLength: 90 }),
  };
  const rrset = fc.constantFrom(...Object.keys(rdata).map(Number)).chain((type) =>
    fc.record({
      type: fc.constant(type),
      ttl: fc.nat(0x7fff_ffff),
      rdata: fc.array(rdata[type]!, { minLength: 1, maxLength: 5 }),
    }),
  );
  const section = fc.array(fc.record({ owner: name, rrset }), { maxLength: 5 });
  const line = ({ owner, rrset: { type, ttl, rdata } }: OwnedRRset): string[] =>
    rdata.map((data) => `${formatName(owner)} ${ttl} IN ${formatRRType(type)} ${formatRdata(type, data)}`);
  fc.assert(
    fc.property(section, section, section, fc.boolean(), (answer, authority, glue, edns) => {
      const got = respond({ answer, authority, glue }, edns ? { opt: opt({ size: 700 }) } : {});
      assert.ok(got.size <= (edns ? 700 : 512));
      assert.equal(got.opt !== undefined, edns);
      const whole = [answer, authority, glue].map((rrsets) => rrsets.flatMap(line));
      const read = [got.answer, got.authority, got.additional];
      if (!got.flags.includes('tc')) assert.deepEqual(read, whole);
      else {
        assert.notDeepEqual(read, whole);
        assert.deepEqual(read.flat(), whole.flat().slice(0, read.flat().length));
      }
    }),
    { numRuns: 500 },
  );
});

void test('a message that failed inside gets a SERVFAIL of its own bytes', () => {
  const bytes = query('hOmE.test', 'A', { id: 7, flags: 0x07f0, opt: opt() });
  const got = decode(encodeServerFailure(parseRequest(bytes)!));
  assert.deepEqual([got.id, got.rcode, got.flags], [7, 'SERVFAIL', ['qr', 'rd']]);
  assert.deepEqual(got.question, bytes.subarray(12, -11));
  const header = decode(encodeServerFailure(parseRequest(Buffer.alloc(12))!));
  assert.deepEqual([header.rcode, header.question.length], ['SERVFAIL', 0]);
});
