/** The control socket: who may open it, what it takes, and what it survives. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connectControl, remoteAdministrator } from '../../../src/cli/control/client.ts';
import { MAX_LINE_BYTES, type ServerStatus } from '../../../src/cli/control/protocol.ts';
import { type ControlHandlers, createControlServer } from '../../../src/cli/control/server.ts';
import { ControlError, openSocketPath } from '../../../src/cli/control/socket-path.ts';
import { systemClock } from '../../../src/ops/clock.ts';
import { createLog } from '../../../src/ops/log.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { createAdministrator } from '../../../src/update/admin/create-administrator.ts';
import { createCommitter } from '../../../src/update/commit.ts';

const { log } = createLog({ level: 'silent', pretty: false, sink: { write: () => undefined } });

const STATUS: ServerStatus = {
  pid: process.pid,
  version: '1.2.3',
  startedAt: '2026-01-01T00:00:00.000Z',
  data: '/data',
  http: [],
  dns: [],
  healthy: true,
  problems: [],
};

function handlersOn(store = createMemoryStore()): ControlHandlers {
  const committer = createCommitter({ store, clock: systemClock });
  return {
    administrator: createAdministrator({
      view: store.view,
      committer,
      clock: systemClock,
      hashPassword: () => Promise.reject(new Error('no password in these tests')),
    }),
    status: () => Promise.resolve(STATUS),
    backup: (file) => Promise.reject(new Error(`cannot write ${file}`)),
  };
}

function newDirectory(t: TestContext, ...below: string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'homing-control-'));
  t.after(() => {
    rmSync(root, { recursive: true });
  });
  const directory = join(root, ...below);
  mkdirSync(directory, { recursive: true });
  return directory;
}

async function started(t: TestContext, directory: string, handlers = handlersOn()): Promise<void> {
  const server = createControlServer({ directory, handlers, log });
  await server.start();
  t.after(() => server.stop());
}

/** Writes bytes and gives everything that comes back until the server ends the connection or falls silent. */
function exchange(directory: string, bytes: string | Buffer, lines = 1): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(join(directory, 'control.sock'));
    let received = '';
    const finish = (): void => {
      socket.destroy();
      resolve(received);
    };
    socket.on('data', (chunk) => {
      received += chunk.toString();
      if (received.split('\n').length > lines) finish();
    });
    socket.on('close', finish);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE' || error.code === 'ECONNRESET') finish();
      else reject(error);
    });
    socket.write(bytes);
  });
}

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

test('status, commands and refusals come back as the handlers gave them', async (t) => {
  const directory = newDirectory(t);
  await started(t, directory);
  const client = await connectControl(directory);
  assert.ok(client);
  t.after(() => {
    client.close();
  });
  assert.deepEqual(await client.request({ op: 'status' }), { ok: true, value: STATUS });
  const administrator = remoteAdministrator(client);
  const added = await administrator.execute({
    kind: 'zone-add',
    apex: 'dyn.test',
    nameServers: [],
    addresses: [],
    accept: 'any',
  });
  assert.ok(added.ok);
  assert.equal(added.value.apex, 'dyn.test');
  const again = await administrator.execute({ kind: 'zone-show', apex: 'other.test' });
  assert.ok(!again.ok);
  assert.equal(again.code, 'not-found');
  assert.deepEqual(await client.request({ op: 'backup', file: '/nowhere' }), {
    ok: false,
    code: 'failed',
    message: 'cannot write /nowhere',
  });
});

test('garbage is refused and the connection goes on', async (t) => {
  const directory = newDirectory(t);
  await started(t, directory);
  const lines = [
    'not json',
    '',
    'null',
    '[]',
    '{"op":"shutdown"}',
    '{"op":"backup","file":"relative"}',
    '{"op":"admin","command":{"kind":"zone-list","extra":1}}',
    '{"op":"admin","command":{"kind":"constructor"}}',
    '{"op":"status","x":"\u0000\ud800"}',
    '{"op":"status"}',
  ];
  const answers = (await exchange(directory, `${lines.join('\n')}\n`, lines.length)).trimEnd().split('\n');
  assert.equal(answers.length, lines.length);
  for (const answer of answers.slice(0, -1)) {
    const { ok, code } = JSON.parse(answer) as { ok: boolean; code: string };
    assert.deepEqual([ok, code], [false, 'bad-request'], answer);
  }
  assert.deepEqual(JSON.parse(answers.at(-1)!), { ok: true, value: STATUS });
});

test('a request in single bytes is read, a request without its end is not answered', async (t) => {
  const directory = newDirectory(t);
  await started(t, directory);
  const socket = connect(join(directory, 'control.sock'));
  const answer = new Promise<string>((resolve) =>
    socket.once('data', (chunk) => {
      resolve(chunk.toString());
    }),
  );
  for (const byte of '{"op":"status"}') {
    socket.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.write('\n');
  assert.deepEqual(JSON.parse(await answer), { ok: true, value: STATUS });
  socket.destroy();
});

test('a line beyond the limit ends its connection and nothing else', async (t) => {
  const directory = newDirectory(t);
  await started(t, directory);
  const answer = await exchange(directory, Buffer.alloc(MAX_LINE_BYTES + 70_000, 0x61));
  if (answer !== '') assert.match(answer, /"bad-request"/);
  assert.match(await exchange(directory, '{"op":"status"}\n'), /"ok":true/);
});

test('many clients at once are each answered with their own result', async (t) => {
  const directory = newDirectory(t);
  await started(t, directory);
  const results = await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const client = await connectControl(directory);
      assert.ok(client);
      const name = `account${i}`;
      const result = await remoteAdministrator(client).execute({
        kind: 'account-add',
        name,
        admin: false,
        password: null,
      });
      client.close();
      return result.ok ? result.value.name : result.message;
    }),
  );
  assert.deepEqual(
    results,
    Array.from({ length: 40 }, (_, i) => `account${i}`),
  );
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
  await assert.rejects(client.request({ op: 'status' }, 50), /did not answer within 0.05 s/);
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
