/** The serving process: what it refuses to start on, what it takes up while it runs, and how it ends. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { askUdp } from '../dns/client.ts';
import { decode, opt, query } from '../dns/message.ts';
import { jsonOf, newDirectory, runHere, runProcess, startServer } from './homing-process.ts';

interface Status {
  readonly pid: number;
  readonly http: string[];
  readonly dns: string[];
  readonly dnsLane: string;
  readonly healthy: boolean;
}

test('a second server on the same data refuses and names the first', async (t) => {
  const cwd = newDirectory(t);
  const first = await startServer(t, 'serve', { cwd });
  const second = await runProcess(
    ['serve', '--http', '127.0.0.1:0', '--dns', '127.0.0.1:0', '--log-level', 'silent'],
    { cwd },
  );
  assert.equal(second.code, 4);
  assert.match(second.stderr, new RegExp(`^homing: .*\\b${first.pid}\\b.*\\n$`));
  const status = jsonOf<Status>(await runHere(['status', '--json'], { cwd }));
  assert.deepEqual([status.pid, status.healthy, `http://${status.http[0]}`], [first.pid, true, first.http]);
  assert.match(status.dnsLane, /^(batched sockets|node:dgram)/);
  const shown = (await runHere(['status'], { cwd })).stdout;
  assert.ok(shown.includes(`dns over UDP  ${status.dnsLane}\n`), shown);
  const page = await (await fetch(first.http)).text();
  assert.match(page, /<dt>DNS over UDP<\/dt>\s*<dd>(batched sockets|node)/);
});

test('a taken port gives one line with the port and the setting, and nothing stays behind', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  t.after(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  for (const [own, setting, other] of [
    ['--http', 'http.listen', '--dns'],
    ['--dns', 'dns.listen', '--http'],
  ] as const) {
    const cwd = newDirectory(t);
    const args = ['quickstart', own, `127.0.0.1:${port}`, other, '127.0.0.1:0', '--log-level', 'silent'];
    const { code, stdout, stderr } = await runProcess(args, { cwd });
    assert.equal(code, 4);
    assert.equal(
      stderr,
      `homing: 127.0.0.1:${port} is taken by another program (setting ${setting}; try ${own} 127.0.0.1:${port + 1})\n`,
    );
    assert.equal(stdout, '', 'a token is made and printed only by a start that serves');
    assert.deepEqual(jsonOf(await runHere(['token', 'list', '--json'], { cwd })), []);
  }
});

test('an address that is not of this machine gives one line', async (t) => {
  const args = ['serve', '--http', '192.0.2.1:8080', '--dns', '127.0.0.1:0', '--log-level', 'silent'];
  const { code, stderr } = await runProcess(args, { cwd: newDirectory(t) });
  assert.equal(code, 4);
  assert.equal(stderr, 'homing: 192.0.2.1:8080 is not an address of this machine (setting http.listen)\n');
});

test('an invalid configuration is refused with every problem before anything is touched', async (t) => {
  const cwd = newDirectory(t);
  writeFileSync(join(cwd, 'homing.yaml'), 'htp: { listen: x }\nlog: { level: loud }\n');
  const { code, stderr } = await runProcess(['serve'], { cwd });
  assert.equal(code, 5);
  assert.match(
    stderr,
    /^homing: the configuration is not valid: \n {2}homing\.yaml:1: unknown setting htp \(nearest match: http\)\n {2}homing\.yaml:2: log\.level must be one of .*, not "loud"\n$/,
  );
  assert.throws(() => statSync(join(cwd, 'data')));
});

test('check-config shows what is in force and where it came from', async (t) => {
  const cwd = newDirectory(t);
  writeFileSync(join(cwd, 'homing.yaml'), 'bootstrap: { account: root, password: hunter2hunter2 }\n');
  const result = await runHere(['check-config', '--json', '--http', '127.0.0.1:1', '--http', '[::1]:1'], {
    cwd,
  });
  const { settings } = jsonOf<{ settings: { key: string; value: unknown; origin: string }[] }>(result);
  const of = (key: string) => settings.find((setting) => setting.key === key);
  assert.deepEqual(of('http.listen'), {
    key: 'http.listen',
    value: ['127.0.0.1:1', '[::1]:1'],
    origin: '--http',
  });
  assert.deepEqual(of('bootstrap.password'), {
    key: 'bootstrap.password',
    value: '********',
    origin: 'homing.yaml:1',
  });
  const table = await runHere(['check-config'], { cwd });
  assert.match(table.stdout, /^SETTING +VALUE +FROM\ndata +\.\/data +default$/m);
  assert.ok(!table.stdout.includes('hunter2') && !result.stdout.includes('hunter2'));
  writeFileSync(join(cwd, 'homing.yaml'), 'x: 1\n');
  const bad = await runHere(['check-config', '--json'], { cwd });
  assert.equal(bad.code, 5);
  assert.equal((JSON.parse(bad.stdout) as { ok: boolean; problems: string[] }).problems.length, 1);
});

test('a changed file is taken up on SIGHUP; an invalid one is refused and the server goes on', async (t) => {
  const cwd = newDirectory(t);
  const path = join(cwd, 'homing.yaml');
  writeFileSync(path, 'log: { level: info }\n');
  const server = await startServer(t, 'serve', { cwd });
  const seen = async (header: string): Promise<string> =>
    (await (await fetch(`${server.http}/ip`, { headers: { 'x-forwarded-for': header } })).text()).trim();
  assert.equal(await seen('192.0.2.9'), '127.0.0.1');
  writeFileSync(path, 'http: { trustedProxies: [127.0.0.1] }\nupdates: { queueLimit: 5 }\n');
  process.kill(server.pid, 'SIGHUP');
  await server.logged(/"settings":\["http\.trustedProxies"\],"msg":"the new configuration is in force"/);
  await server.logged(
    /"settings":\["updates\.queueLimit"\],"msg":"these settings take effect at the next start"/,
  );
  assert.equal(await seen('192.0.2.9'), '192.0.2.9');
  writeFileSync(path, 'http: { trustedProxies: [] , listn: 1 }\n');
  await server.logged(/"level":"error".*unknown setting http\.listn.*refused/);
  assert.equal(await seen('192.0.2.9'), '192.0.2.9');
  assert.equal((await server.stop()).code, 0);
});

test('answers over UDP are limited as it is set, about the server is said what is set, and limits change on SIGHUP', async (t) => {
  const cwd = newDirectory(t);
  const file = join(cwd, 'homing.yaml');
  const fixed = 'dns:\n  identity: ns7.example\n  version: Homing\n';
  writeFileSync(file, `${fixed}  rrl: { rate: 1, burstSeconds: 3, slip: 0, exempt: [] }\n`);
  const server = await startServer(t, 'serve', { cwd });
  const text = async (name: string): Promise<string> =>
    (await askUdp(server.dnsPort, query(name, 'TXT', { class: 3 })))!.toString('latin1');
  assert.match(await text('id.server'), /ns7\.example$/);
  assert.match(await text('version.bind'), /Homing$/);

  const cookie = opt({ options: [[10, Buffer.alloc(8)]] });
  const refused = query('elsewhere.test', 'A', { opt: cookie });
  const flood = async (): Promise<(Buffer | undefined)[]> => {
    const asked = Array.from({ length: 10 }, () => askUdp(server.dnsPort, refused, { ms: 500 }));
    return (await Promise.all(asked)).filter((answer) => answer !== undefined);
  };
  const answers = await flood();
  assert.ok(answers.length >= 3 && answers.length <= 5, `${answers.length} of 10`);
  assert.equal(decode(answers[0]).opt!.options.find(({ code }) => code === 10)!.data.length, 24);
  await server.logged(
    /a network is rate limited.*127\.0\.0\.0\/24|127\.0\.0\.0\/24.*a network is rate limited/,
  );

  writeFileSync(file, `${fixed}  rrl: { rate: 0 }\n`);
  process.kill(server.pid, 'SIGHUP');
  await server.logged(/"settings":\["dns\.rrl\.rate".*the new configuration is in force/);
  assert.equal((await flood()).length, 10);
});

test('the first administrator comes from the configuration, once, and its password is in no log', async (t) => {
  const cwd = newDirectory(t);
  writeFileSync(join(cwd, 'password'), 'correct horse battery\n');
  const env = {
    HOMING_BOOTSTRAP_ACCOUNT: 'root',
    HOMING_BOOTSTRAP_PASSWORD_FILE: 'password',
    HOMING_PASSWORDS_COST: '10',
  };
  const server = await startServer(t, 'serve', { cwd, env, args: ['--log-level', 'trace'] });
  jsonOf(await runHere(['zone', 'add', 'dyn.example', '--json'], { cwd }));
  jsonOf(await runHere(['host', 'add', 'a.dyn.example', '--account', 'root', '--json'], { cwd }));
  const headers = { authorization: `Basic ${Buffer.from('root:correct horse battery').toString('base64')}` };
  const reply = await fetch(`${server.http}/nic/update?hostname=a.dyn.example&myip=192.0.2.7`, { headers });
  assert.equal(await reply.text(), 'good 192.0.2.7\n');
  const { stderr } = await server.stop();
  assert.ok(!stderr.includes('correct horse'));
  const again = await startServer(t, 'serve', { cwd, env });
  assert.ok(!again.stderr().includes('first administrator'));
});

test('SIGTERM lets the request under way finish and ends with 0 within five seconds', async (t) => {
  const cwd = newDirectory(t);
  const server = await startServer(t, 'quickstart', { cwd });
  const secret = /home\.dyn\.test:([A-Za-z0-9]{24}) /.exec(server.stdout())![1]!;
  const { hostname, port } = new URL(server.http);
  const slow = connect(Number(port), hostname);
  const idle = connect(Number(port), hostname);
  t.after(() => {
    idle.destroy();
  });
  let answer = '';
  slow.on('data', (chunk) => (answer += chunk.toString()));
  const closed = new Promise((resolve) => slow.once('close', resolve));
  const authorization = `Basic ${Buffer.from(`home.dyn.test:${secret}`).toString('base64')}`;
  const body = 'hostname=home.dyn.test&myip=203.0.113.99';
  slow.write(
    `POST /nic/update HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`,
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  const from = performance.now();
  const ending = server.stop();
  await server.logged(/stopping/);
  slow.write(body.slice(10));
  await closed;
  assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*\r\n\r\ngood 203\.0\.113\.99\n$/);
  const { code } = await ending;
  assert.equal(code, 0);
  assert.ok(performance.now() - from < 5000);
  const host = jsonOf<{ ipv4: string }>(await runHere(['host', 'show', 'home.dyn.test', '--json'], { cwd }));
  assert.equal(host.ipv4, '203.0.113.99');
});

test('after SIGKILL the next start takes over what is left and serves what was acknowledged', async (t) => {
  const cwd = newDirectory(t);
  const first = await startServer(t, 'serve', { cwd });
  jsonOf(await runHere(['zone', 'add', 'dyn.example', '--json'], { cwd }));
  await first.stop('SIGKILL');
  assert.ok(statSync(join(cwd, 'data', 'control.sock')).isSocket());
  const { code } = await runHere(['status'], { cwd });
  assert.equal(code, 4);
  jsonOf(await runHere(['account', 'add', 'anna', '--json'], { cwd }));
  await startServer(t, 'serve', { cwd });
  const zones = jsonOf<{ apex: string }[]>(await runHere(['zone', 'list', '--json'], { cwd }));
  assert.deepEqual(
    zones.map(({ apex }) => apex),
    ['dyn.example'],
  );
});

test('a backup of the running server verifies, and is restored into an empty directory only', async (t) => {
  const cwd = newDirectory(t);
  const server = await startServer(t, 'serve', { cwd });
  for (const line of [
    'zone add dyn.example --accept any',
    'account add anna',
    'host add a.dyn.example --account anna',
    'host set a.dyn.example 192.0.2.1',
  ]) {
    jsonOf(await runHere([...line.split(' '), '--json'], { cwd }));
  }
  const file = join(cwd, 'backup.json');
  const backup = jsonOf<{ file: string; bytes: number }>(
    await runHere(['store', 'backup', file, '--json'], { cwd }),
  );
  assert.equal(backup.bytes, statSync(file).size);
  const live = jsonOf<{ ok: boolean; heldBy: number }>(await runHere(['store', 'verify', '--json'], { cwd }));
  assert.deepEqual([live.ok, live.heldBy], [true, server.pid]);
  const onto = await runHere(['store', 'restore', file], { cwd });
  assert.equal(onto.code, 4);
  assert.match(onto.stderr, new RegExp(`^homing: .*${server.pid}`));
  await server.stop();

  const restored = jsonOf<{ counts: { hosts: number } }>(
    await runHere(['store', 'restore', file, '--data', 'other', '--json'], { cwd }),
  );
  assert.equal(restored.counts.hosts, 1);
  const [before, after] = await Promise.all(
    ['data', 'other'].map(async (data) =>
      jsonOf<{ serial: number }>(
        await runHere(['zone', 'show', 'dyn.example', '--data', data, '--json'], { cwd }),
      ),
    ),
  );
  assert.ok(after!.serial > before!.serial);
  assert.equal((await runHere(['store', 'verify', '--data', 'other'], { cwd })).code, 0);
  const text = readFileSync(join(cwd, 'other', 'snapshot.json'), 'latin1');
  writeFileSync(join(cwd, 'other', 'snapshot.json'), text.replace('192.0.2.1', '192.0.2.2'));
  for (const name of ['journal-00000001.log']) rmSync(join(cwd, 'other', name), { force: true });
  const damaged = await runHere(['store', 'verify', '--data', 'other', '--json'], { cwd });
  assert.equal(damaged.code, 1, damaged.stdout);
});
