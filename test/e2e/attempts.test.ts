/** What devices tried, as a command shows it while a server of its own runs, and says that it can't where none does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostAttemptsReport } from '../../src/cli/control/protocol.ts';
import { jsonOf, newDirectory, runHere, runProcess, startServer } from './homing-process.ts';

const HOST = 'home.dyn.example';

test('homing host attempts shows what was tried, the latest first', async (t) => {
  const cwd = newDirectory(t);
  const run = (args: string) => runHere(`${args} --data data`.split(' '), { cwd });
  await run('zone add dyn.example --accept any');
  await run('account add anna');
  await run(`host add ${HOST} --account anna`);
  const { secret } = jsonOf<{ secret: string }>(await run('token add --account anna --json'));
  const offline = await run(`host attempts ${HOST}`);
  assert.equal(offline.code, 4);
  assert.match(offline.stderr, /attempts are kept in the running server, and none runs/);

  const server = await startServer(t, 'serve', { cwd, args: ['--data', 'data'] });
  assert.match((await run(`host attempts ${HOST}`)).stdout, /^no attempts at home\.dyn\.example since /);
  const update = (path: string, password: string): Promise<Response> =>
    fetch(`${server.http}${path}?hostname=${HOST}&myip=192.0.2.7`, {
      headers: {
        'User-Agent': 'router/1',
        Authorization: `Basic ${Buffer.from(`:${password}`).toString('base64')}`,
      },
    });
  for (const expected of ['good', 'nochg', 'nochg'])
    assert.match(await (await update('/nic/update', secret)).text(), new RegExp(`^${expected} `));
  assert.equal((await update('/nic/update', 'wrong')).status, 401);
  assert.equal((await update('/nic/updates', secret)).status, 404);

  const shown = await runProcess(['host', 'attempts', HOST, '--data', 'data', '--json'], { cwd });
  const { fqdn, attempts } = jsonOf<HostAttemptsReport>(shown);
  assert.equal(fqdn, HOST);
  assert.deepEqual(
    attempts.map(({ text, count, source, agent, dialect }) => [text, count, source, agent, dialect]),
    [
      ['wrong path', 1, '127.0.0.1', 'router/1', null],
      ['wrong password or unknown token', 1, '127.0.0.1', 'router/1', 'dyndns2'],
      ['unchanged', 2, '127.0.0.1', 'router/1', 'dyndns2'],
      ['good: changed', 1, '127.0.0.1', 'router/1', 'dyndns2'],
    ],
  );
  const table = await run(`host attempts ${HOST.toUpperCase()}`);
  assert.match(table.stdout, /^LAST +FIRST +COUNT +OUTCOME/);
  assert.equal((await run('host attempts none.dyn.example')).code, 3);

  await run(`host remove ${HOST}`);
  await run(`host add ${HOST} --account anna`);
  assert.match((await run(`host attempts ${HOST}`)).stdout, /^no attempts/);
});
