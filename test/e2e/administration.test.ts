/** Administration does the same, prints the same and exits the same with and without a running server. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { jsonOf, newDirectory, runHere, runProcess, startServer } from './homing-process.ts';

interface Step {
  readonly args: string;
  readonly stdin?: string;
  readonly code?: number;
}

/** A life of a zone, with every command and every kind of refusal. */
const SCRIPT: readonly Step[] = [
  {
    args: 'zone add dyn.example --ns ns1.dyn.example --ns ns2.example.net --address ns1.dyn.example=9.9.9.10 --accept public',
  },
  { args: 'zone add dyn.example', code: 6 },
  { args: 'zone add not..a..name', code: 2 },
  { args: 'zone add home.example --accept any' },
  { args: 'zone list' },
  { args: 'account add Anna --admin --password-stdin', stdin: 'correct horse battery\nsecond line\n' },
  { args: 'account add garage' },
  { args: 'account add garage', code: 6 },
  { args: 'account add bad:name', code: 2 },
  { args: 'account passwd anna --password-stdin', stdin: 'another horse battery' },
  { args: 'account passwd nobody --password-stdin', stdin: 'another horse battery', code: 3 },
  { args: 'account passwd anna', code: 2 },
  { args: 'account passwd anna --password-stdin', stdin: '\n', code: 2 },
  { args: 'account list' },
  { args: 'host add home.dyn.example --account anna' },
  { args: 'host add nas.home.example --account garage --ttl 300 --wildcard' },
  { args: 'host add home.dyn.example --account anna', code: 6 },
  { args: 'host add home.other.example --account anna', code: 3 },
  { args: 'host add x.dyn.example --account nobody', code: 3 },
  { args: 'host set home.dyn.example 9.9.9.9 2620:fe::fe' },
  { args: 'host set home.dyn.example 9.9.9.9' },
  { args: 'host set home.dyn.example 192.168.1.1', code: 1 },
  { args: 'host set home.dyn.example 9.9.9', code: 2 },
  { args: 'host set nas.home.example 192.168.1.1' },
  { args: 'host set nas.home.example none' },
  { args: 'host block home.dyn.example' },
  { args: 'host block home.dyn.example' },
  { args: 'host block gone.dyn.example', code: 3 },
  { args: 'host set home.dyn.example 9.9.9.11' },
  { args: 'host list' },
  { args: 'host unblock home.dyn.example' },
  { args: 'host unblock home.dyn.example' },
  { args: 'host unblock no..name', code: 3 },
  { args: 'host list --account garage' },
  { args: 'host show home.dyn.example' },
  { args: 'host show gone.dyn.example', code: 3 },
  { args: 'host add tv.dyn.example --prefix-of home.dyn.example --mac 00:11:32:12:34:56' },
  { args: 'host add tv2.dyn.example --prefix-of home.dyn.example', code: 2 },
  { args: 'host add tv2.dyn.example --prefix-of gone.dyn.example --mac 00:11:32:12:34:56', code: 3 },
  {
    args: 'host add tv2.dyn.example --account garage --prefix-of home.dyn.example --interface-id ::1',
    code: 1,
  },
  { args: 'host set tv.dyn.example --subnet 3 --interface-id ::7' },
  { args: 'host set tv.dyn.example --subnet 3' },
  { args: 'host set tv.dyn.example', code: 2 },
  { args: 'host set tv.dyn.example --no-prefix-of --subnet 3', code: 2 },
  { args: 'host set tv.dyn.example 2620:fe::9', code: 1 },
  { args: 'host set tv.dyn.example 9.9.9.9' },
  { args: 'host show tv.dyn.example' },
  { args: 'host show home.dyn.example' },
  { args: 'host remove home.dyn.example', code: 1 },
  { args: 'host set tv.dyn.example --no-prefix-of' },
  { args: 'host remove tv.dyn.example' },
  { args: 'zone record set www.dyn.example CNAME home.dyn.example. --ttl 120' },
  { args: 'zone record set dyn.example MX 10,mail.example.net. 20,mail2.example.net.' },
  { args: 'zone record set dyn.example A 300.1.1.1', code: 2 },
  { args: 'zone record remove dyn.example MX 30,mail.example.net.', code: 3 },
  { args: 'zone record remove dyn.example MX 10,mail.example.net.' },
  { args: 'zone record remove www.dyn.example CNAME' },
  { args: 'zone record remove www.dyn.example CNAME', code: 3 },
  { args: 'zone show dyn.example' },
  { args: 'zone export dyn.example' },
  { args: 'zone import home.example FILE' },
  { args: 'zone show home.example' },
  { args: 'token add --account anna --host home.dyn.example --label my,router' },
  { args: 'token add --account garage' },
  { args: 'token add --account nobody', code: 3 },
  { args: 'token list' },
  { args: 'token list --account anna' },
  { args: 'token revoke nosuchtoken', code: 3 },
  { args: 'zone remove dyn.example', code: 1 },
  { args: 'host remove home.dyn.example' },
  { args: 'zone remove dyn.example' },
  { args: 'zone remove dyn.example', code: 3 },
  { args: 'account remove anna' },
  { args: 'account list' },
  { args: 'zone list' },
];

