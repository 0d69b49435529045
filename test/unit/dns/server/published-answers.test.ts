import assert from 'node:assert/strict';
import test from 'node:test';
import { peerOf } from '../../../../src/dns/rrl/source-words.ts';
import { Answerer, type DnsServerSettings } from '../../../../src/dns/server/answerer.ts';
import { createDnsServer } from '../../../../src/dns/server/dns-server.ts';
import { PublishedAnswers, createLocalTable } from '../../../../src/dns/server/published-answers.ts';
import { createDnsStats } from '../../../../src/dns/server/stats.ts';
import { createMemoryStore } from '../../../../src/store/memory.ts';
import type { Store } from '../../../../src/store/store.ts';
import { RRTYPE } from '../../../../src/zone/rrtype.ts';
import { TcpPeer, askUdp, frame } from '../../../dns/client.ts';
import { SILENT_LOG } from '../../../dns/zones.ts';
import { ACCOUNT, hostPut, name, query, zonePut } from '../fast/world.ts';

const APEX = 'dyn.test';
const HOME = query(['home', 'dyn', 'test'], RRTYPE.A, { edns: 'plain' });
const ABSENT = query(['nx', 'dyn', 'test'], RRTYPE.A, { edns: 'do' });
const SOA = query(['dyn', 'test'], RRTYPE.SOA);
const SOURCE = peerOf('192.0.2.7');

async function zones(): Promise<Store> {
  const store = createMemoryStore();
  await store.commit([ACCOUNT, zonePut(APEX), hostPut('home.dyn.test', APEX, { ipv4: '198.51.100.7' })]);
  return store;
}

/** An answerer that has the table, one that has not, and the table. */
function answerers(store: Store, settings: DnsServerSettings = {}, now = 1_000_000) {
  const make = (): Answerer =>
    new Answerer({
      zones: store.view,
      settings,
      clock: { now: () => now },
      log: { ...SILENT_LOG, warn: () => undefined },
      stats: createDnsStats(),
    });
  const [plain, general] = [make(), make()];
  const published = new PublishedAnswers(createLocalTable(), store, {
    general: (packet) => general.answerGenerally(packet, undefined, 'tcp'),
    cookies: plain.cookies,
  });
  plain.use(published);
  return { plain, general, published };
}

void test('answers plain queries once everything is published, and none after its end', async () => {
  const store = await zones();
  const { published } = answerers(store);
  assert.equal(published.answer(HOME, SOURCE, 0), undefined, 'not yet');
  const started = published.start();
  assert.equal(
    published.answer(ABSENT, SOURCE, 0),
    undefined,
    'a table that is not whole knows of no absence',
  );
  await started;
  assert.equal(published.answer(HOME, SOURCE, 0)?.[7], 1);
  assert.equal(published.answer(ABSENT, SOURCE, 0)?.[3], 3);
  for (const other of [SOA, Buffer.alloc(0), Buffer.alloc(11), Buffer.concat([HOME, Buffer.alloc(600)])])
    assert.equal(published.answer(other, SOURCE, 0), undefined);
  published.stop();
  assert.equal(published.answer(HOME, SOURCE, 0), undefined);
});

void test('a commit is seen by the next query, and an answer stays as it was given', async () => {
  const store = await zones();
  const { published, general } = answerers(store);
  await published.start();
  const given: [Buffer, string][] = [];
  for (let i = 0; i < 2000; i++) {
    if (i % 100 === 0)
      await store.commit([hostPut('home.dyn.test', APEX, { ipv4: `198.51.100.${i / 100 + 1}` })]);
    const answer = published.answer(i % 3 === 0 ? ABSENT : HOME, SOURCE, 0)!;
    given.push([answer, answer.toString('hex')]);
  }
  for (const [answer, text] of given) assert.equal(answer.toString('hex'), text);
  assert.deepEqual(published.answer(HOME, SOURCE, 0), general.answer(HOME, SOURCE, 'tcp'));
  await store.commit([{ kind: 'host-remove', zone: name(APEX), name: name('home.dyn.test') }]);
  assert.equal(published.answer(HOME, SOURCE, 0)?.[3], 3);
  published.stop();
});

