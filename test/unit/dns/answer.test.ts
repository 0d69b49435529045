// Numbers in parentheses are clauses of docs/protocol/dns.md.
import assert from 'node:assert/strict';
import test from 'node:test';
import { type AnswerContext, answerQuery } from '../../../src/dns/answer.ts';
import { ServerCookies } from '../../../src/dns/cookies/server-cookies.ts';
import { createRateLimiter } from '../../../src/dns/rrl/rate-limiter.ts';
import type { ZoneSet } from '../../../src/zone/zone-view.ts';
import { type DecodedMessage, type QueryOptions, decode, opt, query, words } from '../../dns/message.ts';
import { answerContext, exampleZone, zoneSet } from '../../dns/zones.ts';

const zones = zoneSet(exampleZone());
const answer = (bytes: Uint8Array, transport: 'udp' | 'tcp' = 'udp'): Uint8Array | undefined =>
  answerQuery(bytes, answerContext(zones, transport));
const ask = (name: string, type: string, options?: QueryOptions): DecodedMessage =>
  decode(answer(query(name, type, options)));

void test('a whole answer, octet by octet', () => {
  const bytes = Buffer.from(answer(query('HOME.example.test', 'A', { id: 1, flags: 0x0100, opt: opt() }))!);
  assert.equal(
    bytes.toString('hex'),
    '000185000001000100000001' + // id, QR AA RD, counts
      '04484f4d45076578616d706c65047465737400' +
      '00010001' + // the question as it was asked
      'c00c' +
      '00010001' +
      '0000003c' +
      '0004c000020a' +
      '00' +
      '0029' +
      '04d0' +
      '00000000' +
      '0000',
  );
});

void test('no answer: less than a header, or an answer (4.2)', () => {
  for (let length = 0; length < 12; length++) assert.equal(answer(Buffer.alloc(length)), undefined);
  assert.equal(answer(query('home.example.test', 'A', { flags: 0x8000 })), undefined);
});

void test('over UDP what is too long is truncated, over TCP it is whole (5.2)', () => {
  for (const [size, limit] of [
    [undefined, 512],
    [512, 512],
    [1232, 1232],
    [4096, 1232],
  ] as const) {
    const bytes = answer(query('big.example.test', 'TXT', size === undefined ? {} : { opt: opt({ size }) }));
    assert.ok(bytes!.length <= limit);
    assert.deepEqual(decode(bytes).flags, ['qr', 'aa', 'tc']);
  }
  const whole = decode(answer(query('big.example.test', 'TXT'), 'tcp'));
  assert.deepEqual([whole.flags, whole.answer.length], [['qr', 'aa'], 12]);
});

void test('refusals without records, with an OPT where there was one (5.1)', () => {
  const cases: [string, Uint8Array][] = [
    ['REFUSED', query('elsewhere.test', 'A', { opt: opt() })],
    ['REFUSED', query('example.test', 'AXFR', { opt: opt() })],
    ['REFUSED', query('version.bind', 'TXT', { class: 3, opt: opt() })],
    ['REFUSED', query('example.test', 'SOA', { flags: 5 << 11, opt: opt() })],
    ['NOTIMP', query('home.example.test', 'A', { flags: 2 << 11, opt: opt() })],
    [
      'BADVERS',
      query('home.example.test', 'A', { opt: opt({ version: 1, options: [[100, Buffer.of(1)]] }) }),
    ],
  ];
  for (const [rcode, bytes] of cases) {
    const got = decode(answer(bytes));
    assert.equal(got.rcode, rcode);
    assert.deepEqual([got.flags, got.answer, got.authority, got.additional], [['qr'], [], [], []]);
    assert.equal(got.opt?.version, 0);
    assert.equal(got.question.length, bytes.length - 12 - 11 - (rcode === 'BADVERS' ? 5 : 0));
  }
  assert.equal(ask('elsewhere.test', 'A').opt, undefined);
});

void test('extended errors say why: 20 outside of all zones, 30 for a pseudo-type (1.2, 4.3)', () => {
  const codes = (name: string, type: string): number[] =>
    ask(name, type, { opt: opt() }).opt!.options.map(({ code, data }) => code * 1000 + data.readUInt16BE(0));
  assert.deepEqual(codes('elsewhere.test', 'A'), [15_020]);
  assert.deepEqual(codes('home.example.test', 'TYPE128'), [15_030]);
  assert.deepEqual(codes('home.example.test', 'A'), []);
});

