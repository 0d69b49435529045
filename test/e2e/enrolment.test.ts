/** A fleet enrols with the real program: what was acknowledged outlives kill -9, and thousands take seconds. */
import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLockout } from '../../src/account/lockout/lockout.ts';
import { parseIpAddress } from '../../src/net/ip-address.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.ts';
import { createCommitter } from '../../src/update/commit.ts';
import { createEnroller } from '../../src/update/enrol/create-enroller.ts';
import { type Finished, jsonOf, newDirectory, runHere, startServer } from './homing-process.ts';

interface Made {
  readonly host: string;
  readonly user: string;
  readonly token: string;
}

/** Sends one request; undefined where the connection broke. */
function ask(
  url: string,
  { body, headers = {}, agent }: { body?: string; headers?: Record<string, string>; agent?: Agent },
): Promise<{ status: number; body: string } | undefined> {
  return new Promise((resolve) => {
    const method = body === undefined ? 'GET' : 'POST';
    const sent = request(url, { method, headers, ...(agent === undefined ? {} : { agent }) }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        resolve({ status: response.statusCode!, body: text });
      });
      response.on('error', () => {
        resolve(undefined);
      });
    });
    sent.on('error', () => {
      resolve(undefined);
    });
    sent.end(body);
  });
}

function enrol(http: string, code: string, serial: string, agent?: Agent): ReturnType<typeof ask> {
  const headers = {
    'Content-Type': 'application/json',
    ...(agent === undefined ? {} : { Connection: 'keep-alive' }),
  };
  const body = JSON.stringify({ code, name: `PC-${serial}`, serial });
  return ask(`${http}/enroll`, { body, headers, ...(agent === undefined ? {} : { agent }) });
}

