import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type DnsRequest, parseRequest, readRecords } from '../../../../src/dns/wire/request.ts';
import { parseName } from '../../../../src/zone/name.ts';
import { RRTYPE } from '../../../../src/zone/rrtype.ts';
import { opt, query, wireName, words } from '../../../dns/message.ts';

const QUESTION = Buffer.concat([wireName('home.example.test'), words(1, 1)]);

/** A record; `fixed` are type, class, upper and lower half of the TTL. */
function record(
  owner: string | Uint8Array,
  fixed: readonly number[],
  rdata: Uint8Array = Buffer.alloc(0),
): Buffer {
  const name = typeof owner === 'string' ? wireName(owner) : owner;
  return Buffer.concat([name, words(...fixed, rdata.length), rdata]);
}

function message(counts: readonly number[], ...parts: Uint8Array[]): Buffer {
  return Buffer.concat([words(1, 0, ...counts), ...parts]);
}

function parse(bytes: Uint8Array): DnsRequest {
  const request = parseRequest(bytes);
  assert.ok(request);
  return request;
}

const TSIG = record('key', [RRTYPE.TSIG, 255, 0, 0], Buffer.alloc(20));

void test('a plain question', () => {
  const bytes = query('hOmE.example.test', 'AAAA', { flags: 0x0110 });
  const request = parse(bytes);
  assert.deepEqual(request.question, {
    name: parseName('home.example.test'),
    type: RRTYPE.AAAA,
    class: 1,
    end: bytes.length,
  });
  assert.equal(request.malformed, false);
  assert.equal(request.opcode, 0);
  assert.equal(request.recursionDesired, true);
  assert.equal(request.isResponse, false);
  assert.equal(request.opt, undefined);
});

void test('less than a header says nothing', () => {
  for (let length = 0; length < 12; length++) assert.equal(parseRequest(Buffer.alloc(length)), undefined);
});

void test('bytes after the last record are ignored', () => {
  assert.equal(parse(Buffer.concat([query('home.example.test', 'A'), Buffer.of(1, 2, 3)])).malformed, false);
});

void test('questions that cannot be read', () => {
  const cases = {
    'none in spite of the count': [],
    'without a type': [wireName('home.example.test')],
    'with a label past the end': [Buffer.from('\x3fabc')],
    'with a pointer to itself': [words(0xc00c, 1, 1)],
    'with a pointer into the header': [words(0xc000, 1, 1)],
    'with a forward pointer': [words(0xc012, 1, 1), wireName('home.example.test')],
  };
  for (const [what, parts] of Object.entries(cases)) {
    const request = parse(message([1, 0, 0, 0], ...parts));
    assert.equal(request.malformed, true, what);
    assert.equal(request.question, undefined, what);
  }
});

void test('more than one question is none (RFC 9619 §4)', () => {
  const request = parse(message([2, 0, 0, 0], QUESTION, QUESTION));
  assert.equal(request.question, undefined);
  assert.equal(request.questionCount, 2);
});

void test('the OPT record is found behind others', () => {
  const edns = opt({ size: 4096, version: 3, flags: 0x8000, options: [[10, Buffer.alloc(8)]] });
  const request = parse(
    message(
      [1, 1, 0, 2],
      QUESTION,
      record('x', [1, 1, 0, 60], Buffer.alloc(4)),
      record('y', [65400, 1, 0, 0]),
      edns,
    ),
  );
  assert.equal(request.malformed, false);
  assert.equal(request.opt?.udpSize, 4096);
  assert.equal(request.opt.version, 3);
  assert.equal(request.opt.dnssecOk, true);
});

