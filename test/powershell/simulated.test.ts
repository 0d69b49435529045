/** The agent over simulated hours: when it sends, how it waits, what ends a stop. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { buildHost, startEngine } from './engine.ts';
import { createWorld } from './simulated.ts';

const host = await buildHost();
const skip = 'skip' in host ? host.skip : false;
const engine = 'path' in host ? await startEngine(host.path, { HOMING_TEST_TOKEN: 'a-token' }) : undefined;
after(() => engine?.close());

test('A-2.1, A-4.3: rounds, a new address and an outage, over real sockets', { skip }, async (t) => {
  const world = await createWorld(t, engine!, { settings: { interval: '15m' } });
  await world.live(2 * 60);
  assert.equal(world.updates.length, 1, 'only the first round sends');
  assert.ok(world.looks.length >= 7 && world.looks.length <= 10, `${world.looks.length} looks in 2 h`);
  const steps = world.looks.slice(1).map((look, i) => look - world.looks[i]!);
  assert.ok(Math.min(...steps) >= 13.4 && Math.max(...steps) <= 16.6, 'jitter of a tenth');
  assert.ok(Math.max(...steps) - Math.min(...steps) > 0.1, 'and not none');

  // Two hours in which the server is in trouble, and a new address in the first minute of them.
  world.address = '8.8.8.8';
  const down = world.minute();
  const up = down + 120;
  world.reply = ({ minute }) =>
    minute < up ? { status: 503, body: '<html>' } : { status: 200, body: 'good' };
  await world.live(155);
  const during = world.updates.filter(({ minute }) => minute >= down && minute < up);
  assert.ok(during.length >= 5 && during.length <= 40, `${during.length} tries in 2 h`);
  const after = world.updates.filter(({ minute }) => minute >= up);
  assert.equal(after.length, 1, 'one that is taken, and then silence');
  assert.ok(after[0]!.minute <= up + 31, 'within one step of the back-off');
  const log = world.log();
  assert.deepEqual(log.filter(({ event }) => event === 'recovered').length, 1);
  assert.deepEqual(
    log
      .filter(({ event }) => event === 'failed')
      .map(({ attempt }) => attempt)
      .slice(0, 4),
    [0, 1, 2, 3],
  );
});

test('A-2.2: the file wake, which a service host makes, starts a round at once', { skip }, async (t) => {
  const world = await createWorld(t, engine!, { settings: { interval: '1d' } });
  const wake = join(world.folder, 'wake');
  await world.live(120, { 60: `[IO.File]::WriteAllText('${wake}', '')` });
  assert.equal(world.looks.length, 2);
  // The simulated machine looks around every 15 minutes; the spread after a resume is 10 s.
  assert.ok(world.looks[1]! >= 60 && world.looks[1]! < 75.2, String(world.looks[1]));
  assert.ok(!existsSync(wake));
});

test('A-4.6: at most four requests run at one server', { skip }, async (t) => {
  const names = Array.from({ length: 9 }, (_, i) => `h${i}.example.org`);
  const world = await createWorld(t, engine!, { hosts: names });
  world.configure({
    servers: {
      home: {
        url: `http://127.0.0.1:${world.server.port}`,
        secret: { env: 'HOMING_TEST_TOKEN' },
        dns: [],
        requestTimeout: '3s',
      },
    },
    hosts: names.map((name) => ({ name, ipv6: false })),
    detect: { ipv4: { sources: ['server'] } },
  });
  const times: number[] = [];
  world.reply = () => {
    times.push(performance.now());
    return { silent: true };
  };
  await world.live(0.05);
  assert.ok(times.length > 4, `${times.length} requests`);
  const [first, fourth, fifth] = [times[0]!, times[3]!, times[4]!];
  assert.ok(fifth - first > 2000, `the fifth ${fifth - first} ms after the first, whose time is 3 s`);
  assert.ok(fourth - first < fifth - fourth, 'four at once');
});

test('A-4.2, A-6.3: a stop lasts until the secret changes, and -Force tries once', { skip }, async (t) => {
  const world = await createWorld(t, engine!);
  const token = join(world.folder, 'home.token');
  writeFileSync(token, 'old');
  chmodSync(token, 0o600);
  const home = { url: `http://127.0.0.1:${world.server.port}`, secret: { file: 'home.token' }, dns: [] };
  const hosts = ['a.example.org', 'b.example.org', 'c.example.org'].map((name) => ({ name, ipv6: false }));
  const document = { interval: '15m', servers: { home }, hosts, detect: { ipv4: { sources: ['server'] } } };
  world.configure(document);
  world.reply = () => ({ status: 200, body: 'badauth' });
  await world.live(600);
  assert.ok(world.updates.length <= 3, 'each host at most once in ten hours');
  const stopped = world.log().filter(({ event }) => event === 'stopped');
  assert.deepEqual(
    stopped.map(({ host }) => host).sort(),
    hosts.map(({ name }) => name),
    'A-4.2: badauth is for all',
  );
  assert.match(stopped[0]!.message, /token/);
  assert.ok(!readFileSync(join(world.folder, 'state.json'), 'utf8').includes('old"'));

  const count = world.updates.length;
  world.reply = ({ host }) => ({ status: 200, body: host.startsWith('b') ? 'nohost' : 'good' });
  writeFileSync(token, 'new');
  await world.live(30);
  assert.equal(world.updates.length, count + 3, 'all try again');
  assert.deepEqual(
    Object.entries(world.state().hosts).map(([key, { stop }]) => [
      key,
      (stop as { code?: string } | null)?.code,
    ]),
    [
      ['home/a.example.org', undefined],
      ['home/b.example.org', 'nohost'],
      ['home/c.example.org', undefined],
    ],
  );

  await world.live(300);
  assert.equal(world.updates.length, count + 3);
  const result = await world.engine.try(
    `Update-HomingHost -Path '${join(world.folder, 'agent.json')}' -Name b.example.org | ForEach-Object { $_.Outcome }`,
  );
  assert.deepEqual(result.output, ['stopped']);
  assert.equal(world.updates.length, count + 3);
  const forced = await world.engine.try(
    `'b.example.org' | Update-HomingHost -Path '${join(world.folder, 'agent.json')}' -Force | ForEach-Object { $_.Code }`,
  );
  assert.deepEqual(forced.output, ['nohost']);
  assert.equal(world.updates.length, count + 4);
});

test(
  'A-4.5: after five failures one host tries for all, and the rest follow spread out',
  { skip },
  async (t) => {
    const names = Array.from({ length: 12 }, (_, i) => `h${i}.example.org`);
    const world = await createWorld(t, engine!, { hosts: names, settings: { interval: '1h' } });
    const up = 300;
    world.reply = ({ minute }) => (minute < up ? { reset: 'request' } : { status: 200, body: 'good' });
    await world.live(360);
    const failed = world.updates.filter(({ minute }) => minute < up);
    // Four at a time are under way when the fifth failure comes; then one by one.
    assert.ok(
      failed.length >= 10 && failed.length <= 8 + 60,
      `${failed.length} tries for twelve hosts in 5 h`,
    );
    const late = failed.filter(({ minute }) => minute > 1);
    assert.equal(new Set(late.map(({ minute }) => minute)).size, late.length, 'never two at a time');
    const first = world.updates.find(({ minute }) => minute >= up)!;
    const rest = world.updates.filter((update) => update.minute >= up && update !== first);
    assert.ok(first.minute < up + 30);
    assert.deepEqual([first, ...rest].map(({ host }) => host).sort(), [...names].sort(), 'each once');
    const delays = rest.map(({ minute }) => (minute - first.minute) * 60);
    assert.ok(Math.max(...delays) <= 13 && new Set(delays).size > 5, `followed after ${delays.join(', ')} s`);
  },
);

test('A-4.4: Retry-After is kept to, over a restart as well', { skip }, async (t) => {
  const world = await createWorld(t, engine!);
  world.reply = () => ({ status: 429, headers: { 'retry-after': '7200' }, body: '' });
  await world.live(30);
  await world.engine.run(`. (Get-Module Homing) { $script:SimAgent = $null }`);
  await world.live(80);
  assert.equal(world.updates.length, 1);
  world.reply = () => ({ status: 200, body: 'good' });
  await world.live(40);
  assert.equal(world.updates.length, 2);
  assert.ok(
    world.updates[1]!.minute >= 120 && world.updates[1]!.minute < 151,
    String(world.updates[1]!.minute),
  );
});

test('A-4.6: a server that hangs delays only its own hosts; A-2.5: families apart', { skip }, async (t) => {
  const world = await createWorld(t, engine!);
  const url = `http://127.0.0.1:${world.server.port}`;
  const secret = { env: 'HOMING_TEST_TOKEN' };
  world.configure({
    servers: {
      slow: { url, path: '/slow', secret, dns: [], requestTimeout: '1s' },
      home: { url, secret, dns: [], families: 'apart' },
    },
    hosts: [
      { name: 'a.example.org', server: 'slow', ipv6: false },
      { name: 'b.example.org', server: 'home', detect: { ipv6: { sources: ['command:echo 2620:fe::9'] } } },
    ],
    detect: { ipv4: { sources: ['server'] } },
  });
  const ended: string[] = [];
  world.reply = ({ host, addresses }) => {
    ended.push(`${host} ${addresses}`);
    return host === 'a.example.org' ? { silent: true } : { status: 200, body: 'good' };
  };
  await world.live(0.5);
  assert.deepEqual(
    ended.filter((line) => line.startsWith('b')),
    ['b.example.org 9.9.9.9', 'b.example.org 2620:fe::9'],
  );
  const lines = world.log();
  const at = (name: string, event: string): number =>
    lines.findIndex((line) => line.host === name && line.event === event);
  assert.ok(
    at('b.example.org', 'changed') < at('a.example.org', 'failed'),
    'done before the other has failed',
  );
});

test(
  'A-5.4: a changed configuration is taken up, an invalid one is refused and said once',
  { skip },
  async (t) => {
    const world = await createWorld(t, engine!);
    const file = join(world.folder, 'agent.json');
    const valid = readFileSync(file, 'utf8');
    const changed = JSON.stringify({
      ...(JSON.parse(valid) as object),
      hosts: [
        { name: 'pc.dyn.example.org', ipv6: false },
        { name: 'new.dyn.example.org', ipv6: false },
      ],
    });
    await world.live(30, {
      3: `[IO.File]::WriteAllText('${file}', '{"servers":{}}')`,
      7: `[IO.File]::WriteAllText('${file}', '${changed}')`,
    });
    const events = world.log().map(({ event }) => event);
    assert.equal(events.filter((event) => event === 'refused').length, 1);
    assert.equal(events.filter((event) => event === 'reloaded').length, 1);
    assert.match(world.log().find(({ event }) => event === 'refused')!.message, /at least one server/);
    assert.deepEqual(
      world.updates.map(({ host }) => host),
      ['pc.dyn.example.org', 'new.dyn.example.org'],
      'what is acknowledged is not sent again',
    );
  },
);

test(
  'A-7.1, A-8: state that is damaged is set aside, the log rotates, traces tie lines',
  { skip },
  async (t) => {
    const world = await createWorld(t, engine!, {
      settings: { log: { level: 'debug', maxSize: '1kB', keep: 2 } },
    });
    writeFileSync(join(world.folder, 'state.json'), '{"version":1,');
    world.reply = () => ({ status: 200, body: 'nochg' });
    await world.live(1);
    assert.ok(existsSync(join(world.folder, 'state.json.damaged')));
    assert.match(world.log()[0]!.message, /set aside/);
    const line = world.log().find(({ event }) => event === 'changed')!;
    assert.match(line.trace!, /^[0-9a-f]{16}$/);
    assert.match(line.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(line.addresses, ['9.9.9.9']);
    world.address = 'a captive portal';
    await world.live(120);
    for (const name of ['agent.log', 'agent.log.1', 'agent.log.2'])
      assert.ok(existsSync(join(world.folder, name)), name);
    assert.ok(!existsSync(join(world.folder, 'agent.log.3')));
    const all = ['agent.log.2', 'agent.log.1', 'agent.log'].map((name) =>
      readFileSync(join(world.folder, name), 'utf8'),
    );
    assert.ok(all.join('').includes('"event":"undetected"'));
    assert.equal(world.updates.length, 1, 'A-1.7: left alone');
  },
);
