/** Starting, sharing and giving up ports. */
import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { createHttpServer } from '../../../src/http/server.ts';
import { openBacking, openSite, send } from '../site.ts';

const IP = 'GET /ip HTTP/1.1\r\nHost: d\r\nConnection: keep-alive\r\n\r\n';

describe('HTTP server', () => {
  it('says which address is taken, and then holds none', async (t) => {
    const backing = await openBacking();
    t.after(() => backing.close());
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    t.after(() => taken.close());
    const { port } = taken.address() as AddressInfo;
    const server = createHttpServer({
      ...backing.app,
      listen: [
        { address: '127.0.0.1', port: 0 },
        { address: '127.0.0.1', port },
      ],
      trustedProxies: [],
    });
    await assert.rejects(server.start(), { code: 'EADDRINUSE', address: '127.0.0.1', port });
    assert.deepEqual(server.addresses, []);
  });

  it('serves IPv4 and IPv6 listeners on one port side by side', async (t) => {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const listen = [
      { address: '0.0.0.0', port },
      { address: '::', port },
    ];
    const site = await openSite(t, { server: { listen } });
    assert.deepEqual(site.server.addresses, listen);
    for (const [address, shown] of [
      ['127.0.0.1', '127.0.0.1\n'],
      ['::1', '::1\n'],
    ] as const) {
      const reply = await send({ address, port }, 'GET /ip HTTP/1.0\r\n\r\n');
      assert.equal(reply.body, shown);
    }
  });

  it('stops without waiting for idle or silent connections, and takes no new ones', async (t) => {
    const site = await openSite(t);
    const idle = connect(site.port, '127.0.0.1');
    idle.write(IP);
    await new Promise((resolve) => idle.once('data', resolve));
    const silent = connect(site.port, '127.0.0.1');
    await new Promise((resolve) => silent.once('connect', resolve));
    const closed = Promise.all(
      [idle, silent].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
    );
    for (const socket of [idle, silent]) socket.on('error', () => undefined).resume();
    const start = performance.now();
    await site.server.stop({ graceMs: 5_000 });
    await closed;
    assert.ok(performance.now() - start < 2_000);
    await assert.rejects(site.send(IP), { code: 'ECONNREFUSED' });
  });

  it('lets a request under way finish, and then closes its connection', async (t) => {
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const site = await openSite(t, { health: () => held.then(() => ({ healthy: true, checks: {} })) });
    const reply = site.send('GET /healthz HTTP/1.1\r\nHost: d\r\nConnection: keep-alive\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const stopped = site.server.stop({ graceMs: 5_000 });
    release!();
    const { status, body } = await reply;
    assert.equal(status, 200);
    assert.equal(body, '{"healthy":true,"checks":{}}');
    await stopped;
  });

  it('closes what is left when the grace is over', async (t) => {
    const site = await openSite(t, { health: () => new Promise(() => undefined) });
    const reply = site.send('GET /healthz HTTP/1.0\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await site.server.stop({ graceMs: 50 });
    assert.equal((await reply).raw, '');
  });
});