void test('OPT where it must not be, twice or broken (RFC 6891 §6.1.1)', () => {
  const broken = record('.', [RRTYPE.OPT, 1232, 0, 0], Buffer.of(0, 100, 0, 99, 1));
  assert.equal(parse(message([1, 0, 0, 2], QUESTION, opt(), opt())).malformed, true);
  assert.equal(parse(message([1, 1, 0, 0], QUESTION, opt())).malformed, true);
  assert.equal(parse(message([1, 0, 1, 0], QUESTION, opt())).malformed, true);
  assert.equal(parse(message([1, 0, 0, 1], QUESTION, record('x', [RRTYPE.OPT, 1232, 0, 0]))).malformed, true);
  const request = parse(message([1, 0, 0, 1], QUESTION, broken));
  assert.equal(request.malformed, true);
  assert.ok(request.question, 'what was read before stays for the refusal');
});

void test('TSIG is the last record of the message (RFC 8945 §5.1)', () => {
  const start = 12 + QUESTION.length;
  assert.equal(parse(message([1, 0, 0, 1], QUESTION, TSIG)).tsigOffset, start);
  assert.equal(parse(message([1, 0, 0, 2], QUESTION, opt(), TSIG)).tsigOffset, start + 11);
  assert.equal(parse(message([1, 0, 0, 2], QUESTION, TSIG, opt())).malformed, true);
  assert.equal(parse(message([1, 0, 0, 2], QUESTION, TSIG, TSIG)).malformed, true);
  assert.equal(parse(message([1, 1, 0, 0], QUESTION, TSIG)).malformed, true);
});

void test('counts without records', () => {
  for (const counts of [
    [1, 0, 0, 1],
    [1, 0xffff, 0, 0],
    [1, 0, 0, 0xffff],
    [0, 0, 1, 0],
  ])
    assert.equal(parse(message(counts, ...(counts[0] === 1 ? [QUESTION] : []))).malformed, true);
});

void test('an update keeps its records, those without RDATA too (RFC 2136 §2.5)', () => {
  const zone = Buffer.concat([wireName('example.test'), words(RRTYPE.SOA, 1)]);
  const home = Buffer.concat([Buffer.from('\x04home'), words(0xc00c)]);
  const bytes = message(
    [1, 1, 2, 0],
    zone,
    record(home, [255, 254, 0, 0]),
    record(home, [RRTYPE.A, 255, 0, 0]),
    record(home, [RRTYPE.A, 1, 1, 60], Buffer.of(192, 0, 2, 1)),
  );
  const records = readRecords(parse(bytes));
  const owner = parseName('home.example.test')!;
  assert.deepEqual(
    records?.map((record) => ({ ...record, rdataOffset: undefined, rdata: [...record.rdata] })),
    [
      { rdataOffset: undefined, section: 'answer', owner, type: 255, class: 254, ttl: 0, rdata: [] },
      { rdataOffset: undefined, section: 'authority', owner, type: 1, class: 255, ttl: 0, rdata: [] },
      {
        rdataOffset: undefined,
        section: 'authority',
        owner,
        type: 1,
        class: 1,
        ttl: 65_596,
        rdata: [192, 0, 2, 1],
      },
    ],
  );
  assert.equal(records[2]!.rdataOffset, bytes.length - 4);
});

void test('records whose owners need too many hops are not read', () => {
  const records = Array.from({ length: 33 }, () => record(words(0xc00c), [1, 1, 0, 0]));
  const request = parse(message([1, 33, 0, 0], QUESTION, ...records));
  assert.equal(request.malformed, false, 'stepping over them is free');
  assert.equal(readRecords(request), undefined);
  assert.equal(readRecords(parse(message([1, 32, 0, 0], QUESTION, ...records.slice(1))))?.length, 32);
});

void test('no bytes make the parser throw', () => {
  const prefix = query('home.example.test', 'A', { opt: opt({ options: [[10, Buffer.alloc(8)]] }) });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(prefix.length), fc.boolean(), (tail, cut, raw) => {
      const request = parseRequest(raw ? tail : Buffer.concat([prefix.subarray(0, cut), tail]));
      if (request !== undefined && !request.malformed) readRecords(request);
    }),
    { numRuns: 5000 },
  );
});