void test('answers are limited as those of the general lane are, with the same bytes', async () => {
  const store = await zones();
  const limits = { rateLimits: { rate: 5, burstSeconds: 1, slip: 2, exempt: [] } };
  const { plain, general, published } = answerers(store, limits);
  await published.start();
  let sent = 0;
  for (const packet of [HOME, ABSENT, query(['home', 'dyn', 'test'], RRTYPE.TXT)]) {
    for (let i = 0; i < 20; i++) {
      const own = plain.answer(packet, SOURCE, 'udp');
      assert.deepEqual(own, general.answer(packet, SOURCE, 'udp'));
      if (own !== undefined) sent++;
    }
  }
  // Of each class five, then every second one; the two kinds of absence are one class.
  assert.equal(sent, 5 + 7 + 5 + 7 + 10);
  assert.equal(plain.rateLimiting.stats.slipped, general.rateLimiting.stats.slipped);
  assert.equal(plain.answer(HOME, SOURCE, 'tcp')?.[7], 1, 'not over TCP');
  published.stop();
});

void test('cookies are given, and taken as proof, as the general lane does', async () => {
  const store = await zones();
  const limits = { rateLimits: { rate: 1, burstSeconds: 1, slip: 1, exempt: [] } };
  const { plain, general, published } = answerers(store, { ...limits, cookies: [Buffer.alloc(16, 5)] });
  await published.start();
  const ask = (cookie: Uint8Array): Buffer => {
    const packet = query(['home', 'dyn', 'test'], RRTYPE.A, { edns: 'plain', cookie });
    const own = plain.answer(packet, SOURCE, 'udp');
    assert.deepEqual(own, general.answer(packet, SOURCE, 'udp'));
    return Buffer.from(own!);
  };
  const given = Buffer.from(ask(Buffer.from('client8!', 'latin1')).subarray(-24));
  for (let i = 0; i < 5; i++) assert.equal(ask(given)[7], 1);
  assert.equal(ask(Buffer.alloc(8))[7], 0, 'a stranger gets the truncated one');
  published.stop();
});

void test('a table that fails is told, and the general lane answers', async () => {
  const store = await zones();
  const { plain, general } = answerers(store);
  const told: string[] = [];
  const answerer = new Answerer({
    zones: store.view,
    settings: {},
    clock: { now: () => 0 },
    log: { ...SILENT_LOG, error: (_, message) => told.push(message) },
    stats: createDnsStats(),
  });
  answerer.use({
    answer: () => {
      throw new Error('a chunk is missing');
    },
    isProven: false,
    optLength: 0,
  });
  assert.deepEqual(answerer.answer(HOME, SOURCE, 'udp'), general.answer(HOME, SOURCE, 'udp'));
  assert.deepEqual(plain.answer(HOME, SOURCE, 'udp'), general.answer(HOME, SOURCE, 'udp'));
  assert.equal(told.length, 1);
});

for (const count of [0, 1]) {
  void test(`a server with ${count} workers gives the same bytes over UDP and TCP`, async (t) => {
    const store = await zones();
    const server = createDnsServer({
      listen: [{ address: '127.0.0.1', port: 0 }],
      zones: store.view,
      log: SILENT_LOG,
      workers: { feed: store, count },
    });
    await server.start();
    t.after(() => server.stop());
    const { port } = server.addresses[0]!;
    const { general } = answerers(store);
    const peer = new TcpPeer(port);
    for (const packet of [HOME, SOA, ABSENT, query(['x', 'org'], RRTYPE.A)]) {
      const expected = general.answer(packet, SOURCE, 'udp');
      assert.deepEqual(await askUdp(port, packet), expected);
      peer.socket.write(frame(packet));
      assert.deepEqual((await peer.answers(1))[0], expected);
    }
    peer.socket.end();
    assert.deepEqual([server.stats.tcpQueries, server.stats.tcpAnswers], [4, 4]);
  });
}
