import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { createDnsStats } from '../../../../src/dns/server/stats.ts';
import { UdpListener } from '../../../../src/dns/server/udp-listener.ts';
import { askUdp, startServer, waitFor } from '../../../dns/client.ts';
import { decode, query } from '../../../dns/message.ts';

const QUERY = query('home.example.test', 'A');

async function listener(
  t: test.TestContext,
): Promise<{ udp: UdpListener; stats: ReturnType<typeof createDnsStats> }> {
  const stats = createDnsStats();
  const udp = new UdpListener({ family: 4, answer: (bytes) => bytes, stats });
  await udp.bindTo('127.0.0.1', 0);
  let isOpen = true;
  udp.once('close', () => (isOpen = false));
  t.after(() => {
    if (isOpen) udp.close();
  });
  return { udp, stats };
}

void test('a query from port 0 is dropped: nothing can be sent there', async (t) => {
  const { udp, stats } = await listener(t);
  udp.handle(QUERY, { address: '127.0.0.1', family: 'IPv4', port: 0, size: QUERY.length });
  assert.deepEqual([stats.udpQueries, stats.udpDropped, stats.udpAnswers], [1, 1, 0]);
});

void test('a send that fails is counted and goes no further', async (t) => {
  const { udp, stats } = await listener(t);
  const peer = { family: 'IPv4', port: 9, size: 1 } as const;
  udp.handle(Buffer.alloc(65_535), { ...peer, address: '127.0.0.1' }); // longer than a datagram: EMSGSIZE
  udp.handle(QUERY, { ...peer, address: '255.255.255.255' }); // broadcast without permission: EACCES
  await waitFor(() => stats.udpSendErrors === 2);
  udp.close();
  await once(udp, 'close');
  udp.handle(QUERY, { ...peer, address: '127.0.0.1' }); // the socket is gone
  assert.deepEqual([stats.udpSendErrors, stats.udpAnswers], [3, 0]);
});

void test('datagrams shorter than a header, and answers, get none', async (t) => {
  const { server, port } = await startServer(t);
  for (const bytes of [
    Buffer.alloc(0),
    QUERY.subarray(0, 1),
    QUERY.subarray(0, 11),
    query('home.example.test', 'A', { flags: 0x8000 }),
  ])
    assert.equal(await askUdp(port, bytes, { ms: 60 }), undefined);
  assert.equal(decode(await askUdp(port, QUERY)).rcode, 'NOERROR');
  assert.deepEqual([server.stats.udpQueries, server.stats.udpDropped], [5, 4]);
});

void test('an asker that is gone before its answer harms nobody', async (t) => {
  const { port } = await startServer(t);
  for (let i = 0; i < 20; i++) await askUdp(port, query('big.example.test', 'TXT'), { ms: 0 });
  assert.ok(await askUdp(port, QUERY));
});
