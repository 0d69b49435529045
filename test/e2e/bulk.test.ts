/** Many hosts at once, by the real program: with and without a server, all or nothing, and what a kill leaves. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { Resolver } from 'node:dns/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  cleanEnvironment,
  jsonOf,
  newDirectory,
  runHere,
  runProcess,
  startServer,
} from './homing-process.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

async function fleet(t: TestContext): Promise<string> {
  const cwd = newDirectory(t);
  jsonOf(await runHere(['zone', 'add', 'dyn.example', '--accept', 'any', '--json'], { cwd }));
  jsonOf(await runHere(['account', 'add', 'fleet', '--json'], { cwd }));
  return cwd;
}

/** A list of so many hosts, as CSV. */
function csvOf(count: number, prefix = 'h'): string {
  const lines = Array.from(
    { length: count },
    (_, i) => `${prefix}${i}.dyn.example,fleet,10.0.${i >> 8}.${i & 255}`,
  );
  return `fqdn,account,ipv4\n${lines.join('\n')}\n`;
}

for (const served of [false, true]) {
  test(`hosts and their tokens from files, ${served ? 'through a server' : 'without a server'}`, async (t) => {
    const cwd = await fleet(t);
    const server = served ? await startServer(t, 'serve', { cwd }) : undefined;
    writeFileSync(join(cwd, 'fleet.csv'), csvOf(2000));
    const imported = await runProcess(['host', 'import', 'fleet.csv', '--json'], { cwd });
    assert.deepEqual(jsonOf(imported), { added: 2000, updated: 0, unchanged: 0, skipped: 0 });

    const again = await runProcess(['host', 'import', 'fleet.csv'], { cwd });
    assert.equal(again.code, 6);
    assert.match(
      again.stderr,
      /^homing: line 2, fqdn: host h0\.dyn\.example exists already: --skip-existing/,
    );
    const bad = `${csvOf(900, 'new')}x.dyn.example,fleet,999.1.1.1\n`;
    const refused = await runProcess(['host', 'import', '-'], { cwd, stdin: bad });
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /^homing: line 902, ipv4: "999\.1\.1\.1" is not an IPv4 address; nothing was/,
    );
    assert.equal((await runHere(['host', 'show', 'new0.dyn.example'], { cwd })).code, 3);

    const lines =
      '{"fqdn":"h7.dyn.example","account":"fleet","ipv6":"fd00::7"}\n{"fqdn":"j.dyn.example","account":"fleet"}';
    const updated = await runHere(['host', 'import', '-', '--update-existing'], { cwd, stdin: lines });
    assert.equal(updated.stdout, '1 added, 1 updated, 0 unchanged, 0 skipped\n');
    const { ipv4, ipv6 } = jsonOf<{ ipv4: string; ipv6: string }>(
      await runHere(['host', 'show', 'h7.dyn.example', '--json'], { cwd }),
    );
    assert.deepEqual([ipv4, ipv6], ['10.0.0.7', 'fd00::7']);

    const made = await runProcess(
      ['token', 'add', '--for-hosts', 'fleet.csv', '--output', 'tokens.csv', '--json'],
      { cwd },
    );
    assert.deepEqual(jsonOf(made), { file: join(cwd, 'tokens.csv'), tokens: 2000, skipped: 0 });
    assert.equal(statSync(join(cwd, 'tokens.csv')).mode & 0o777, 0o600);
    const [head, first] = readFileSync(join(cwd, 'tokens.csv'), 'utf8').split('\n');
    assert.equal(head, 'fqdn,token');
    assert.match(first!, /^h0\.dyn\.example,[A-Za-z0-9]{24}$/);
    if (server !== undefined) await useToken(server.http, server.dnsPort, first!.split(',')[1]!);

    const taken = await runProcess(['token', 'add', '--for-hosts', 'fleet.csv', '--output', 'tokens.csv'], {
      cwd,
    });
    assert.equal(taken.code, 6);
    const rest = await runHere(['token', 'add', '--for-hosts', '-', '--skip-existing'], {
      cwd,
      stdin: 'h1.dyn.example\nj.dyn.example\n',
    });
    assert.match(rest.stdout, /^fqdn,token\nj\.dyn\.example,[A-Za-z0-9]{24}\n$/);
    assert.equal(rest.stderr, 'homing: made 1 tokens, left out 1 hosts that have one\n');
    const unknown = await runHere(['token', 'add', '--for-hosts', '-', '--output', join(cwd, 'none.csv')], {
      cwd,
      stdin: 'gone.dyn.example',
    });
    assert.deepEqual([unknown.code, existsSync(join(cwd, 'none.csv'))], [3, false]);
  });
}