async function update(http: string, { host, user, token }: Made): Promise<string | undefined> {
  const Authorization = `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;
  return (await ask(`${http}/nic/update?hostname=${host}&myip=192.168.7.7`, { headers: { Authorization } }))
    ?.body;
}

const CREATE = [
  'enroll',
  'create',
  '--account',
  'shops',
  '--zone',
  'dyn.test',
  '--pattern',
  'shop-{serial}',
  '--json',
];

async function prepare(
  cwd: string,
): Promise<{ data: string; run: (...args: string[]) => Promise<Finished> }> {
  const data = join(cwd, 'data');
  const run = (...args: string[]): Promise<Finished> => runHere([...args, '--data', data], { cwd });
  jsonOf(await run('zone', 'add', 'dyn.test', '--ns', 'ns1.example.org', '--json'));
  jsonOf(await run('account', 'add', 'shops', '--json'));
  return { data, run };
}

test('a token that was handed out is valid after kill -9, and no use is lost or given twice', async (t) => {
  const cwd = newDirectory(t);
  const { data, run } = await prepare(cwd);
  const first = await startServer(t, 'serve', { cwd, args: ['--data', data] });
  const { id, code } = jsonOf<{ id: string; code: string }>(await run(...CREATE, '--uses', '400'));

  const acknowledged: Made[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  t.after(() => {
    agent.destroy();
  });
  let killed: Promise<unknown> | undefined;
  const asking = Array.from({ length: 600 }, async (_, i) => {
    const reply = await enrol(first.http, code, `s${i}`, agent);
    if (reply?.status === 201) acknowledged.push(JSON.parse(reply.body) as Made);
    if (acknowledged.length >= 60) killed ??= first.stop('SIGKILL');
  });
  await Promise.all(asking);
  await killed;
  assert.ok(acknowledged.length >= 60 && acknowledged.length < 400, `${acknowledged.length} acknowledged`);

  const second = await startServer(t, 'serve', { cwd, args: ['--data', data] });
  for (const made of acknowledged) assert.match((await update(second.http, made))!, /^good /, made.host);
  const [shown] = jsonOf<{ used: number; uses: number }[]>(await run('enroll', 'list', '--json'));
  const hosts = jsonOf<unknown[]>(await run('host', 'list', '--json')).length;
  const log = jsonOf<{ kind: string }[]>(await run('enroll', 'log', id, '--json'));
  assert.ok(shown!.used <= shown!.uses && shown!.used >= acknowledged.length);
  assert.equal(hosts, shown!.used);
  assert.equal(log.filter(({ kind }) => kind === 'enrolled').length, shown!.used);
  t.diagnostic(`${acknowledged.length} acknowledged, ${shown!.used} there after kill -9`);

  // Whoever got no answer asks again, and gets one without anybody's help.
  const { serial } = jsonOf<{ serial: string; kind: string }[]>(
    await run('enroll', 'log', id, '--json'),
  ).find(({ kind }) => kind === 'enrolled')!;
  const again = await enrol(second.http, code, serial);
  assert.equal(again?.status, 201);
  assert.match((await update(second.http, JSON.parse(again.body) as Made))!, /^(good|nochg) /);
  assert.match((await run('enroll', 'revoke', id)).stdout, /revoked/);
  assert.equal((await enrol(second.http, code, serial))?.status, 403);
});

test('3,000 machines enrol within seconds, each acknowledged when it is durable', async (t) => {
  const cwd = newDirectory(t);
  const { data, run } = await prepare(cwd);
  const server = await startServer(t, 'serve', { cwd, args: ['--data', data] });
  const { code } = jsonOf<{ code: string }>(await run(...CREATE, '--uses', '3000'));
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  t.after(() => {
    agent.destroy();
  });
  const begun = performance.now();
  const replies = await Promise.all(
    Array.from({ length: 3000 }, (_, i) => enrol(server.http, code, `n${i}`, agent)),
  );
  const seconds = (performance.now() - begun) / 1000;
  assert.deepEqual(
    replies.filter((reply) => reply?.status !== 201).map((reply) => reply?.body),
    [],
  );
  assert.equal((await enrol(server.http, code, 'one-more'))?.status, 403);
  t.diagnostic(`${Math.round(3000 / seconds)} enrolments a second over HTTP`);
  assert.ok(seconds < 30, `${seconds} s`);
  const [shown] = jsonOf<{ used: number; state: string }[]>(await run('enroll', 'list', '--json'));
  assert.deepEqual([shown?.used, shown?.state], [3000, 'used-up']);
});

test('the command line makes and ends codes without a server too', async (t) => {
  const cwd = newDirectory(t);
  const { data, run } = await prepare(cwd);
  const made = jsonOf<{ id: string; code: string; uses: number }>(await run(...CREATE));
  assert.equal(made.uses, 300);
  const text = await run(
    'enroll',
    'create',
    '--account',
    'shops',
    '--zone',
    'dyn.test',
    '--pattern',
    'a{n}',
    '--expires',
    '2h',
  );
  assert.match(text.stdout, /^code +HMENR\w{24}$/m);
  assert.match(
    (await run('enroll', 'list')).stdout,
    /^\w{10} +active +a\{n\}\.dyn\.test +shops +300 of 300 /m,
  );
  assert.match((await run('enroll', 'create', '--zone', 'dyn.test', '--pattern', '{m}')).stderr, /--account/);
  assert.equal((await run(...CREATE, '--expires', 'soon')).code, 2);
  assert.equal((await run(...CREATE, '--host', 'a.dyn.test')).code, 2);
  assert.equal((await run('enroll', 'revoke', 'nobody')).code, 3);

  // In this process, where the store's own durability is all that is between.
  const store = await openEmbeddedStore({ directory: data, onNotice: () => undefined });
  const committer = createCommitter({ store, clock: systemClock });
  const lockout = createLockout({ clock: systemClock, slots: 64 });
  const enroller = createEnroller({ view: store.view, committer, clock: systemClock, lockout });
  const source = parseIpAddress('192.0.2.1')!;
  const outcome = await enroller.enrol({ code: made.code, name: 'pc', serial: 'S1', source });
  assert.equal(outcome.kind, 'enrolled');
  await committer.close();
  await store.close();
  assert.match(
    (await run('enroll', 'log', made.id)).stdout,
    /enrolled +192\.0\.2\.1 +pc +S1 +shop-s1\.dyn\.test/,
  );
});
