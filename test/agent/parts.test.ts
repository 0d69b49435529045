/** The parts around the core: log, lock file, proxies, faults, the service's unit, verification. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLog } from '../../clients/agent/src/log/log.ts';
import { EVENTS, type LogEntry } from '../../clients/agent/src/log/log-entry.ts';
import { proxyFor, proxyOfEnvironment, proxyOfRegistry } from '../../clients/agent/src/http/proxy.ts';
import { createServiceHost } from '../../clients/agent/src/platform/service-host.ts';
import { parseRetryAfter } from '../../clients/agent/src/update/reply.ts';
import { findAuthorities } from '../../clients/agent/src/verify/authority.ts';
import { verifyHost } from '../../clients/agent/src/verify/verify.ts';
import { newHome, runHere } from './agent-here.ts';

const SECRET = 'a secret for the parts';

function entry(message: string): LogEntry {
  return { level: 'info', event: 'changed', message, trace: '0123456789abcdef', host: 'a.example', next: 0 };
}

test('A-8.2 the log is rotated by size, old ones are kept, and one that cannot be written stops nothing', async (t) => {
  const { directory } = newHome(t, SECRET);
  const file = join(directory, 'logs', 'agent.log');
  const config = { file, level: 'info', maxSizeOctets: 2000, keep: 3 } as const;
  const log = createLog(config, { print: () => undefined, now: Date.now });
  log.write({ level: 'debug', event: 'unchanged', message: 'below the level' });
  for (let n = 0; n < 100; n++) {
    log.write(entry(`line ${n}`));
    if (n % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await log.close();
  const files = readdirSync(join(directory, 'logs')).sort();
  assert.deepEqual(files, ['agent.log', 'agent.log.1', 'agent.log.2', 'agent.log.3']);
  const newest = files.map((name) => readFileSync(join(directory, 'logs', name), 'utf8'));
  assert.ok(newest.join('').includes('"line 99"') && !newest.join('').includes('below the level'));
  for (const name of files) assert.ok(statSync(join(directory, 'logs', name)).size < 4000);
  const [line] = newest[1]!.split('\n');
  assert.deepEqual(Object.keys(JSON.parse(line!) as object).slice(0, 4), [
    'time',
    'level',
    'event',
    'message',
  ]);

  writeFileSync(join(directory, 'plain'), '');
  const broken = createLog(
    { ...config, file: join(directory, 'plain', 'agent.log') },
    { print: () => undefined, now: Date.now },
  );
  broken.write(entry('nowhere to go'));
  await broken.close();
});

test('A-8.3 each event has an id of its own', () => {
  const ids = Object.values(EVENTS).map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  const table = readFileSync(new URL('../../docs/protocol/agent.md', import.meta.url), 'utf8');
  for (const [name, { id, kind }] of Object.entries(EVENTS))
    assert.match(table, new RegExp(`\\| ${id} \\| \`${name}\`\\s+\\| ${kind}\\s+\\|`));
});

test('A-3.4 proxies of the environment and of the registry', () => {
  assert.equal(proxyOfEnvironment({ NO_PROXY: 'x' }), undefined);
  const env = proxyOfEnvironment({ HTTPS_PROXY: 'http://p:1', http_proxy: 'q:2', NO_PROXY: 'a.example' })!;
  assert.deepEqual(proxyFor('https://x', 'system', env), { uri: 'http://p:1', except: 'a.example' });
  assert.deepEqual(proxyFor('http://x', 'system', env)?.uri, 'http://q:2');
  assert.equal(proxyFor('https://x', 'none', env), undefined);
  assert.deepEqual(proxyFor('https://x', 'http://r:3', env), { uri: 'http://r:3', except: '' });
  assert.equal(proxyFor('https://x', 'system', {}), undefined);
  for (const url of ['http://localhost:8080', 'https://127.3.2.1', 'http://[::1]:1'])
    for (const setting of ['system', 'http://r:3']) assert.equal(proxyFor(url, setting, env), undefined, url);
  const one = proxyOfRegistry('proxy.corp:8080', '*.corp;<local>');
  assert.deepEqual(one, {
    https: 'http://proxy.corp:8080',
    http: 'http://proxy.corp:8080',
    except: '*.corp,localhost',
  });
  const two = proxyOfRegistry('http=h:1;https=s:2;ftp=f:3', undefined);
  assert.deepEqual([two.http, two.https], ['http://h:1', 'http://s:2']);
});

test('A-4.4 Retry-After in seconds and as a date, at most a day', () => {
  const now = Date.UTC(2026, 0, 1);
  assert.equal(parseRetryAfter('120', now), 120_000);
  assert.equal(parseRetryAfter('Thu, 01 Jan 2026 00:01:00 GMT', now), 60_000);
  assert.equal(parseRetryAfter('Wed, 31 Dec 2025 00:00:00 GMT', now), 0);
  assert.equal(parseRetryAfter('99999999', now), 86_400_000);
  for (const text of ['soon', '', '-5', '1.5', undefined])
    assert.equal(parseRetryAfter(text, now), undefined);
});

test('A-2.7 the authoritative servers: as configured, or of the closest zone', async () => {
  const lookup = {
    resolveNs: (name: string) =>
      name === 'dyn.example.org' ? Promise.resolve(['ns.example.org']) : Promise.reject(new Error('none')),
    resolveAddresses: (name: string) =>
      name === 'ns.example.org'
        ? Promise.resolve(['192.0.2.53', '2001:db8::53'])
        : Promise.reject(new Error('none')),
  };
  assert.deepEqual(await findAuthorities('a.b.dyn.example.org', undefined, lookup), [
    '192.0.2.53',
    '2001:db8::53',
  ]);
  assert.deepEqual(await findAuthorities('a.example.net', undefined, lookup), []);
  assert.deepEqual(await findAuthorities('a.example.net', [], lookup), []);
  const places = [
    '192.0.2.1',
    '192.0.2.1:5353',
    '2001:db8::1',
    '[2001:db8::1]:5353',
    'ns.example.org:5353',
    'no.example',
  ];
  assert.deepEqual(await findAuthorities('a.example.net', places, lookup), [
    '192.0.2.1',
    '192.0.2.1:5353',
    '2001:db8::1',
    '[2001:db8::1]:5353',
    '192.0.2.53:5353',
    '[2001:db8::53]:5353',
  ]);
});

test('A-2.6 what DNS says: there, missing after five questions, unknown', async (t) => {
  const server = createSocket('udp4');
  t.after(() => server.close());
  let questions = 0;
  server.on('message', (query, peer) => {
    questions += 1;
    // The address arrives with the third question.
    server.send(dnsAnswer(query, questions < 3 ? [9, 9, 9, 8] : [9, 9, 9, 9]), peer.port, peer.address);
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const authorities = [`127.0.0.1:${server.address().port}`];
  const waited: number[] = [];
  const wait = (ms: number): Promise<void> => {
    waited.push(ms);
    return Promise.resolve();
  };
  const { signal } = new AbortController();
  const ask = (ipv4: string): ReturnType<typeof verifyHost> =>
    verifyHost({ host: 'a.example.org', sent: { ipv4 }, authorities }, { wait, signal });
  assert.equal(await ask('9.9.9.9'), 'there');
  assert.equal(questions, 3);
  waited.length = 0;
  assert.equal(await ask('9.9.9.7'), 'missing');
  assert.equal(questions, 8);
  assert.ok(waited.length === 5 && waited.reduce((sum, ms) => sum + ms, 0) <= 30_000);
  assert.equal(
    await verifyHost({ host: 'a.example.org', sent: {}, authorities: [] }, { wait, signal }),
    'unknown',
  );
});

test('install and uninstall of the systemd service below a directory', async (t) => {
  const home = newHome(t, SECRET);
  const root = join(home.directory, 'root');
  mkdirSync(root);
  const unit = join(root, 'etc/systemd/system/homing-agent.service');
  for (let n = 0; n < 2; n++) assert.equal((await runHere(home, ['install', '--root', root])).code, 0);
  const text = readFileSync(unit, 'utf8');
  for (const line of [
    'User=homing-agent',
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    'CapabilityBoundingSet=',
  ])
    assert.ok(text.split('\n').includes(line), line);
  await t.test('systemd takes the unit', (t) => {
    try {
      execFileSync('systemd-analyze', ['--version'], { stdio: 'ignore' });
    } catch {
      t.skip('needs systemd-analyze');
      return;
    }
    execFileSync('systemd-analyze', ['verify', '--man=no', unit], { stdio: 'pipe' });
  });
  mkdirSync(join(root, 'var/lib/homing-agent'), { recursive: true });
  assert.equal((await runHere(home, ['uninstall', '--root', root])).code, 0);
  assert.ok(!existsSync(unit) && !existsSync(join(root, 'var/lib/homing-agent')));
  assert.ok(existsSync(join(root, 'etc/homing-agent')), 'the configuration stays');
  assert.equal((await runHere(home, ['uninstall', '--purge', '--root', root])).code, 0);
  assert.ok(!existsSync(join(root, 'etc/homing-agent')));
});

test('protect writes a file for the agent alone, and prints where it is', async (t) => {
  const home = newHome(t, SECRET);
  const out = join(home.directory, 'made.token');
  const ended = await runHere(home, ['protect', '--out', out, ...home.places], { input: `${SECRET}\n` });
  assert.deepEqual([ended.code, ended.stdout], [0, `secret: {"file":"${out}"}\n`]);
  assert.equal(statSync(out).mode & 0o777, 0o600);
  assert.equal(readFileSync(out, 'utf8'), `${SECRET}\n`);
  assert.equal((await runHere(home, ['protect', '--out', out, ...home.places], { input: '' })).code, 64);
});

test('A-6.1 the service host gets secrets by file, which is gone afterwards, and never as an argument', async (t) => {
  const home = newHome(t, SECRET);
  const scratch = join(home.directory, 'scratch');
  mkdirSync(scratch);
  // What the program does to a file is its own affair; here it is base64, there and back.
  const program = join(home.directory, 'service');
  writeFileSync(
    program,
    `#!/bin/sh
echo "$@" >> ${join(home.directory, 'arguments.log')}
case "$1" in
  protect) base64 -w0 < "$2" > "$3" ;;
  unprotect) base64 -d < "$2" > "$3" ;;
  event) cat "$4" >> ${join(home.directory, 'events')} ;;
  *) exit 1 ;;
esac
`,
    { mode: 0o700 },
  );
  const host = createServiceHost(program);
  const data = await host.protect(Buffer.from(SECRET), scratch);
  assert.equal(data.toString(), Buffer.from(SECRET).toString('base64'));
  assert.equal((await host.unprotect(data, scratch)).toString(), SECRET);
  await host.event({ id: 1100, kind: 'information', text: 'pc is now 9.9.9.9' }, scratch);
  assert.equal(readFileSync(join(home.directory, 'events'), 'utf8'), 'pc is now 9.9.9.9');
  await assert.rejects(host.uninstall('HomingAgent'));
  assert.deepEqual(readdirSync(scratch), []);
  const called = readFileSync(join(home.directory, 'arguments.log'), 'utf8');
  assert.match(called, /^event 1100 information \S+$/m);
  assert.match(called, /^uninstall --name HomingAgent$/m);
  home.inspect(called);
});

/** An answer with one A record to a question. */
function dnsAnswer(query: Buffer, address: readonly number[]): Buffer {
  const header = Buffer.from([query[0]!, query[1]!, 0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0]);
  let end = 12;
  while (query[end] !== 0) end += query[end]! + 1;
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address]);
  return Buffer.concat([header, query.subarray(12, end + 5), record]);
}