void test('a header alone with an unknown opcode is answered with a header alone (RFC 8906 §8.1)', () => {
  const bytes = answer(words(9, 15 << 11, 0, 0, 0, 0));
  assert.deepEqual(decode(bytes).rcode, 'NOTIMP');
  assert.equal(bytes!.length, 12);
});

void test('options that nobody asked to understand are not echoed (5.1)', () => {
  const options = [
    [100, Buffer.from('abc')],
    [8, Buffer.from('00011800c00002', 'hex')],
    [11, Buffer.alloc(0)],
  ] as const;
  const got = ask('home.example.test', 'A', { opt: opt({ flags: 0xc000, options }) });
  assert.deepEqual(got.opt, { size: 1232, rcode: 0, version: 0, flags: 0x8000, options: [] });
  assert.equal(got.answer.length, 1);
});

void test('an answer about the server is of the class that was asked', () => {
  const context = { ...answerContext(zones), settings: { version: 'Homing' } };
  const bytes = Buffer.from(answerQuery(query('version.bind', 'TXT', { class: 3 }), context)!);
  assert.equal(bytes.toString('hex', 12 + 18), 'c00c' + '0010' + '0003' + '00000000' + '000706486f6d696e67');
});

void test('identity and cookie go with every reply that has an OPT, also a refusal', () => {
  const settings = { identity: 'ns1' };
  const cookies = new ServerCookies([Buffer.alloc(16)]);
  const options = [
    [3, Buffer.alloc(0)],
    [10, Buffer.alloc(8)],
  ] as const;
  const context = { ...answerContext(zones), settings, cookies };
  for (const name of ['home.example.test', 'elsewhere.test']) {
    const got = decode(answerQuery(query(name, 'A', { opt: opt({ options }) }), context));
    assert.deepEqual(
      got.opt!.options.slice(0, 2).map(({ code }) => code),
      [3, 10],
    );
  }
});

void test('a bug that one query finds costs that query a SERVFAIL and is logged once, with its bytes (4.7)', () => {
  const logged: [object, string][] = [];
  const broken: ZoneSet = {
    zoneFor() {
      throw new TypeError('no such thing');
    },
  };
  const bytes = query('home.example.test', 'A', { id: 5, flags: 0x0100 });
  const log = { error: (fields: object, message: string) => logged.push([fields, message]) };
  const got = decode(answerQuery(bytes, { ...answerContext(broken), log }));
  assert.deepEqual([got.id, got.rcode, got.flags], [5, 'SERVFAIL', ['qr', 'rd']]);
  assert.deepEqual(got.question, bytes.subarray(12));
  assert.equal(logged.length, 1);
  const [fields] = logged[0] as [{ err: Error; query: string }, string];
  assert.equal(fields.err.message, 'no such thing');
  assert.equal(fields.query, bytes.toString('hex'));
});

void test('beyond the limit: nothing, or a truncated answer no longer than the query, with its cookie (7.3)', () => {
  const context: AnswerContext = {
    ...answerContext(zones),
    settings: { identity: 'ns1'.repeat(20) },
    cookies: new ServerCookies([Buffer.alloc(16)]),
    limiter: createRateLimiter({ rate: 1, burstSeconds: 1, slip: 2 }),
    clock: { now: () => 1_000_000 },
  };
  const options = [
    [3, Buffer.alloc(0)],
    [10, Buffer.alloc(8, 1)],
  ] as const;
  const bytes = query('big.example.test', 'TXT', { opt: opt({ options }) });
  const full = decode(answerQuery(bytes, context));
  assert.equal(answerQuery(bytes, context), undefined);
  const slipped = answerQuery(bytes, context)!;
  const { flags, rcode, answer: records, opt: edns } = decode(slipped);
  assert.deepEqual([flags, rcode, records], [['qr', 'tc'], 'NOERROR', []]);
  assert.deepEqual(
    edns?.options,
    full.opt!.options.filter(({ code }) => code === 10),
  );
  // A server cookie of 16 octets more than the query had, and no NSID.
  assert.equal(slipped.length, bytes.length + 16 - 4);

  const cookie = [[10, edns.options[0]!.data]] as const;
  const proven = query('home.example.test', 'A', { opt: opt({ options: cookie }) });
  for (let i = 0; i < 10; i++) assert.equal(decode(answerQuery(proven, context)).answer.length, 1);
  for (let i = 0; i < 10; i++) {
    const overTcp = answerQuery(query('home.example.test', 'A'), { ...context, transport: 'tcp' });
    assert.equal(decode(overTcp).answer.length, 1);
  }
});