const ZONE_FILE = `$TTL 300
@ SOA ns1 hostmaster 1 300 60 86400 60
@ NS ns1
ns1 A 192.0.2.1
text TXT "a text" "of two strings"
`;

async function play(cwd: string, json: boolean): Promise<string[]> {
  const file = join(cwd, 'home.zone');
  writeFileSync(file, ZONE_FILE);
  const said: string[] = [];
  for (const { args, stdin, code = 0 } of SCRIPT) {
    // A comma stands for a blank within an argument.
    const words = args.split(' ').map((word) => (word === 'FILE' ? file : word.replaceAll(',', ' ')));
    const result = await runHere([...words, ...(json ? ['--json'] : [])], {
      cwd,
      ...(stdin === undefined ? {} : { stdin }),
    });
    assert.equal(result.code, code, `homing ${args}: ${result.stdout}${result.stderr}`);
    if (code === 0) assert.equal(result.stderr, '', args);
    else
      assert.match(
        result.stderr,
        json ? /^\{"error":\{"code":"[a-z-]+","message":".+"\}\}\n$/ : /^homing: .+\n$/,
        args,
      );
    said.push(`> ${args}\n${settle(result.stdout + result.stderr)}`);
  }
  return said;
}

/** Takes out what differs from run to run: serials (which become 1), times, ids and secrets. */
function settle(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/\b1[6-9]\d{8}\b/g, '1')
    .replace(/"id":"[a-z0-9]{10}"/g, '"id":"ID"')
    .replace(/^(id +)?[a-z0-9]{10}( |$)/gm, '$1ID$2')
    .replace(/\b[A-Za-z0-9]{24}\b/g, 'SECRET');
}

async function playBoth(t: TestContext, json: boolean): Promise<string[]> {
  const [offline, online] = [newDirectory(t), newDirectory(t)];
  const server = await startServer(t, 'serve', { cwd: online, env: { HOMING_PASSWORDS_COST: '10' } });
  writeFileSync(join(offline, 'homing.yaml'), 'passwords: { cost: 10 }\n');
  const [without, through] = [await play(offline, json), await play(online, json)];
  assert.deepEqual(through, without);
  assert.equal((await server.stop()).code, 0);
  return without;
}

test('for scripts: one line of JSON each, the same with and without a server', async (t) => {
  const said = await playBoth(t, true);
  const of = (args: string): string => said.find((text) => text.startsWith(`> ${args}`))!.split('\n')[1]!;
  assert.equal(of('token add --account garage'), '{"id":"ID","secret":"SECRET"}');
  const zone = JSON.parse(of('zone add dyn.example')) as object;
  assert.deepEqual(Object.keys(zone).sort(), ['accept', 'apex', 'hosts', 'records', 'serial', 'warnings']);
  assert.equal(
    (JSON.parse(of('host set home.dyn.example 9.9.9.9 2620')) as { ipv6: string }).ipv6,
    '2620:fe::fe',
  );
});

test('for people: aligned tables, the same with and without a server', async (t) => {
  const said = (await playBoth(t, false)).join('\n');
  assert.match(said, /^warning: .*ns1\.home\.example/m, 'a name server without an address is worth a word');
  assert.match(said, /^APEX +SERIAL +ACCEPT +HOSTS\ndyn\.example +1 +public +0$/m);
  assert.match(
    said,
    /^HOST +ACCOUNT +IPV4 +IPV6 +TTL +BLOCKED +PREFIX OF +CHANGED\nhome\.dyn\.example +anna +9\.9\.9\.11 +2620:fe::fe +60 +yes +- +TIME$/m,
  );
});

