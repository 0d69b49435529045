/**
 * Hostile messages: mutations of valid ones by a seeded generator, and each message that once harmed a DNS server by
 * name. Nothing may throw, hang, or be answered with anything but a well-formed message.
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import test from 'node:test';
import { answerQuery } from '../../src/dns/answer.ts';
import { TcpPeer, askUdp, frame, startServer } from './client.ts';
import { decode, opt, query, wireName, words } from './message.ts';
import { answerContext, exampleZone, zoneSet } from './zones.ts';

const context = answerContext(zoneSet(exampleZone()));
const COOKIE = opt({ options: [[10, Buffer.from('12345678')]] });
const QUERY = query('home.example.test', 'A', { opt: COOKIE });
const PACKETS = 20_000;

/** Small numbers in a fixed order (mulberry32), so that a failure can be repeated. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** `PACKETS` messages: seeds with octets changed, cut off, or with a piece of another one inside. */
function* mutations(): Generator<Buffer> {
  const random = generator(20_261_122);
  const names = ['home', 'www', 'nope', 'big', 'many', 'a.b.wild', 'mail', '_sip._udp'];
  const types = ['A', 'TXT', 'ANY', 'NS', 'MX', 'SRV', 'AXFR', 'OPT'];
  const seeds = names.flatMap((name) =>
    types.map((type) => query(`${name}.example.test`, type, random(2) === 0 ? { opt: COOKIE } : {})),
  );
  for (let i = 0; i < PACKETS; i++) {
    const bytes = Buffer.from(seeds[random(seeds.length)]!);
    for (let changes = random(6); changes > 0; changes--) bytes[random(bytes.length)] = random(256);
    if (random(4) === 0) seeds[random(seeds.length)]!.copy(bytes, random(bytes.length), random(30));
    yield random(3) === 0 ? bytes.subarray(0, random(bytes.length + 1)) : bytes;
  }
}

void test(`${PACKETS} mutated queries: every answer is well formed, short, and quick`, () => {
  let answered = 0;
  let slowest = 0;
  const start = performance.now();
  for (const bytes of mutations()) {
    const before = performance.now();
    const answer = answerQuery(bytes, context);
    slowest = Math.max(slowest, performance.now() - before);
    if (answer === undefined) {
      assert.ok(bytes.length < 12 || (bytes[2]! & 0x80) !== 0, 'only these get no answer');
      continue;
    }
    answered++;
    assert.ok(answer.length <= 1232);
    const { id, flags } = decode(answer);
    assert.equal(id, bytes.readUInt16BE(0));
    assert.equal(flags[0], 'qr');
  }
  const mean = (performance.now() - start) / PACKETS;
  assert.ok(answered > PACKETS / 3, `${answered} answers`);
  assert.ok(mean < 1, `${mean} ms a packet`);
  assert.ok(slowest < 1000, `the slowest took ${slowest} ms`);
});

void test('mutated queries over UDP: the server goes on answering', async (t) => {
  const { server, port } = await startServer(t);
  const socket = createSocket('udp4');
  let sent = 0;
  for (const bytes of mutations()) {
    socket.send(bytes, port, '127.0.0.1');
    if (++sent === 4000) break;
    if (sent % 100 === 0) assert.ok(await askUdp(port, QUERY));
  }
  socket.close();
  assert.equal(decode(await askUdp(port, QUERY)).answer.length, 1);
  assert.equal(server.stats.bugs, 0);
});

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
