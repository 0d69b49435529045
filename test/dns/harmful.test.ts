/**
 * Messages that once harmed a DNS server, each by name. Nothing may throw, hang, or be answered with anything but a
 * well-formed message. Damaged messages in number are in test/fuzz.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { answerQuery } from '../../src/dns/answer.ts';
import { TcpPeer, askUdp, frame, startServer } from './client.ts';
import { decode, opt, query, wireName, words } from './message.ts';
import { answerContext, exampleZone, zoneSet } from './zones.ts';

const context = answerContext(zoneSet(exampleZone()));
const COOKIE = opt({ options: [[10, Buffer.from('12345678')]] });
const QUERY = query('home.example.test', 'A', { opt: COOKIE });
/** A record with this owner and RDATA, of a type that is nothing special. */
function record(owner: Uint8Array, rdata: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.concat([owner, words(65_400, 1, 0, 0, rdata.length), rdata]);
}

/** A message whose records' owners each walk a chain of pointers. */
function pointerChain(hops: number, records: number, limit: number): Buffer {
  const question = query('home.example.test', 'A').subarray(12);
  const start = 12 + question.length + 11;
  const chain = Array.from({ length: hops }, (_, i) => words(0xc000 | (i === 0 ? start : start + 2 * i)));
  const first = record(Buffer.of(0), Buffer.concat([words(0), ...chain]));
  const last = words(0xc000 | (start + 2 * hops));
  const rest = Array.from({ length: records }, () => record(last));
  return Buffer.concat([words(7, 0, 1, 0, 0, records + 1), question, first, ...rest]).subarray(0, limit);
}

const REGRESSIONS: Record<string, Buffer> = {
  'nothing at all': Buffer.alloc(0),
  'half a header': QUERY.subarray(0, 6),
  'an answer': query('home.example.test', 'A', { flags: 0x8180 }),
  'giant counts': Buffer.concat([
    words(1, 0, 1, 0xffff, 0xffff, 0xffff),
    wireName('home.example.test'),
    words(1, 1),
  ]),
  '65,535 questions': Buffer.concat([
    words(1, 0, 0xffff, 0, 0, 0),
    wireName('home.example.test'),
    words(1, 1),
  ]),
  'two OPT': Buffer.concat([words(1, 0, 1, 0, 0, 2), QUERY.subarray(12), opt()]),
  '150 records of 500 pointers each': pointerChain(500, 149, 4096),
  '64 kB of pointers': pointerChain(7900, 4095, 65_535),
  '64 kB of the smallest records': Buffer.concat([
    words(7, 0, 1, 0, 0, 5900),
    QUERY.subarray(12, 12 + 23),
    ...Array.from({ length: 5900 }, () => record(Buffer.of(0))),
  ]),
  '64 kB of empty options': query('home.example.test', 'A', {
    opt: opt({ options: Array.from({ length: 16_000 }, () => [65_001, Buffer.alloc(0)] as const) }),
  }),
  'a name of 122 labels': query(`${'a.'.repeat(120)}example.test`, 'A'),
};

for (const [what, bytes] of Object.entries(REGRESSIONS)) {
  void test(`regression: ${what}`, () => {
    const times = Array.from({ length: 5 }, () => {
      const start = performance.now();
      const answer = answerQuery(bytes, { ...context, transport: 'tcp' });
      const took = performance.now() - start;
      if (answer !== undefined) decode(answer);
      return took;
    });
    assert.ok(Math.min(...times) < 5, `${Math.min(...times)} ms`);
  });
}

void test('regression: 64 kB of pointers over TCP do not hold up others', async (t) => {
  const { port } = await startServer(t);
  const peer = new TcpPeer(port);
  peer.socket.write(Buffer.concat([frame(REGRESSIONS['64 kB of pointers']!), frame(QUERY)]));
  const start = performance.now();
  assert.ok(await askUdp(port, QUERY));
  assert.ok(performance.now() - start < 500);
  await peer.answers(2);
});
