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
  refuseClass,
  refuseMalformed,
  refuseOpcode,
  refuseQuestionCount,
  refuseType,
  refuseVersion,
  runSteps,
} from '../../../src/dns/pipeline.ts';
import { RCODE } from '../../../src/dns/rcode.ts';
import { parseRequest } from '../../../src/dns/wire/request.ts';
import { bareReply } from '../../../src/dns/wire/response.ts';
import { type QueryOptions, opt, query, words } from '../../dns/message.ts';
import { answerContext, exampleZone, zoneSet } from '../../dns/zones.ts';

const zones = zoneSet(exampleZone());

function exchange(bytes: Uint8Array): Exchange {
  return { ...answerContext(zones), request: parseRequest(bytes)!, replyOptions: [] };
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

void test('addCookie: for who sends one, where secrets are set (6.2, 6.3)', () => {
  const settings = { cookieSecrets: [Buffer.alloc(16, 7)] };
  const sending = (length: number): Exchange =>
    ask('home.example.test', 'A', { opt: opt({ options: [[10, Buffer.alloc(length, 1)]] }) });
  const off = sending(8);
  assert.equal(addCookie(off), 'next');
  assert.deepEqual(off.replyOptions, []);

  const on = { ...sending(8), settings, source: 'fe80::1%eth0' };
  assert.equal(addCookie(on), 'next');
  assert.deepEqual(
    on.replyOptions.map(({ code, data }) => [code, data.length]),
    [[10, 24]],
  );
  assert.equal(word(addCookie({ ...sending(7), settings })), 'FORMERR');
  assert.equal(word(addCookie({ ...ask('home.example.test', 'A', { opt: opt() }), settings })), 'next');
});

void test('addCookie: a cookie without a question is answered with one (6.2)', () => {
  const edns = opt({ options: [[10, Buffer.alloc(8)]] });
  const alone = exchange(Buffer.concat([words(1, 0, 0, 0, 0, 1), edns]));
  const settings = { cookieSecrets: [Buffer.alloc(16)] };
  assert.equal(word(runSteps(STEPS, { ...alone, settings })!), 'NOERROR');
  assert.equal(alone.replyOptions.length, 1);
  assert.equal(word(runSteps(STEPS, alone)!), 'FORMERR');
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
