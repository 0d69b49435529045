// Numbers in parentheses are clauses of docs/protocol/dns.md.
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Exchange,
  STEPS,
  type Verdict,
  addCookie,
  addIdentity,
  answerAboutServer,
  answerFromZone,
  dropResponse,
  limitRate,
  refuseClass,
  refuseMalformed,
  refuseOpcode,
  refuseQuestionCount,
  refuseType,
  refuseVersion,
  runSteps,
} from '../../../src/dns/pipeline.ts';
import { ServerCookies } from '../../../src/dns/cookies/server-cookies.ts';
import { RATE_VERDICT, createRateLimiter } from '../../../src/dns/rrl/rate-limiter.ts';
import { peerOf } from '../../../src/dns/rrl/source-words.ts';
import { parseIpPrefix } from '../../../src/net/ip-prefix.ts';
import { RCODE } from '../../../src/dns/rcode.ts';
import { parseRequest } from '../../../src/dns/wire/request.ts';
import { bareReply } from '../../../src/dns/wire/response.ts';
import { type QueryOptions, opt, query, words } from '../../dns/message.ts';
import { answerContext, exampleZone, zoneSet } from '../../dns/zones.ts';

const zones = zoneSet(exampleZone());

function exchange(bytes: Uint8Array): Exchange {
  return { ...answerContext(zones), request: parseRequest(bytes)!, replyOptions: [], isProven: false };
}

function ask(name: string, type: string | number, options?: QueryOptions): Exchange {
  return exchange(query(name, type, options));
}

/** A verdict as a word: the rcode of a reply. */
function word(verdict: Verdict): string {
  if (typeof verdict === 'string') return verdict;
  return Object.entries(RCODE).find(([, rcode]) => rcode === verdict.rcode)![0];
}

void test('dropResponse: an answer is never answered (4.2)', () => {
  assert.equal(word(dropResponse(ask('home.example.test', 'A', { flags: 0x8000 }))), 'drop');
  assert.equal(word(dropResponse(ask('home.example.test', 'A'))), 'next');
});

void test('refuseOpcode: only queries pass (4.3)', () => {
  const expected = { 0: 'next', 4: 'REFUSED', 5: 'REFUSED' } as Record<number, string>;
  for (let opcode = 0; opcode < 16; opcode++) {
    const verdict = refuseOpcode(ask('home.example.test', 'A', { flags: opcode << 11 }));
    assert.equal(word(verdict), expected[opcode] ?? 'NOTIMP', `opcode ${opcode}`);
  }
});

void test('refuseMalformed (4.4)', () => {
  assert.equal(word(refuseMalformed(exchange(words(1, 0, 1, 0, 0, 0)))), 'FORMERR');
  assert.equal(word(refuseMalformed(ask('home.example.test', 'A'))), 'next');
});

void test('refuseVersion (4.3)', () => {
  const verdict = (version: number): string =>
    word(refuseVersion(ask('home.example.test', 'A', { opt: opt({ version }) })));
  assert.deepEqual([verdict(0), verdict(1), verdict(255)], ['next', 'BADVERS', 'BADVERS']);
  assert.equal(word(refuseVersion(ask('home.example.test', 'A'))), 'next');
});

void test('refuseQuestionCount: none and two are not one (4.3)', () => {
  const question = query('home.example.test', 'A').subarray(12);
  assert.equal(word(refuseQuestionCount(exchange(words(1, 0, 0, 0, 0, 0)))), 'FORMERR');
  const two = exchange(Buffer.concat([words(1, 0, 2, 0, 0, 0), question, question]));
  assert.equal(word(refuseQuestionCount(two)), 'FORMERR');
  assert.equal(word(refuseQuestionCount(ask('home.example.test', 'A'))), 'next');
});

void test('refuseClass: only IN passes (4.3)', () => {
  for (const [number, expected] of [
    [1, 'next'],
    [3, 'REFUSED'],
    [4, 'REFUSED'],
    [254, 'REFUSED'],
    [255, 'REFUSED'],
  ] as const)
    assert.equal(word(refuseClass(ask('home.example.test', 'A', { class: number }))), expected);
});

