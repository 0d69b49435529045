import assert from 'node:assert/strict';
import test from 'node:test';
import { answerQuery } from '../../../../src/dns/answer.ts';
import { ANSWER_CLASS_NAMES, classifyReply, classifyResponse } from '../../../../src/dns/rrl/answer-class.ts';
import { STEPS, runSteps } from '../../../../src/dns/pipeline.ts';
import { parseRequest } from '../../../../src/dns/wire/request.ts';
import { opt, query } from '../../../dns/message.ts';
import { answerContext, zoneFrom, zoneSet } from '../../../dns/zones.ts';

const LONG = Array.from({ length: 3 }, () => 'l'.repeat(60)).join('.');
const zones = zoneSet(
  zoneFrom(
    'example.test',
    [
      '@ 300 IN SOA ns1 hostmaster 1 3600 900 1209600 60',
      '@ 300 IN NS ns1',
      'ns1 300 IN A 192.0.2.1',
      'www 60 IN CNAME ns1',
      'out 60 IN CNAME elsewhere.invalid.',
      'lost 60 IN CNAME nowhere',
      'into 60 IN CNAME host.sub',
      'sub 60 IN NS ns.sub',
      'sub 60 IN NS ns.elsewhere.invalid.',
      'ns.sub 60 IN A 192.0.2.2',
      `far 60 IN DNAME ${LONG}.invalid.`,
      ...Array.from({ length: 8 }, (_, i) => `big 60 IN TXT "${i} ${'x'.repeat(200)}"`),
      ...Array.from({ length: 9 }, (_, i) => `huge 60 IN NS ${`${i}`.repeat(60)}.invalid.`),
    ].join('\n'),
  ),
);

/** The class of the answer to a query, which is the same before and after it has bytes. */
function classOf(bytes: Uint8Array): string {
  const request = parseRequest(bytes)!;
  const reply = runSteps(STEPS, { ...answerContext(zones), request, replyOptions: [], isProven: false })!;
  const response = answerQuery(bytes, answerContext(zones))!;
  const shifted = Buffer.concat([Buffer.alloc(7, 0xff), response]);
  const ofReply = classifyReply(reply);
  assert.equal(classifyResponse(shifted, 7), ofReply);
  return ANSWER_CLASS_NAMES[ofReply];
}

void test('answers: data, an alias, an alias that leaves the zone or ends at a cut, what is too long for UDP', () => {
  for (const name of ['ns1', 'www', 'out', 'into'])
    assert.equal(classOf(query(`${name}.example.test`, 'A')), 'answer');
  assert.equal(classOf(query('big.example.test', 'TXT')), 'answer');
  assert.equal(classOf(query('big.example.test', 'TXT', { opt: opt({ size: 1232 }) })), 'answer');
});

void test('what does not exist is one class, whatever was asked for', () => {
  for (let i = 0; i < 50; i++) assert.equal(classOf(query(`random-${i}.example.test`, 'A')), 'negative');
  assert.equal(classOf(query('ns1.example.test', 'AAAA')), 'negative');
  assert.equal(classOf(query('lost.example.test', 'A')), 'negative');
});

void test('referrals, whole and cut', () => {
  assert.equal(classOf(query('host.sub.example.test', 'A')), 'referral');
  assert.equal(classOf(query('sub.example.test', 'NS', { opt: opt() })), 'referral');
  assert.equal(classOf(query('host.huge.example.test', 'A')), 'referral');
});

void test('errors, those with an rcode above 15 too', () => {
  const question = query('ns1.example.test', 'A');
  const errors = {
    REFUSED: query('example.org', 'A', { opt: opt() }),
    NOTIMP: query('ns1.example.test', 'A', { flags: 6 << 11 }),
    FORMERR: question.subarray(0, question.length - 1),
    BADVERS: query('ns1.example.test', 'A', { opt: opt({ version: 1 }) }),
    YXDOMAIN: query(`${'y'.repeat(60)}.${'y'.repeat(60)}.far.example.test`, 'A'),
  };
  for (const [rcode, bytes] of Object.entries(errors)) assert.equal(classOf(bytes), 'error', rcode);
});
