import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import test from 'node:test';
import type { DnsServerSettings } from '../../../../src/dns/server/answerer.ts';
import { DnsListenError, createDnsServer } from '../../../../src/dns/server/dns-server.ts';
import { TcpPeer, askUdp, frame, startServer } from '../../../dns/client.ts';
import { decode, opt, query } from '../../../dns/message.ts';
import { SILENT_LOG, exampleZone, zoneSet } from '../../../dns/zones.ts';

const zones = zoneSet(exampleZone());
const QUERY = query('home.example.test', 'A');
const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

void test('UDP and TCP answer on the same port, which the system may choose', async (t) => {
  const { server, port } = await startServer(t);
  assert.notEqual(port, 0);
  assert.deepEqual(server.addresses, [
    { address: '127.0.0.1', port, transport: 'udp' },
    { address: '127.0.0.1', port, transport: 'tcp' },
  ]);
  const udp = await askUdp(port, QUERY);
  const peer = new TcpPeer(port);
  peer.socket.end(frame(QUERY));
  assert.deepEqual(udp, (await peer.answers(1))[0]);
  assert.equal(decode(udp).answer.length, 1);
  const { udpQueries, udpAnswers, tcpQueries, tcpAnswers, tcpAccepted } = server.stats;
  assert.deepEqual([udpQueries, udpAnswers, tcpQueries, tcpAnswers, tcpAccepted], [1, 1, 1, 1, 1]);
});

void test('every address has its own sockets; an IPv6 one does not take the port of IPv4', async (t) => {
  if (!hasIPv6) {
    t.skip('needs IPv6');
    return;
  }
  const first = createDnsServer({ listen: [{ address: '0.0.0.0', port: 0 }], zones, log: SILENT_LOG });
  await first.start();
  t.after(() => first.stop());
  const { port } = first.addresses[0]!;
  const second = createDnsServer({
    listen: [
      { address: '::', port },
      { address: '::1', port: 0 },
    ],
    zones,
    log: SILENT_LOG,
  });
  await second.start();
  t.after(() => second.stop());
  assert.equal(second.addresses.length, 4);
  for (const { address, port: bound } of [first.addresses[0]!, ...second.addresses]) {
    const target = address === '0.0.0.0' ? '127.0.0.1' : '::1';
    assert.ok(await askUdp(bound, QUERY, { address: target }), address);
    const peer = new TcpPeer(bound, target);
    peer.socket.end(frame(QUERY));
    await peer.answers(1);
  }
});

void test('a port that is taken rejects with code, address and port, and nothing stays bound', async (t) => {
  const { port } = await startServer(t);
  const free = createDnsServer({ listen: [{ address: '127.0.0.1', port: 0 }], zones, log: SILENT_LOG });
  await free.start();
  const other = free.addresses[0]!.port;
  await free.stop();

  const listen = [other, port].map((wanted) => ({ address: '127.0.0.1', port: wanted }));
  const server = createDnsServer({ listen, zones, log: SILENT_LOG });
  await assert.rejects(server.start(), (error) => {
    assert.ok(error instanceof DnsListenError);
    assert.deepEqual([error.code, error.address, error.port], ['EADDRINUSE', '127.0.0.1', port]);
    return true;
  });
  assert.deepEqual(server.addresses, []);
  const again = createDnsServer({ listen: [listen[0]!], zones, log: SILENT_LOG });
  await again.start();
  await again.stop();
});

void test('a port taken for TCP alone is taken', async (t) => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  t.after(() => blocker.close());
  const { port } = blocker.address() as { port: number };
  const server = createDnsServer({ listen: [{ address: '127.0.0.1', port }], zones, log: SILENT_LOG });
  await assert.rejects(server.start(), { code: 'EADDRINUSE', port });
  const socket = createSocket('udp4').bind(port, '127.0.0.1');
  await once(socket, 'listening');
  socket.close();
});

void test('an address that this machine does not have', async () => {
  const server = createDnsServer({ listen: [{ address: '192.0.2.1', port: 0 }], zones, log: SILENT_LOG });
  await assert.rejects(server.start(), { code: 'EADDRNOTAVAIL', address: '192.0.2.1' });
});

void test('stop ends connections and sockets; stopping twice is stopping once', async (t) => {
  const { server, port } = await startServer(t);
  const peer = await new TcpPeer(port).connected();
  peer.socket.write(frame(QUERY));
  await peer.answers(1);
  await server.stop();
  await peer.end();
  assert.equal(server.stats.tcpOpen, 0);
  assert.equal(await askUdp(port, QUERY, { ms: 100 }), undefined);
  await server.stop();
});

void test('settings that break their contract are refused at once', () => {
  const create = (settings: DnsServerSettings): unknown =>
    createDnsServer({ listen: [], zones, settings, log: SILENT_LOG });
  assert.throws(() => create({ cookies: [Buffer.alloc(15)] }), RangeError);
  assert.throws(() => create({ cookies: [] }), RangeError);
  assert.throws(() => create({ rateLimits: { rate: -1 } }), RangeError);
  assert.throws(() => create({ identity: '' }), RangeError);
  assert.throws(() => create({ version: 'ü' }), RangeError);
  assert.ok(create({ identity: 'ns1', version: 'x'.repeat(64), cookies: [Buffer.alloc(16)] }));
});

void test('limits over UDP, which TCP and a cookie pass, and which change while the server runs (7)', async (t) => {
  const rateLimits = { rate: 1, burstSeconds: 5, slip: 0, exempt: [] };
  const server = createDnsServer({
    listen: [{ address: '127.0.0.1', port: 0 }],
    zones,
    settings: { cookies: 'random', rateLimits },
    log: { ...SILENT_LOG, warn: () => undefined },
  });
  await server.start();
  t.after(() => server.stop());
  const { port } = server.addresses[0]!;
  const cookieQuery = (data: Buffer): Buffer =>
    query('home.example.test', 'A', { opt: opt({ options: [[10, data]] }) });
  const [cookie] = decode(await askUdp(port, cookieQuery(Buffer.alloc(8)))).opt!.options;
  const flood = Array.from({ length: 20 }, () => askUdp(port, QUERY, { ms: 300 }));
  const answered = (await Promise.all(flood)).filter((answer) => answer !== undefined).length;
  assert.ok(answered >= 4 && answered <= 6, `${answered} answers`);
  assert.equal(server.rateLimitStats.dropped, 20 - answered);
  assert.equal(server.stats.udpDropped, 20 - answered);

  assert.equal(decode(await askUdp(port, cookieQuery(cookie!.data))).answer.length, 1);
  const peer = new TcpPeer(port);
  peer.socket.end(Buffer.concat(Array.from({ length: 10 }, () => frame(QUERY))));
  await peer.answers(10);

  server.reconfigure({ rateLimits: { ...rateLimits, slip: 1, burstSeconds: 1 } });
  assert.equal(decode(await askUdp(port, QUERY)).answer.length, 1);
  assert.deepEqual(decode(await askUdp(port, QUERY)).flags, ['qr', 'tc']);
  server.reconfigure({ rateLimits: { rate: 0 } });
  for (let i = 0; i < 5; i++) assert.equal(decode(await askUdp(port, QUERY)).answer.length, 1);
  const { dropped, slipped } = server.rateLimitStats;
  assert.deepEqual([dropped, slipped], [20 - answered, 1], 'counters go on');
});
