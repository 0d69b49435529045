/** Enrolment: what is asked, what is written, and that a lost reply is asked for again. */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { addHost } from '../../clients/agent/src/enrol/add-host.ts';
import { enrol, serverOfUrl } from '../../clients/agent/src/enrol/enrol.ts';
import { createConnections } from '../../clients/agent/src/http/connections.ts';
import { jsonOf, newDirectory, runHere as runHoming, startServer } from '../e2e/homing-process.ts';
import { newHome, runHere } from './agent-here.ts';
import { startScriptedServer } from '../clients/scripted/server.ts';

const TOKEN = 'token-of-shop-7-0123456789';
const CODE = 'code-0123456789-abcdefgh';
const ENROLLED = {
  status: 201,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    ...{ host: 'shop-7.dyn.example.org', user: 'alice', token: TOKEN, zone: 'dyn.example.org' },
    ...{ update: '/nic/update', servers: ['ns1.example.org'] },
  }),
};

test('A-10.1 enroll writes server, host and protected token, and the configuration works', async (t) => {
  const home = newHome(t, TOKEN);
  home.guard(CODE);
  let asked = 0;
  const server = await startScriptedServer({
    // The first reply is lost.
    script: () => (++asked === 1 ? { close: 'request' } : ENROLLED),
  });
  t.after(() => server.close());
  const args = ['enroll', '--server', server.url, '--name', 'shop-7', '--serial', 'S7', ...home.places];
  const ended = await runHere(home, args, { input: `${CODE}\n` });
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(asked, 2);
  for (const { method, path, body } of server.requests) {
    assert.deepEqual([method, path], ['POST', '/enroll']);
    assert.deepEqual(JSON.parse(body), { code: CODE, name: 'shop-7', serial: 'S7' });
  }
  const secretFile = join(home.directory, 'shop-7.dyn.example.org.token');
  assert.deepEqual(parse(readFileSync(home.config, 'utf8')), {
    servers: { home: { url: server.url, user: 'alice', secret: { file: secretFile } } },
    hosts: [{ name: 'shop-7.dyn.example.org', server: 'home' }],
  });
  assert.equal(readFileSync(secretFile, 'utf8').trim(), TOKEN);
  assert.equal(statSync(secretFile).mode & 0o777, 0o600);
  assert.ok(!readFileSync(home.config, 'utf8').includes(CODE), 'A-10.2 the code is kept nowhere');
  assert.equal((await runHere(home, ['check', ...home.places])).code, 0);
  const before = readFileSync(home.config, 'utf8');
  assert.equal((await runHere(home, args, { input: CODE })).code, 0);
  assert.equal(readFileSync(home.config, 'utf8'), before, 'the same again changes nothing');
});

test('A-10 a machine that has a code of a real Homing is in DNS a moment later', async (t) => {
  const cwd = newDirectory(t);
  const data = ['--data', 'data'];
  await runHoming(['zone', 'add', 'dyn.example.org', ...data], { cwd });
  await runHoming(['account', 'add', 'alice', '--password-stdin', ...data], {
    cwd,
    stdin: 'correct horse battery',
  });
  const args = ['--zone', 'dyn.example.org', '--account', 'alice', '--pattern', 'shop-{serial}', '--json'];
  const { code } = jsonOf<{ code: string }>(await runHoming(['enroll', 'create', ...args, ...data], { cwd }));
  const server = await startServer(t, 'serve', { cwd, args: data });
  const home = newHome(t, code);
  const enrolled = await runHere(
    home,
    ['enroll', '--server', server.http, '--serial', 'S7', ...home.places],
    { input: code },
  );
  assert.equal(enrolled.code, 0, enrolled.stderr);
  assert.match(enrolled.stdout, /^This machine is shop-s7\.dyn\.example\.org;/);
  home.guard(readFileSync(join(home.directory, 'shop-s7.dyn.example.org.token'), 'utf8').trim());
  const env = {
    HOMING_AGENT_DETECT__IPV4: '{ "sources": ["command:echo 9.9.9.9"] }',
    HOMING_AGENT_DETECT__IPV6: '{ "sources": ["command:false"] }',
    HOMING_AGENT_SERVERS__HOME__DNS: `["127.0.0.1:${server.dnsPort}"]`,
  };
  const once = await runHere(home, ['once', ...home.places], { env });
  assert.equal(once.code, 0, once.stdout + once.stderr);
  const status = await runHere(home, ['status', ...home.places]);
  assert.match(status.stdout, /IPv4: 9\.9\.9\.9, since .*\n.*\n? *DNS: has the address/);
});

