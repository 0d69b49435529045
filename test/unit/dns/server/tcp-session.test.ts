// RFC 7766 (its sections in parentheses) and docs/protocol/dns.md, clauses 4.2, 5.4 and 5.5.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'node:test';
import { TcpPeer, askUdp, frame, startServer, waitFor } from '../../../dns/client.ts';
import { decode, query } from '../../../dns/message.ts';

const QUERY = query('home.example.test', 'A');

void test('pipelined queries in one write are all answered, in order (§6.2.1.1)', async (t) => {
  const { port } = await startServer(t, { tcpQueriesPerTurn: 7 });
  const peer = new TcpPeer(port);
  const names = ['home', 'www', 'nope', 'many'];
  const queries = Array.from({ length: 500 }, (_, i) =>
    query(`${names[i % 4]!}.example.test`, 'A', { id: i }),
  );
  peer.socket.write(Buffer.concat(queries.map(frame)));
  const answers = (await peer.answers(500)).map(decode);
  assert.deepEqual(
    answers.map(({ id }) => id),
    queries.map((_, i) => i),
  );
  assert.deepEqual(
    answers.slice(0, 4).map(({ answer }) => answer.length),
    [1, 2, 0, 60],
  );
});

void test('a query that comes one octet at a time (§8)', async (t) => {
  const { port } = await startServer(t);
  const peer = await new TcpPeer(port).connected();
  for (const octet of frame(QUERY)) {
    peer.socket.write(Buffer.of(octet));
    await sleep(1);
  }
  assert.equal(decode((await peer.answers(1))[0]).answer.length, 1);
});

void test('a peer that ends its side still gets its answers, then the end (§6.2.4)', async (t) => {
  const { port } = await startServer(t, { tcpQueriesPerTurn: 3 });
  const peer = new TcpPeer(port);
  peer.socket.end(Buffer.concat(Array.from({ length: 20 }, () => frame(QUERY))));
  await peer.answers(20);
  assert.equal(await peer.end(), 'fin');
});

void test('a peer that ends in the middle of a query', async (t) => {
  const { server, port } = await startServer(t);
  const peer = new TcpPeer(port);
  peer.socket.end(frame(QUERY).subarray(0, 20));
  await peer.end();
  await waitFor(() => server.stats.tcpOpen === 0);
  assert.equal(server.stats.tcpQueries, 0);
});

void test('what gets no answer over UDP ends the connection, after the answers before it', async (t) => {
  const { port } = await startServer(t);
  const answer = query('home.example.test', 'A', { flags: 0x8000 });
  for (const bytes of [Buffer.alloc(2), frame(Buffer.alloc(4)), frame(answer)]) {
    const peer = new TcpPeer(port);
    peer.socket.end(Buffer.concat([frame(QUERY), bytes, frame(QUERY)]));
    await peer.answers(1);
    assert.equal(await peer.end(), 'fin');
  }
});

void test('idle connections end, also where the peer never closes or drips octets (§6.2.3)', async (t) => {
  const { server, port } = await startServer(t, { tcpIdleMs: 150 });
  const silent = await new TcpPeer(port).connected();
  const drip = await new TcpPeer(port).connected();
  const dripping = setInterval(() => drip.socket.write(Buffer.of(1)), 20);
  t.after(() => {
    clearInterval(dripping);
  });
  const start = performance.now();
  await Promise.all([silent.end(), drip.end()]);
  assert.ok(performance.now() - start < 1500);
  clearInterval(dripping);
  await waitFor(() => server.stats.tcpOpen === 0);
  assert.equal(server.stats.tcpLimited, 2);
});

void test('queries keep a connection alive past its idle time', async (t) => {
  const { port } = await startServer(t, { tcpIdleMs: 700 });
  const peer = new TcpPeer(port);
  for (let i = 0; i < 4; i++) {
    peer.socket.write(frame(QUERY));
    await peer.answers(1);
    await sleep(250);
  }
  assert.equal(peer.ended, undefined);
});

void test('a source has so many connections and no more', async (t) => {
  const { server, port } = await startServer(t, { tcpConnectionsPerSource: 3 });
  const peers = await Promise.all(Array.from({ length: 3 }, () => new TcpPeer(port).connected()));
  await waitFor(() => server.stats.tcpOpen === 3);
  await new TcpPeer(port).end();
  for (const peer of peers) peer.socket.write(frame(QUERY));
  await Promise.all(peers.map((peer) => peer.answers(1)));
  peers[0]!.socket.end();
  await waitFor(() => server.stats.tcpOpen === 2);
  const next = new TcpPeer(port);
  next.socket.write(frame(QUERY));
  await next.answers(1);
});

void test('where all connections are taken, the one that was idle for longest makes room', async (t) => {
  const { server, port } = await startServer(t, { tcpConnections: 2 });
  const first = await new TcpPeer(port).connected();
  await waitFor(() => server.stats.tcpOpen === 1);
  const second = await new TcpPeer(port).connected();
  await waitFor(() => server.stats.tcpOpen === 2);
  first.socket.write(frame(QUERY));
  await first.answers(1);
  const third = new TcpPeer(port);
  third.socket.write(frame(QUERY));
  await third.answers(1);
  await second.end();
  assert.equal(first.ended, undefined);
});

void test('a peer that never reads is read no further, and ends with its idle time', async (t) => {
  const { server, port } = await startServer(t, { tcpIdleMs: 400, tcpBacklogBytes: 65_536 });
  const peer = await new TcpPeer(port).connected();
  peer.socket.pause();
  const burst = Buffer.concat(Array.from({ length: 200 }, () => frame(query('big.example.test', 'TXT'))));
  for (let i = 0; i < 100; i++) peer.socket.write(burst);
  await waitFor(() => server.stats.tcpQueries > 0);
  await waitFor(() => server.stats.tcpOpen === 0);
  assert.ok(server.stats.tcpQueries < 15_000, `${server.stats.tcpQueries} of 20,000 answers were made`);
  assert.ok(await askUdp(port, QUERY));
});

void test('a peer that reads late gets everything', async (t) => {
  const { port } = await startServer(t, { tcpBacklogBytes: 1 });
  const peer = await new TcpPeer(port).connected();
  peer.socket.pause();
  peer.socket.write(
    Buffer.concat(Array.from({ length: 3000 }, () => frame(query('big.example.test', 'TXT')))),
  );
  await sleep(100);
  peer.socket.resume();
  await peer.answers(3000);
});

void test('resets in the middle of a query leave nothing behind', async (t) => {
  const { server, port } = await startServer(t);
  const peers = await Promise.all(Array.from({ length: 20 }, () => new TcpPeer(port).connected()));
  for (const peer of peers) peer.socket.write(frame(QUERY).subarray(0, 9));
  await waitFor(() => server.stats.tcpOpen === 20);
  for (const peer of peers) peer.socket.resetAndDestroy();
  await waitFor(() => server.stats.tcpOpen === 0);
});