void test('refuseType: transfers and pseudo-types (4.3)', () => {
  const verdict = (type: string | number): string => word(refuseType(ask('example.test', type)));
  assert.deepEqual(['AXFR', 'IXFR'].map(verdict), ['REFUSED', 'REFUSED']);
  assert.deepEqual(['OPT', 'TSIG', 249, 128].map(verdict), ['FORMERR', 'FORMERR', 'FORMERR', 'FORMERR']);
  assert.deepEqual(['A', 'ANY', 'MAILB', 666, 65_535].map(verdict), ['next', 'next', 'next', 'next', 'next']);
});

void test('addIdentity: NSID for who asks, where it is set (6.1)', () => {
  const asking = ask('home.example.test', 'A', { opt: opt({ options: [[3, Buffer.alloc(0)]] }) });
  const named = { ...asking, settings: { identity: 'ns1' } };
  assert.equal(addIdentity(asking), 'next');
  assert.deepEqual(asking.replyOptions, []);
  assert.equal(addIdentity(named), 'next');
  assert.deepEqual(named.replyOptions, [{ code: 3, data: Buffer.from('ns1') }]);
  const silent = { ...ask('home.example.test', 'A', { opt: opt() }), settings: { identity: 'ns1' } };
  addIdentity(silent);
  assert.deepEqual(silent.replyOptions, []);
});

void test('addCookie: for who sends one, where cookies are on (6.2, 6.3)', () => {
  const cookies = new ServerCookies([Buffer.alloc(16, 7)]);
  const sending = (length: number): Exchange =>
    ask('home.example.test', 'A', { opt: opt({ options: [[10, Buffer.alloc(length, 1)]] }) });
  const off = sending(8);
  assert.equal(addCookie(off), 'next');
  assert.deepEqual(off.replyOptions, []);

  const on = { ...sending(8), cookies, source: peerOf('fe80::1%eth0') };
  assert.equal(addCookie(on), 'next');
  assert.deepEqual(
    on.replyOptions.map(({ code, data }) => [code, data.length]),
    [[10, 24]],
  );
  for (const length of [0, 7, 9, 15, 41])
    assert.equal(word(addCookie({ ...sending(length), cookies })), 'FORMERR', `${length} octets`);
  assert.equal(word(addCookie({ ...ask('home.example.test', 'A', { opt: opt() }), cookies })), 'next');
});

void test('addCookie: what came back proves the source, and comes back as it is or renewed (6.2)', () => {
  // The client, the cookie and the secret of RFC 9018, A.1 and A.2.
  const cookies = new ServerCookies([Buffer.from('e5e973e5a6b2a43f48e7dc849e37bfcf', 'hex')]);
  const sent = '2464c4abcf10c957010000005cf79f111f8130c3eee29480';
  const made = 0x5cf79f11;
  const send = (age: number, source = '198.51.100.100'): [boolean, string] => {
    const edns = opt({ options: [[10, Buffer.from(sent, 'hex')]] });
    const clock = { now: () => (made + age) * 1000 };
    const from = { ...ask('home.example.test', 'A', { opt: edns }), cookies, clock, source: peerOf(source) };
    assert.equal(addCookie(from), 'next');
    return [from.isProven, Buffer.from(from.replyOptions[0]!.data).toString('hex')];
  };
  for (const age of [-300, 0, 1800]) assert.deepEqual(send(age), [true, sent]);
  assert.deepEqual(send(2400), [true, '2464c4abcf10c957010000005cf7a871d4a564a1442aca77']);
  for (const [proven, reply] of [send(3601), send(-301), send(0, '198.51.100.101')]) {
    assert.equal(proven, false);
    assert.notEqual(reply, sent);
    assert.equal(reply.slice(0, 16), sent.slice(0, 16));
  }
});

void test('addCookie: a cookie without a question is answered with one (6.2)', () => {
  const edns = opt({ options: [[10, Buffer.alloc(8)]] });
  const alone = exchange(Buffer.concat([words(1, 0, 0, 0, 0, 1), edns]));
  const cookies = new ServerCookies([Buffer.alloc(16)]);
  assert.equal(word(runSteps(STEPS, { ...alone, cookies })!), 'NOERROR');
  assert.equal(alone.replyOptions.length, 1);
  assert.equal(word(runSteps(STEPS, alone)!), 'FORMERR');
});