/** The token of h0 updates h0, which DNS then answers, and not h1. */
async function useToken(http: string, dnsPort: number, token: string): Promise<void> {
  const update = async (host: string): Promise<string> => {
    const headers = { authorization: `Basic ${Buffer.from(`fleet:${token}`).toString('base64')}` };
    const response = await fetch(`${http}/nic/update?hostname=${host}&myip=10.9.9.9`, { headers });
    return (await response.text()).trim();
  };
  assert.equal(await update('h0.dyn.example'), 'good 10.9.9.9');
  assert.notEqual(await update('h1.dyn.example'), 'good 10.9.9.9');
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${dnsPort}`]);
  assert.deepEqual(await resolver.resolve4('h0.dyn.example'), ['10.9.9.9']);
  assert.deepEqual(await resolver.resolve4('h1999.dyn.example'), ['10.0.7.207']);
}

test('usage: what does not belong together is refused before anything is made', async (t) => {
  const cwd = await fleet(t);
  for (const [args, message] of [
    ['host import x.csv --skip-existing --update-existing', /not both/],
    ['token add --for-hosts x --account fleet', /cannot be used with/],
    ['token add', /required option '--account <name>' not specified/],
    ['token add --account fleet --output x', /belong to --for-hosts/],
  ] as const) {
    const { code, stderr } = await runHere(args.split(' '), { cwd });
    assert.equal(code, 2, args);
    assert.match(stderr, message);
  }
  const { code, stderr } = await runHere(['host', 'import', 'none.csv'], { cwd });
  assert.deepEqual([code, stderr.includes('cannot read none.csv')], [1, true]);
});

test('a server that is killed while it imports has all of the hosts afterwards, or none', async (t) => {
  const cwd = await fleet(t);
  const count = 20_000;
  const seen = new Set<number>();
  for (const [round, delay] of [0, 60, 120, 200, 300, 450].entries()) {
    const server = await startServer(t, 'serve', { cwd });
    const before = await hostCount(cwd);
    const client = spawn(process.execPath, [MAIN, 'host', 'import', '-', '--json'], {
      cwd,
      env: cleanEnvironment(),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let printed = '';
    client.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const closed = once(client, 'close');
    client.stdin.end(csvOf(count, `r${round}x`));
    await sent(server.pid, delay);
    await server.stop('SIGKILL');
    await closed;
    const added = (await hostCount(cwd)) - before;
    assert.ok(added === 0 || added === count, `${added} hosts of ${count}`);
    if (printed !== '') assert.equal(added, count, 'reported, so durable');
    seen.add(added);
  }
  t.diagnostic(`found ${[...seen].join(' and ')} of ${count} after the kills`);
  assert.match((await runHere(['store', 'verify'], { cwd })).stdout, /^whole/);
});

/** Waits until the server is busy with what it was sent (it has used a quarter second), and `delay` ms more. */
async function sent(pid: number, delay: number): Promise<void> {
  const ticks = (): number => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return Number(fields[11]) + Number(fields[12]);
  };
  if (existsSync(`/proc/${pid}/stat`)) for (const start = ticks(); ticks() - start < 25;) await sleep(5);
  await sleep(delay);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function hostCount(cwd: string): Promise<number> {
  const zones = jsonOf<{ hosts: number }[]>(await runHere(['zone', 'list', '--json'], { cwd }));
  return zones.reduce((sum, { hosts }) => sum + hosts, 0);
}

test('a long zone file goes through the control socket in parts', async (t) => {
  const cwd = await fleet(t);
  await startServer(t, 'serve', { cwd });
  const records = Array.from(
    { length: 40_000 },
    (_, i) => `s${i} 300 IN TXT "\u00fcber die Stra\u00dfe ${i}"`,
  );
  const file = [
    '$ORIGIN dyn.example.',
    '@ 300 IN SOA ns1 hostmaster 1 300 60 1209600 60',
    '@ 300 IN NS ns1.other.example.',
  ];
  writeFileSync(join(cwd, 'zone'), [...file, ...records].join('\n'));
  const imported = await runProcess(['zone', 'import', 'dyn.example', 'zone', '--json'], { cwd });
  assert.equal(jsonOf<{ records: number }>(imported).records, 40_002);
  const { text } = jsonOf<{ text: string }>(
    await runProcess(['zone', 'export', 'dyn.example', '--json'], { cwd }),
  );
  assert.match(text, /\ns39999\S*\s.*TXT\s+"\\195\\188ber die Stra\\195\\159e 39999"/);
});
