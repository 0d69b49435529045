/** The first minute with Homing: what `npm start` prints is pasted, and works. */
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Resolver } from 'node:dns/promises';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { cleanEnvironment, jsonOf, newDirectory, runHere, startServer } from './homing-process.ts';

const ROOT = join(import.meta.dirname, '..', '..');

const shell = promisify(execFile);

function isMissing(program: string): boolean {
  return (
    spawnSync(program, ['--version']).error !== undefined && spawnSync(program, ['-v']).error !== undefined
  );
}

test('the first start prints three lines that work, the second serves the same and keeps the secret', async (t) => {
  const cwd = newDirectory(t);
  const first = await startServer(t, 'quickstart', { cwd });
  const block = first.stdout();
  const [curl, dig, page] = block
    .split('\n')
    .flatMap((line) => /^ {2}((?:curl|dig|http:).*)$/.exec(line)?.[1] ?? []);
  assert.ok(curl !== undefined && dig !== undefined && page !== undefined, block);
  const secret = /home\.dyn\.test:([A-Za-z0-9]{24}) /.exec(curl)?.[1];
  assert.ok(secret, curl);
  assert.match(
    block,
    /HTTP {2}127\.0\.0\.1:\d+\nDNS {3}127\.0\.0\.1:\d+ \(UDP and TCP\)\nData {2}\/.*\/data\/ \(snapshot\.json/,
  );

  if (isMissing('curl')) t.diagnostic('curl is missing: the update is made by fetch alone');
  else assert.equal((await shell('sh', ['-c', `${curl} --silent`])).stdout, 'good 203.0.113.7\n');
  const authorization = `Basic ${Buffer.from(`home.dyn.test:${secret}`).toString('base64')}`;
  const again = await fetch(`${first.http}/nic/update?hostname=home.dyn.test&myip=203.0.113.7`, {
    headers: { authorization },
  });
  assert.match(await again.text(), /^(nochg|good) 203\.0\.113\.7\n$/);

  if (isMissing('dig')) t.diagnostic('dig is missing: the address is asked for by node:dns alone');
  else {
    assert.equal((await shell('sh', ['-c', dig])).stdout, '203.0.113.7\n');
    assert.equal((await shell('sh', ['-c', `${dig} +tcp`])).stdout, '203.0.113.7\n');
  }
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${first.dnsPort}`]);
  assert.deepEqual(await resolver.resolve4('home.dyn.test'), ['203.0.113.7']);
  assert.equal((await resolver.resolveSoa('dyn.test')).nsname, 'ns1.dyn.test');

  const home = await fetch(page);
  assert.equal(home.status, 200);
  assert.match(await home.text(), /Homing[\s\S]*127\.0\.0\.1/);
  const ended = await first.stop();
  assert.equal(ended.code, 0, ended.stderr);

  const second = await startServer(t, 'quickstart', { cwd });
  const { stdout, stderr } = await second.stop('SIGINT');
  assert.match(stdout, /^HTTP {2}.*\nDNS {3}.*\nData {2}.*\n$/);
  for (const text of [stdout, stderr, ended.stderr]) assert.ok(!text.includes(secret));
  for (const file of readdirSync(join(cwd, 'data'))) {
    assert.ok(!readFileSync(join(cwd, 'data', file), 'latin1').includes(secret), `${file} holds the secret`);
  }
  const host = jsonOf<{ ipv4: string }>(await runHere(['host', 'show', 'home.dyn.test', '--json'], { cwd }));
  assert.equal(host.ipv4, '203.0.113.7');
});

test('a quickstart on data that exist adds nothing', async (t) => {
  const cwd = newDirectory(t);
  jsonOf(await runHere(['zone', 'add', 'own.test', '--json'], { cwd }));
  const server = await startServer(t, 'quickstart', { cwd });
  assert.ok(!server.stdout().includes('curl'));
  await server.stop();
  const zones = jsonOf<{ apex: string }[]>(await runHere(['zone', 'list', '--json'], { cwd }));
  assert.deepEqual(
    zones.map(({ apex }) => apex),
    ['own.test'],
  );
  assert.deepEqual(jsonOf(await runHere(['token', 'list', '--json'], { cwd })), []);
});

test('regression: SIGTERM to npm ends the server, too, and its log ends with "stopped"', async (t) => {
  const data = join(newDirectory(t), 'data');
  const { start } = (
    JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { start: string } }
  ).scripts;
  // As npm runs it: through a shell, whose process the signal goes to.
  const args = ['--data', data, '--http', '127.0.0.1:0', '--dns', '127.0.0.1:0'];
  const child = spawn('/bin/sh', ['-c', `${start} "$@"`, 'sh', ...args], {
    cwd: ROOT,
    env: {
      ...cleanEnvironment(),
      PATH: [join(ROOT, 'node_modules', '.bin'), process.env['PATH']].join(delimiter),
    },
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const closed = once(child, 'close');
  await once(child.stdout, 'data');
  assert.ok(existsSync(join(data, 'homing.lock')));
  child.kill('SIGTERM');
  assert.deepEqual(await closed, [0, null], log);
  assert.match(log, /stopped \{"result":"clean"\}\n$/);
  assert.ok(!existsSync(join(data, 'homing.lock')));
});