test('A-10.3 a busy server is asked again when it says, three times in all; no other refusal is', async (t) => {
  let replies: { status: number; headers?: Record<string, string>; body?: string }[] = [];
  const server = await startScriptedServer({ script: () => replies.shift() ?? ENROLLED });
  t.after(() => server.close());
  const target = serverOfUrl(server.url, { allowHttp: false });
  assert.ok(target.ok);
  const connections = createConnections(target.value, { proxy: {}, platform: process.platform });
  t.after(() => connections.close());
  const attempt = async (statuses: readonly (readonly [number, string?])[]) => {
    replies = statuses.map(([status, after]) => ({
      status,
      headers: after === undefined ? {} : { 'retry-after': after },
      body: JSON.stringify({ error: 'x', message: 'Not now.' }),
    }));
    const before = server.requests.length;
    const waits: number[] = [];
    const wait = (ms: number) => {
      waits.push(ms);
      return Promise.resolve();
    };
    const enrolment = { server: server.url, code: CODE, name: 'shop-7' };
    const { ok } = await enrol(enrolment, { connections, userAgent: 'test', wait });
    return { ok, waits, asked: server.requests.length - before };
  };
  const come = await attempt([[503, '7'], [503]]);
  assert.deepEqual([come.ok, come.asked], [true, 3]);
  const within = (ms: number | undefined, least: number) =>
    ms! >= least && ms! <= least + Math.max(2000, least);
  assert.ok(within(come.waits[0], 7000) && within(come.waits[1], 5000), String(come.waits));
  const never = await attempt([
    [503, '86400'],
    [503, '0'],
    [503, 'soon'],
  ]);
  assert.deepEqual([never.ok, never.asked], [false, 3]);
  assert.ok(within(never.waits[0], 60_000) && within(never.waits[1], 0), String(never.waits));
  for (const status of [403, 409, 429, 500])
    assert.deepEqual(await attempt([[status, '1']]), { ok: false, waits: [], asked: 1 }, String(status));
});

test('a refusal is told in the words of the server, and changes nothing', async (t) => {
  const home = newHome(t, CODE);
  const server = await startScriptedServer({ script: {} });
  t.after(() => server.close());
  const cases = [
    [403, 'code-expired', 77],
    [409, 'host-taken', 77],
    [429, 'too-often', 69],
    [500, 'unavailable', 69],
  ] as const;
  for (const [status, error, code] of cases) {
    server.say({ status, body: JSON.stringify({ error, message: `It is ${error}.` }) });
    const ended = await runHere(home, ['enroll', '--server', server.url, '--code', CODE, ...home.places]);
    assert.deepEqual([ended.code, ended.stderr], [code, `homing-agent: It is ${error}.\n`]);
  }
  server.say({ status: 201, body: '<html>' });
  assert.equal(
    (await runHere(home, ['enroll', '--server', server.url, '--code', CODE, ...home.places])).code,
    77,
  );
  const plain = await runHere(home, [
    'enroll',
    '--server',
    'http://ddns.example.org',
    '--code',
    CODE,
    ...home.places,
  ]);
  assert.deepEqual([plain.code, plain.stderr.includes('http:, which shows the code')], [64, true]);
  assert.throws(() => readFileSync(home.config));
});

test('a configuration that is there keeps what is in it, comments too', () => {
  const before = `# of the branch office
interval: 1m # often
servers:
  home: { url: https://ddns.example.org, user: old, secret: { env: OLD } }
hosts:
  - name: a.example.org # the first
    server: home
`;
  const addition = { path: '/nic/update', user: 'alice', secretFile: '/x.token', host: 'b.example.org' };
  const grown = addHost(before, { ...addition, url: 'https://ddns.example.org' }, 'yaml');
  for (const comment of ['# of the branch office', '# often', '# the first'])
    assert.ok(grown.includes(comment));
  assert.deepEqual(parse(grown), {
    interval: '1m',
    servers: {
      home: { url: 'https://ddns.example.org', user: 'old', secret: { env: 'OLD' } },
      // The token may be for this host alone.
      home2: { url: 'https://ddns.example.org', user: 'alice', secret: { file: '/x.token' } },
    },
    hosts: [
      { name: 'a.example.org', server: 'home' },
      { name: 'b.example.org', server: 'home2' },
    ],
  });
  const again = { ...addition, url: 'https://ddns.example.org', user: 'bob' };
  const json = JSON.parse(addHost(grown, again, 'json')) as { servers: Record<string, { user: string }> };
  assert.deepEqual([Object.keys(json.servers).length, json.servers['home2']!.user], [2, 'bob']);
  assert.throws(() => addHost('- a list', { ...addition, url: 'https://other.example' }, 'yaml'));
});
