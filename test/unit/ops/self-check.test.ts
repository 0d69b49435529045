/** The self-check sees what a client would see. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { type AddressInfo, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createDnsServer } from '../../../src/dns/server/dns-server.ts';
import { createLog } from '../../../src/ops/log.ts';
import { PASS, checkTcp, checkUdpDns, createCachedCheck } from '../../../src/ops/self-check.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';

const { log } = createLog({ level: 'silent', pretty: false, sink: { write: () => undefined } });

async function udpSocket(t: TestContext, answer: (query: Buffer) => Buffer | undefined): Promise<number> {
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const reply = answer(query);
    if (reply !== undefined) socket.send(reply, port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.after(() => {
    socket.close();
  });
  return socket.address().port;
}

test('a DNS server without a zone passes over UDP and TCP, a stopped one does not', async () => {
  const server = createDnsServer({
    listen: [{ address: '127.0.0.1', port: 0 }],
    zones: createMemoryStore().view,
    log,
  });
  await server.start();
  const endpoint = server.addresses[0]!;
  assert.deepEqual(await Promise.all([checkUdpDns(endpoint), checkTcp(endpoint)]), [PASS, PASS]);
  await server.stop();
  const [udp, tcp] = await Promise.all([checkUdpDns(endpoint), checkTcp(endpoint)]);
  assert.match(udp, /no answer over UDP|UDP: /);
  assert.match(tcp, /^TCP: .*ECONNREFUSED/);
});

test('a silent socket, an answer to something else and an echo do not pass', async (t) => {
  const ports = await Promise.all([
    udpSocket(t, () => undefined),
    udpSocket(t, (query) => {
      const reply = Buffer.from(query);
      reply[0]! ^= 1;
      reply[2]! |= 0x80;
      return reply;
    }),
    udpSocket(t, (query) => query),
  ]);
  const results = await Promise.all(ports.map((port) => checkUdpDns({ address: '127.0.0.1', port })));
  assert.deepEqual(
    results,
    ports.map(() => 'no answer over UDP within 1000 ms'),
  );
});

test('a listener that accepts passes over TCP', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  assert.equal(await checkTcp({ address: '127.0.0.1', port: (server.address() as AddressInfo).port }), PASS);
});

test('a check is made once a second at most, also when the clock is set back', async () => {
  let now = 10_000;
  let made = 0;
  const check = createCachedCheck(() => Promise.resolve(++made), { now: () => now });
  assert.deepEqual(await Promise.all([check(), check()]), [1, 1]);
  now += 999;
  assert.equal(await check(), 1);
  now += 1;
  assert.equal(await check(), 2);
  now -= 5000;
  assert.equal(await check(), 3);
});