test('shows of a host on a prefix where its address comes from, and why it is old', async (t) => {
  const said = (await play(newDirectory(t), false)).join('\n');
  assert.match(
    said,
    /^prefix of +home\.dyn\.example\nsubnet +3\ninterface id +::7\nipv6 is old +home\.dyn\.example has/m,
  );
  assert.match(said, /^prefix for +tv\.dyn\.example$/m);
});

test('a token covers the hosts it was made for, as a device sees it', async (t) => {
  const cwd = newDirectory(t);
  const server = await startServer(t, 'serve', { cwd });
  const run = (line: string) => runHere([...line.split(' '), '--json'], { cwd });
  for (const line of [
    'zone add dyn.example --accept any',
    'account add anna',
    'host add a.dyn.example --account anna',
    'host add b.dyn.example --account anna',
  ]) {
    jsonOf(await run(line));
  }
  const one = jsonOf<{ id: string; secret: string }>(
    await run('token add --account anna --host a.dyn.example'),
  );
  const update = async (host: string): Promise<string> => {
    const headers = { authorization: `Basic ${Buffer.from(`anna:${one.secret}`).toString('base64')}` };
    return await (
      await fetch(`${server.http}/nic/update?hostname=${host}&myip=192.0.2.1`, { headers })
    ).text();
  };
  assert.equal(await update('a.dyn.example'), 'good 192.0.2.1\n');
  assert.equal(await update('b.dyn.example'), '!yours\n');
  jsonOf(await run(`token revoke ${one.id}`));
  assert.equal(await update('a.dyn.example'), 'badauth\n');
});

test('a command on a directory that is not there changes nothing', async (t) => {
  const cwd = newDirectory(t);
  writeFileSync(join(cwd, 'a-file'), '');
  for (const [command, data] of [
    ['host list', 'gone'],
    ['store verify', 'gone'],
    ['store backup x', 'gone'],
    ['host list', 'a-file'],
  ] as const) {
    const { code, stderr } = await runHere([...command.split(' '), '--data', data], { cwd });
    assert.equal(code, 3);
    assert.match(stderr, /^homing: there is no data directory .*: say --data DIR.*\n$/);
  }
  assert.ok(!existsSync(join(cwd, 'gone')));
});

test('commands at the same time wait for each other', async (t) => {
  const cwd = newDirectory(t);
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  jsonOf(await runHere(['zone', 'add', 'dyn.example', '--json'], { cwd }));
  const results = await Promise.all(
    names.map((name) => runHere(['account', 'add', name, '--json'], { cwd })),
  );
  for (const result of results) jsonOf(result);
  const accounts = jsonOf<{ name: string }[]>(await runHere(['account', 'list', '--json'], { cwd }));
  assert.deepEqual(accounts.map(({ name }) => name).sort(), names);
});

test('regression: with --json a usage error is one line of JSON, too', async (t) => {
  const cwd = newDirectory(t);
  for (const [args, message] of [
    ['zone lst --json', "unknown command 'lst' (Did you mean list?)"],
    ['zone list --jso --json', "unknown option '--jso' (Did you mean --json?)"],
    ['host add --account a --json', "missing required argument 'fqdn'"],
    ['host add a.example --json', "required option '--account <name>' not specified"],
    ['host list extra --json', "too many arguments for 'list'. Expected 0 arguments but got 1."],
  ] as const) {
    const { code, stdout, stderr } = await runHere(args.split(' '), { cwd });
    assert.deepEqual([code, stdout], [2, '']);
    assert.deepEqual(JSON.parse(stderr), { error: { code: 'usage', message } });
  }
});

test('as a process: exit codes, help, usage and version', async (t) => {
  const cwd = newDirectory(t);
  const help = await runProcess(['zone', 'record', 'set', '--help'], { cwd });
  assert.equal(help.code, 0);
  assert.match(help.stdout, /Usage: homing zone record set[\s\S]*Examples:/);
  const unknown = await runProcess(['zone', 'lst'], { cwd });
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /^homing: unknown command 'lst'\n\(Did you mean list\?\)/);
  const refused = await runProcess(['host', 'show', 'x.example'], { cwd });
  assert.deepEqual([refused.code, refused.stdout], [3, '']);
  const version = await runProcess(['--version'], { cwd });
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
  const password = await runProcess(['account', 'add', 'anna', '--password-stdin', '--json'], {
    cwd,
    stdin: 'correct horse\n',
  });
  assert.deepEqual([password.code, password.stderr], [0, '']);
});
