/** The control socket's file and its server: who may open it, how they begin, how they end. */
import assert from 'node:assert/strict';
import { existsSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectControl } from '../../../../src/cli/control/client.ts';
import { type ControlHandlers, createControlServer } from '../../../../src/cli/control/server.ts';
import { ControlError, openSocketPath } from '../../../../src/cli/control/socket-path.ts';
import { STATUS, handlersOn, log, newDirectory, started } from './running.ts';

test('only the owner may open the socket, whatever the umask is', async (t) => {
  const directory = newDirectory(t);
  const before = process.umask(0);
  try {
    await started(t, directory);
    assert.equal(process.umask(0), 0, 'the umask is as it was');
  } finally {
    process.umask(before);
  }
  assert.equal(statSync(join(directory, 'control.sock')).mode & 0o777, 0o600);
});

test('the socket file of a killed server is replaced, and nobody is found behind it before', async (t) => {
  const directory = newDirectory(t);
  const path = join(directory, 'control.sock');
  // A socket whose process is gone: renamed away while bound, so that closing can't remove it.
  const old = createServer().listen(join(directory, 'old.sock'));
  await new Promise((resolve) => old.once('listening', resolve));
  renameSync(join(directory, 'old.sock'), path);
  await new Promise((resolve) => old.close(resolve));
  assert.ok(statSync(path).isSocket());
  assert.equal(await connectControl(directory), undefined);
  await started(t, directory);
  const client = await connectControl(directory);
  assert.ok(client);
  client.close();
});

test('something else of that name is not touched', async (t) => {
  const directory = newDirectory(t);
  writeFileSync(join(directory, 'control.sock'), 'mine');
  const server = createControlServer({ directory, handlers: handlersOn(), log });
  await assert.rejects(
    server.start(),
    (error) => error instanceof ControlError && error.code === 'not-a-socket',
  );
  assert.ok(existsSync(join(directory, 'control.sock')));
  assert.equal(await connectControl(directory), undefined);
});

test('stopping removes the socket, and a directory without one has no server', async (t) => {
  const directory = newDirectory(t);
  const server = createControlServer({ directory, handlers: handlersOn(), log });
  await server.start();
  await server.stop();
  assert.ok(!existsSync(join(directory, 'control.sock')));
  assert.equal(await connectControl(directory), undefined);
  assert.equal(await connectControl(join(directory, 'gone')), undefined);
});

test('stopping answers the request under way first', async (t) => {
  const directory = newDirectory(t);
  const { promise: released, resolve: release } = Promise.withResolvers<undefined>();
  const { promise: asked, resolve: ask } = Promise.withResolvers<undefined>();
  const handlers: ControlHandlers = {
    ...handlersOn(),
    status: async () => {
      ask(undefined);
      await released;
      return STATUS;
    },
  };
  const server = createControlServer({ directory, handlers, log });
  await server.start();
  const client = await connectControl(directory);
  assert.ok(client);
  const reply = client.request({ op: 'status' });
  await asked;
  const stopped = server.stop();
  release(undefined);
  assert.deepEqual(await reply, { ok: true, value: STATUS });
  await stopped;
});

test('a connection that says nothing does not hold up the end', async (t) => {
  const directory = newDirectory(t);
  const server = createControlServer({ directory, handlers: handlersOn(), log });
  await server.start();
  const client = await connectControl(directory);
  assert.ok(client);
  await server.stop();
  client.close();
});

test('a server that goes away is an error that says so', async (t) => {
  const directory = newDirectory(t);
  const server = createServer((socket) => socket.on('data', () => socket.destroy())).listen(
    join(directory, 'control.sock'),
  );
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  const client = await connectControl(directory);
  assert.ok(client);
  await assert.rejects(client.request({ op: 'status' }), /ended before it answered; look at its log/);
});

test('a server that stays silent is given up', async (t) => {
  const directory = newDirectory(t);
  const server = createServer((socket) => socket.resume()).listen(join(directory, 'control.sock'));
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  const client = await connectControl(directory);
  assert.ok(client);
  await assert.rejects(client.request({ op: 'status' }, { timeoutMs: 50 }), /did not answer within 0.05 s/);
});

test('a data directory deeper than a socket path may be is reached all the same', async (t) => {
  if (process.platform !== 'linux') {
    t.skip('needs /proc/self/fd');
    return;
  }
  const directory = newDirectory(t, 'd'.repeat(100), 'e'.repeat(100));
  const server = createControlServer({ directory, handlers: handlersOn(), log });
  await server.start();
  assert.equal(statSync(join(directory, 'control.sock')).mode & 0o777, 0o600);
  const client = await connectControl(directory);
  assert.ok(client);
  assert.deepEqual(await client.request({ op: 'status' }), { ok: true, value: STATUS });
  client.close();
  await server.stop();
  assert.ok(!existsSync(join(directory, 'control.sock')));
  const socketPath = openSocketPath(directory);
  assert.ok(socketPath.path.length < 108);
  socketPath.release();
});
