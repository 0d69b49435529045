import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { type TestContext, describe, it } from 'node:test';
import { answerQuery } from '../../../../src/dns/answer.ts';
import { BatchedSide } from '../../../../src/dns/fast/batched-side.ts';
import { ServerCookies } from '../../../../src/dns/cookies/server-cookies.ts';
import { peerOf } from '../../../../src/dns/rrl/source-words.ts';
import { FastLane } from '../../../../src/dns/fast/fast-lane.ts';
import { type NativeSockets, loadNativeSockets } from '../../../../src/dns/fast/native-socket.ts';
import { PublishedAnswers } from '../../../../src/dns/server/published-answers.ts';
import { parseIpPrefix } from '../../../../src/net/ip-prefix.ts';
import type { RateLimitOptions } from '../../../../src/dns/rrl/rate-limits.ts';
import { createMemoryStore } from '../../../../src/store/memory.ts';
import type { Store } from '../../../../src/store/store.ts';
import { RRTYPE } from '../../../../src/zone/rrtype.ts';
import { answerContext } from '../../../dns/zones.ts';
import { askUdp, waitFor } from '../../../dns/client.ts';
import { ACCOUNT, World, hostPut, ip, query, zonePut } from './world.ts';

const APEX = 'dyn.test';
const HOME = query(['home', 'dyn', 'test'], RRTYPE.A);

/** The native functions, or undefined and the test skipped where there are none. */
function native(t: TestContext): NativeSockets | undefined {
  const functions = loadNativeSockets();
  if (typeof functions !== 'string') return functions;
  t.skip(`needs batched sockets: ${functions}`);
  return undefined;
}

async function createSide(
  t: TestContext,
  functions: NativeSockets,
  {
    workers = 2,
    limits = {},
    cookieSecrets,
  }: { workers?: number; limits?: RateLimitOptions; cookieSecrets?: readonly Uint8Array[] } = {},
): Promise<{ store: Store; side: BatchedSide; lost: unknown[] }> {
  const store = createMemoryStore();
  await store.commit([
    ACCOUNT,
    zonePut(APEX),
    hostPut('home.dyn.test', APEX, { ipv4: '192.0.2.1', ipv6: '2001:db8::1' }),
  ]);
  const answer = (packet: Uint8Array): Uint8Array | undefined =>
    answerQuery(packet, answerContext(store.view));
  const lost: unknown[] = [];
  const side = new BatchedSide({
    native: functions,
    workers,
    limits,
    cookieSecrets,
    answer,
    onNotice: () => undefined,
    onWorkerLost: (_, error) => lost.push(error),
  });
  const published = new PublishedAnswers(side, store, { general: answer, cookies: undefined });
  await published.start();
  t.after(async () => {
    published.stop();
    await side.stop();
  });
  return { store, side, lost };
}

/** The address in the answer section of a reply to HOME. */
function addressIn(reply: Uint8Array | undefined): string {
  assert.ok(reply !== undefined, 'no reply came');
  assert.equal(reply[7], 1, 'one answer');
  return [...reply.subarray(HOME.length + 12, HOME.length + 16)].join('.');
}

/** `STALE_TRIALS=100000` is the long form. */
const TRIALS = Number(process.env['STALE_TRIALS'] ?? 2000);