void test('limitRate: counts by network and class, and lets pass who is proven, exempt or unknown (7.1, 7.2)', () => {
  const clock = { now: () => 1_000_000 };
  const exempt = [parseIpPrefix('198.51.100.0/24')!];
  const limiter = createRateLimiter({ rate: 1, burstSeconds: 1, slip: 2, exempt });
  const limit = (name: string, change: Partial<Exchange> = {}): number => {
    const from = { ...ask(name, 'A'), clock, limiter, ...change };
    return limitRate(from, answerFromZone(from));
  };
  const { PASS, SLIP, DROP } = RATE_VERDICT;
  const home = (change?: Partial<Exchange>): number => limit('home.example.test', change);
  assert.deepEqual([home(), home(), home(), home()], [PASS, DROP, SLIP, DROP]);
  assert.deepEqual([limit('nope.example.test'), limit('elsewhere.test')], [PASS, PASS], 'other classes');
  assert.equal(home({ source: peerOf('192.0.2.9') }), SLIP, 'the same network');
  assert.equal(home({ source: peerOf('::ffff:192.0.2.9') }), DROP, 'the same network');
  assert.equal(home({ source: peerOf('2001:db8::1%eth0') }), PASS, 'another network');
  assert.equal(home({ source: peerOf('2001:db8::2') }), DROP);
  for (const change of [
    { isProven: true },
    { limiter: undefined },
    { source: peerOf('198.51.100.7') },
    { source: peerOf('nobody') },
  ])
    for (let i = 0; i < 4; i++) assert.equal(home(change), PASS, JSON.stringify(change));
});

void test('answerAboutServer: says what it was told to say and nothing else (6.4)', () => {
  const settings = { identity: 'ns1.example', version: 'Homing' };
  const text = (name: string, type = 'TXT', given: object = settings): string => {
    const verdict = answerAboutServer({ ...ask(name, type, { class: 3 }), settings: given });
    if (typeof verdict === 'string') return verdict;
    return Buffer.from(verdict.answer[0]!.rrset.rdata[0]!).toString('latin1', 1);
  };
  assert.deepEqual(
    ['id.server', 'hostname.bind'].map((name) => text(name)),
    ['ns1.example', 'ns1.example'],
  );
  assert.deepEqual(
    ['version.server', 'VERSION.bind'].map((name) => text(name)),
    ['Homing', 'Homing'],
  );
  assert.equal(text('version.bind', 'TXT', { identity: 'ns1' }), 'next');
  assert.equal(text('version.bind', 'A'), 'next');
  assert.equal(text('home.example.test'), 'next');
  assert.equal(answerAboutServer({ ...ask('version.bind', 'TXT'), settings }), 'next');
});

void test('answerFromZone: refuses what no zone holds, saying so (1.2)', () => {
  const reply = answerFromZone(ask('elsewhere.test', 'A'));
  assert.equal(word(reply), 'REFUSED');
  assert.equal(reply.authoritative, false);
  assert.deepEqual(reply.options, [{ code: 15, data: Uint8Array.of(0, 20) }]);
  assert.equal(word(answerFromZone(ask('home.example.test', 'A'))), 'NOERROR');
  assert.equal(word(answerFromZone(ask('nope.example.test', 'A'))), 'NXDOMAIN');
});

void test('the order: what cannot be understood is refused before what is asked for is looked at (4.3)', () => {
  const run = (bytes: Uint8Array): string => {
    const reply = runSteps(STEPS, exchange(bytes));
    return reply === undefined ? 'drop' : word(reply);
  };
  const everythingWrong = { class: 3, opt: opt({ version: 1 }) };
  assert.equal(run(query('x.test', 'AXFR', { ...everythingWrong, flags: 0x8800 })), 'drop');
  assert.equal(run(query('x.test', 'AXFR', { ...everythingWrong, flags: 0x0800 })), 'NOTIMP');
  assert.equal(run(query('x.test', 'AXFR', everythingWrong).subarray(0, -1)), 'FORMERR');
  assert.equal(run(query('x.test', 'AXFR', everythingWrong)), 'BADVERS');
  assert.equal(run(query('x.test', 'OPT', { class: 3 })), 'REFUSED');
  assert.equal(run(query('x.test', 'OPT')), 'FORMERR');
});

void test('runSteps: the first decision counts, and steps without one are a bug', () => {
  const first: Verdict = bareReply(RCODE.REFUSED);
  const at = ask('x.test', 'A');
  assert.equal(runSteps([() => 'next', () => first, () => 'drop'], at), first);
  assert.equal(runSteps([() => 'next', () => 'drop', () => first], at), undefined);
  assert.throws(() => runSteps([() => 'next'], at));
});
