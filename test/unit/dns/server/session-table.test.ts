// Clause 5.5 of docs/protocol/dns.md.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'node:test';
import { idleTimeAt } from '../../../../src/dns/server/limits.ts';
import { type IdleSession, SessionTable } from '../../../../src/dns/server/session-table.ts';
import { createDnsStats } from '../../../../src/dns/server/stats.ts';
import { parseIpAddress } from '../../../../src/net/ip-address.ts';
import { TcpPeer, frame, startServer, waitFor } from '../../../dns/client.ts';
import { query } from '../../../dns/message.ts';

const SOURCE = parseIpAddress('192.0.2.1')!;

function tableWith(tcpConnections: number, tcpIdleMs: number) {
  const stats = createDnsStats();
  const table = new SessionTable({ tcpConnections, tcpIdleMs }, stats);
  const ended: string[] = [];
  const add = (name: string): IdleSession => {
    const session = { destroy: () => ended.push(name) };
    table.add(session, SOURCE);
    return session;
  };
  return { table, stats, ended, add };
}

void test('the idle time: whole up to half of the connections, then evenly less down to a tenth', () => {
  const limits = { tcpConnections: 512, tcpIdleMs: 10_000 };
  const at = (open: number): number => Math.round(idleTimeAt(open, limits));
  assert.deepEqual([0, 1, 256].map(at), [10_000, 10_000, 10_000]);
  assert.deepEqual([320, 384, 448, 512].map(at), [7750, 5500, 3250, 1000]);
  assert.equal(at(600), 1000);
  for (let open = 1; open <= 512; open++) assert.ok(at(open) <= at(open - 1));
  assert.equal(Math.round(idleTimeAt(1, { tcpConnections: 1, tcpIdleMs: 1000 })), 100);
});

void test('the one that was idle for longest makes room, and what was touched was not', () => {
  const { table, stats, ended, add } = tableWith(3, 60_000);
  const [a, , c] = ['a', 'b', 'c'].map(add);
  table.touch(a!);
  add('d');
  assert.deepEqual(ended, ['b']);
  table.remove(c!);
  add('e');
  assert.deepEqual(ended, ['b'], 'there was room');
  add('f');
  assert.deepEqual(ended, ['b', 'a']);
  assert.equal(stats.tcpLimited, 2);
  assert.equal(table.countOf(SOURCE), 3);
  table.clear();
  assert.deepEqual(ended, ['b', 'a', 'd', 'e', 'f']);
  assert.equal(table.countOf(SOURCE), 0);
  table.remove(a!);
  table.touch(a!);
  assert.equal(table.countOf(SOURCE), 0, 'what has ended stays away');
});

void test('only so many end that those that are left have time', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const { ended, add } = tableWith(10, 10_000);
  const pass = (ms: number): void => {
    for (const end = now + ms; now < end;) {
      now += 100;
      t.mock.timers.tick(100);
    }
  };
  for (let i = 0; i < 5; i++) add(`old ${i}`);
  pass(2000);
  assert.deepEqual(ended, [], 'half of the connections have the whole time');
  for (let i = 0; i < 5; i++) add(`new ${i}`);
  // Ten may be idle for 1 s, nine for 2.8 s: the first goes at once, the next after 0.8 s, and so on.
  assert.deepEqual(ended, ['old 0']);
  pass(700);
  assert.equal(ended.length, 1);
  pass(200);
  assert.deepEqual(ended, ['old 0', 'old 1']);
  pass(1800);
  assert.deepEqual(ended, ['old 0', 'old 1', 'old 2']);
  pass(9000);
  assert.equal(ended.length, 10);
});

void test('a server whose connections fill up ends idle ones soon, and not those in use', async (t) => {
  const { server, port } = await startServer(t, { tcpConnections: 8, tcpIdleMs: 3000 });
  const busy = await new TcpPeer(port).connected();
  const asking = setInterval(() => busy.socket.write(frame(query('home.example.test', 'A'))), 50);
  t.after(() => {
    clearInterval(asking);
  });
  const peers = await Promise.all(Array.from({ length: 7 }, () => new TcpPeer(port).connected()));
  await waitFor(() => server.stats.tcpOpen === 8);
  const start = performance.now();
  await waitFor(() => peers.some(({ ended }) => ended !== undefined));
  assert.ok(performance.now() - start < 2000, 'long before the whole idle time');
  await sleep(50);
  assert.ok(server.stats.tcpOpen >= 4, 'what is left has more time');
  assert.equal(busy.ended, undefined);
});