describe('UDP on workers', () => {
  it('answers what it knows itself, and through the main thread what it does not', async (t) => {
    const functions = native(t);
    if (functions === undefined) return;
    const { side } = await createSide(t, functions);
    const port = await side.bind('127.0.0.1', 0);
    await side.start();
    assert.equal(addressIn(await askUdp(port, HOME)), '192.0.2.1');
    const soa = await askUdp(port, query(['dyn', 'test'], RRTYPE.SOA));
    assert.equal(soa?.[7], 1);
    assert.equal((await askUdp(port, query(['x', 'org'], RRTYPE.A)))![3]! & 15, 5);
    // A worker counts a batch when it is sent, which may be after its reply is here.
    await waitFor(() => side.counters.udpQueries === 3);
    assert.deepEqual(side.counters, { udpQueries: 3, udpAnswers: 3, udpDropped: 0, udpSendErrors: 0 });
  });

  it(`serves a commit before it is acknowledged, on every worker: no stale answer in ${TRIALS} changes`, async (t) => {
    const functions = native(t);
    if (functions === undefined) return;
    const { store, side } = await createSide(t, functions, { workers: 2 });
    const port = await side.bind('127.0.0.1', 0);
    await side.start();
    // Several sockets, so that the kernel gives the queries to both workers.
    const sockets = Array.from({ length: 6 }, () => createSocket('udp4'));
    t.after(() => {
      for (const socket of sockets) socket.close();
    });
    for (let i = 0; i < TRIALS; i++) {
      const address = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
      await store.commit([
        hostPut(
          'home.dyn.test',
          APEX,
          i % 3 === 0 ? { ipv4: address, ipv6: `2001:db8::${i % 9}` } : { ipv4: address },
        ),
      ]);
      const socket = sockets[i % sockets.length]!;
      const reply = once(socket, 'message') as Promise<[Buffer]>;
      socket.send(HOME, port, '127.0.0.1');
      assert.equal(addressIn((await reply)[0]), address);
    }
  });

  it('replies over IPv6, on several addresses, and from the address that was asked', async (t) => {
    const functions = native(t);
    if (functions === undefined) return;
    const { side } = await createSide(t, functions);
    const port = await side.bind('0.0.0.0', 0);
    const hasIpv6 = Object.values(networkInterfaces())
      .flat()
      .some((address) => address?.address === '::1');
    const port6 = hasIpv6 ? await side.bind('::1', 0) : 0;
    await side.start();
    const socket = createSocket('udp4');
    t.after(() => {
      socket.close();
    });
    for (const address of ['127.0.0.1', '127.0.0.77']) {
      const reply = once(socket, 'message') as Promise<[Buffer, { address: string }]>;
      socket.send(HOME, port, address);
      const [message, from] = await reply;
      assert.equal(addressIn(message), '192.0.2.1');
      assert.equal(from.address, address);
    }
    if (hasIpv6) assert.equal(addressIn(await askUdp(port6, HOME, { address: '::1' })), '192.0.2.1');
  });

  it('limits a network that asks too much, with one truncated reply in two', async (t) => {
    const functions = native(t);
    if (functions === undefined) return;
    const exempt = [parseIpPrefix('192.0.2.0/24')!];
    const { side } = await createSide(t, functions, {
      workers: 1,
      limits: { rate: 10, burstSeconds: 1, exempt },
    });
    const port = await side.bind('127.0.0.1', 0);
    await side.start();
    const socket = createSocket('udp4');
    t.after(() => {
      socket.close();
    });
    const replies: Buffer[] = [];
    socket.on('message', (message) => replies.push(message));
    for (let i = 0; i < 200; i++) socket.send(HOME, port, '127.0.0.1');
    await waitFor(() => side.counters.udpQueries === 200);
    const { udpAnswers } = side.counters;
    await waitFor(() => replies.length === udpAnswers);
    const truncated = replies.filter((reply) => (reply[2]! & 2) !== 0);
    const whole = replies.length - truncated.length;
    assert.ok(whole >= 10 && whole <= 20, `${whole} whole replies`);
    assert.ok(truncated.length >= 60 && truncated.length <= 100, `${truncated.length} truncated replies`);
    assert.equal(truncated[0]!.length, HOME.length);
    side.limit({ rate: 0 });
    // The worker takes up other limits between two batches.
    for (let tries = 0; tries < 50 && replies.at(-1)?.length === HOME.length; tries++) {
      const before = replies.length;
      socket.send(HOME, port, '127.0.0.1');
      socket.send(HOME, port, '127.0.0.1');
      await waitFor(() => replies.length > before);
    }
    assert.equal(addressIn(await askUdp(port, HOME)), '192.0.2.1');
  });

  it('gives cookies under the secret in force, and does not limit who brings one back', async (t) => {
    const functions = native(t);
    if (functions === undefined) return;
    const { side } = await createSide(t, functions, {
      workers: 1,
      limits: { rate: 1, burstSeconds: 1, slip: 1, exempt: [] },
      cookieSecrets: [Buffer.alloc(16, 1)],
    });
    const port = await side.bind('127.0.0.1', 0);
    await side.start();
    const client = Buffer.from('client8!', 'latin1');
    const ask = async (cookie: Uint8Array): Promise<Buffer> => {
      const reply = await askUdp(port, query(['home', 'dyn', 'test'], RRTYPE.A, { edns: 'plain', cookie }));
      return Buffer.from(reply!);
    };
    const given = (reply: Buffer): Buffer => reply.subarray(-24);
    // The first answer is free, from the next on a stranger gets a truncated one, with a cookie all the same.
    const first = given(await ask(client));
    assert.deepEqual(first.subarray(0, 8), client);
    for (let i = 0; i < 20; i++) assert.equal(addressIn(await ask(first)), '192.0.2.1');
    const slipped = [await ask(client), await ask(client)].at(-1)!;
    assert.equal(slipped[2]! & 2, 2);
    assert.equal(slipped.length, HOME.length + 11 + 28);
    const later = new ServerCookies([Buffer.alloc(16, 2)]);
    side.rotateCookies(Buffer.alloc(16, 2));
    // The worker takes up the secret between two batches; what was given under the old one is still good.
    const isLater = (reply: Buffer): boolean =>
      later.check({ bytes: given(reply), at: 0, length: 24 }, peerOf('127.0.0.1')!, Date.now() / 1000) ===
      'valid';
    for (let tries = 0; tries < 50 && !isLater(await ask(client)); tries++);
    const renewed = await ask(first);
    assert.equal(addressIn(renewed), '192.0.2.1');
    assert.ok(isLater(renewed));
  });

  it('survives noise: empty datagrams, answers, giant counts, cut names', async (t) => {
    const functions = native(t);
    if (functions === undefined) return;
    const { side, lost } = await createSide(t, functions);
    const port = await side.bind('127.0.0.1', 0);
    await side.start();
    const socket = createSocket('udp4');
    t.after(() => {
      socket.close();
    });
    const giant = Buffer.from(HOME);
    giant.fill(0xff, 4, 12);
    const noise = [
      Buffer.alloc(0),
      Buffer.alloc(11),
      Buffer.alloc(60_000, 0xc0),
      giant,
      HOME.subarray(0, 20),
    ];
    const answer = Buffer.from(HOME);
    answer[2] = 0x81;
    for (const packet of [...noise, answer]) socket.send(packet, port, '127.0.0.1');
    let state = 1;
    for (let i = 0; i < 3000; i++) {
      const packet = Buffer.from(HOME);
      for (let flips = 0; flips < 3; flips++) {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        packet[(state >>> 8) % packet.length] = state >>> 24;
      }
      socket.send(packet.subarray(0, 1 + ((state >>> 4) % packet.length)), port, '127.0.0.1');
    }
    assert.equal(addressIn(await askUdp(port, HOME)), '192.0.2.1');
    assert.deepEqual(lost, []);
  });

  it('a worker that dies is started again on its socket, is told, and answers what waited', async (t) => {
    const functions = native(t);
    if (functions === undefined) return;
    const lost: unknown[] = [];
    const world = new World();
    const lane = new FastLane({
      native: functions,
      workers: 1,
      limits: {},
      answer: (packet) => world.general(packet),
      onNotice: () => undefined,
      onWorkerLost: (_, error) => lost.push(error),
      workerFile: new URL('./failing-worker.ts', import.meta.url),
    });
    t.after(() => lane.stop());
    await world.store.commit([ACCOUNT, zonePut(APEX), hostPut('home.dyn.test', APEX, { ipv4: '192.0.2.1' })]);
    const port = lane.bind(ip('127.0.0.1'), 0);
    await lane.start();
    // Sent while no worker reads: it waits in the socket.
    assert.equal(addressIn(await askUdp(port, HOME, { ms: 5000 })), '192.0.2.1');
    assert.equal(lost.length, 1);
    assert.match(String(lost[0]), /the first life ends/);
    assert.equal(lane.counters.workersLost, 1);
  });

  it('a port that is taken is an error with its code, and leaves nothing bound', async (t) => {
    const functions = native(t);
    if (functions === undefined) return;
    const { side } = await createSide(t, functions);
    const taken = createSocket('udp4');
    t.after(() => {
      taken.close();
    });
    taken.bind(0, '127.0.0.1');
    await once(taken, 'listening');
    await assert.rejects(side.bind('127.0.0.1', taken.address().port), { code: 'EADDRINUSE' });
    await assert.rejects(side.bind('203.0.113.99', 0), { code: 'EADDRNOTAVAIL' });
  });
});
