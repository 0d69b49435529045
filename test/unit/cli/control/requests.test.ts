/** What the control socket takes, and what it survives. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectControl, remoteAdministrator } from '../../../../src/cli/control/client.ts';
import { MAX_LINE_BYTES } from '../../../../src/cli/control/protocol.ts';
import { STATUS, exchange, newDirectory, started } from './running.ts';

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
