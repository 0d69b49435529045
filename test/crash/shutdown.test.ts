/** SIGTERM under load: what is under way is finished, nothing acknowledged is lost, exit 0 within five seconds. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startHoming, temporaryDirectory } from '../interop/homing-process.ts';
import { createLedgers } from './ledger.ts';
import { LOADED, startLoad } from './load.ts';
import { type Serials, checkHosts, checkSerials, createResolver } from './observe.ts';
import { ACCOUNT, provision } from './provision.ts';

const LIMIT_MS = 5000;

test('SIGTERM under load drains and ends with status 0, twice in a row', { timeout: 60_000 }, async (t) => {
  const dataDirectory = await temporaryDirectory(t);
  const ledgers = createLedgers(32);
  const serials: Serials = new Map();
  const token = await provision(dataDirectory, ledgers);
  for (const round of [1, 2, 3]) {
    const server = await startHoming(dataDirectory, { env: LOADED });
    t.after(() => server.end('SIGKILL'));
    const resolver = createResolver(server.dnsPort);
    await checkSerials(resolver, serials);
    await checkHosts(resolver, ledgers);
    if (round === 3) {
      await server.end('SIGTERM');
      return;
    }
    const load = startLoad({ httpPort: server.httpPort, user: ACCOUNT, password: token }, ledgers);
    // Under way, however slow the machine is.
    while (load.acknowledged() <= 100) await new Promise((resolve) => setTimeout(resolve, 5));
    const asked = Date.now();
    assert.deepEqual(await server.end('SIGTERM'), { status: 0, signal: null }, server.log().slice(-2000));
    const took = Date.now() - asked;
    assert.ok(took < LIMIT_MS, `it took ${took} ms`);
    await load.stop();
    t.diagnostic(`${load.acknowledged()} updates acknowledged, ended ${took} ms after SIGTERM`);
  }
});

test('SIGTERM with an idle keep-alive connection and one that never finishes its request', async (t) => {
  const dataDirectory = await temporaryDirectory(t);
  const server = await startHoming(dataDirectory, { env: LOADED });
  t.after(() => server.end('SIGKILL'));
  const sockets = ['GET /ip HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n', 'GET /ip HTT'].map(
    (text) => {
      const socket = connect(server.httpPort, '127.0.0.1');
      // The server may reset what it does not wait for.
      socket.on('error', () => undefined);
      socket.write(text);
      return socket;
    },
  );
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    return Promise.resolve();
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
  const asked = Date.now();
  assert.deepEqual(await server.end('SIGTERM'), { status: 0, signal: null }, server.log());
  assert.ok(Date.now() - asked < LIMIT_MS, `it took ${Date.now() - asked} ms`);
});
