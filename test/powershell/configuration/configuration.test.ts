/** Configuration, JSON, durations and secrets of the module. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { buildHost, quote, startEngine } from '../engine.ts';

const host = await buildHost();
const skip = 'skip' in host ? host.skip : false;
const folder = mkdtempSync(join(tmpdir(), 'homing-configuration-'));
const config = join(folder, 'agent.json');
const engine =
  'path' in host
    ? await startEngine(host.path, {
        HOMING_AGENT_ENVIRONMENT: 'branch',
        HOMING_AGENT_SERVERS__HOME__USER: 'bob',
        HOMING_AGENT_SERVERS__HOME__SECRET__ENV: 'PATH',
        HOMING_AGENT_JITTER: '0.25',
      })
    : undefined;
after(async () => {
  await engine?.close();
  rmSync(folder, { recursive: true, force: true });
});

const valid = {
  servers: { home: { url: 'https://ddns.example.org', user: 'alice', secret: { env: 'PATH' } } },
  hosts: [{ name: 'PC.dyn.example.org.' }],
};

async function faults(document: unknown): Promise<string[]> {
  writeFileSync(config, typeof document === 'string' ? document : JSON.stringify(document));
  return (await engine!.ask(`, @((Read-HomingConfiguration ${quote(config)}).Faults)`)) as string[];
}

test('A-5.1: layers lie over each other: file, file of the environment, variables', { skip }, async () => {
  writeFileSync(
    join(folder, 'agent.branch.json'),
    JSON.stringify({ interval: '1m', servers: { home: { path: '/up' } } }),
  );
  assert.deepEqual(await faults({ ...valid, interval: '10m' }), []);
  const read = await engine!
    .ask(`$v = (Read-HomingConfiguration ${quote(config)}).Value; $s = $v.Servers['home']
    @{ interval = $v.Interval; jitter = $v.Jitter; user = $s.User; path = $s.Path; secret = $s.Secret; host = $v.Hosts[0].Name; refresh = $v.Refresh
      quorum = $v.Hosts[0].Detect.ipv4.Quorum; sources = @($v.Hosts[0].Detect.ipv6.Sources | ForEach-Object { $_.Text }) }`);
  assert.deepEqual(read, {
    interval: 60_000,
    jitter: 0.25,
    user: 'bob',
    path: '/up',
    secret: { env: 'PATH' },
    host: 'pc.dyn.example.org',
    refresh: 24 * 86_400_000,
    quorum: 2,
    sources: ['server', 'https://api6.ipify.org', 'https://ipv6.icanhazip.com'],
  });
  const named = (name: string): Promise<readonly string[]> =>
    engine!.run(`[Environment]::SetEnvironmentVariable('HOMING_AGENT_ENVIRONMENT', ${quote(name)})
      (Test-HomingConfiguration ${quote(config)}).Faults`);
  assert.deepEqual(await named('../branch'), [
    "HOMING_AGENT_ENVIRONMENT is '../branch'; a name of letters, digits, - and _ is expected",
  ]);
  assert.deepEqual(await named('branch'), []);
});

test(
  'A-5.1: YAML and JSON by the ending; agent.yaml goes before agent.json; neighbours are told',
  { skip },
  async () => {
    const place = (name: string): string => join(folder, 'yaml', name);
    mkdirSync(join(folder, 'yaml'));
    const select = `Select-HomingConfigurationFile ${quote(join(folder, 'yaml'))}`;
    assert.equal(await engine!.ask(select), place('agent.json'));
    writeFileSync(place('agent.json'), JSON.stringify(valid));
    assert.equal(await engine!.ask(select), place('agent.json'));
    writeFileSync(place('agent.yaml'), stringify({ ...valid, interval: '10m', refresh: '2d' }));
    assert.equal(await engine!.ask(select), place('agent.yaml'));
    writeFileSync(
      place('agent.branch.yaml'),
      'interval: 1m\nservers:\n  home:\n    path: /yaml\n    user:\n',
    );
    writeFileSync(place('agent.branch.yml'), 'servers: { home: { path: /yml } }\n');
    writeFileSync(place('agent.branch.json'), '{"jitter":0.5}');
    const read = await engine!.ask(`$r = Read-HomingConfiguration ${quote(place('agent.yaml'))}; $v = $r.Value
    @{ faults = $r.Faults; ignored = $r.Ignored; interval = $v.Interval; jitter = $v.Jitter; refresh = $v.Refresh; path = $v.Servers['home'].Path; user = $v.Servers['home'].User
      default = @($v.Hosts[0].Detect.ipv4.ByDefault) }`);
    assert.deepEqual(read, {
      faults: [],
      ignored: [place('agent.json')],
      interval: 60_000,
      jitter: 0.25,
      refresh: 2 * 86_400_000,
      path: '/yml',
      user: 'bob',
      default: [true],
    });
    const checked = await engine!.try(`Test-HomingConfiguration ${quote(place('agent.yaml'))}`);
    assert.deepEqual(checked.warnings, [`${place('agent.json')} is not used: ${place('agent.yaml')} is.`]);
    writeFileSync(place('agent.branch.yml'), 'servers:\n  home: &x { secret: geheim }\n');
    assert.deepEqual(
      await engine!.ask(`, @((Read-HomingConfiguration ${quote(place('agent.yaml'))}).Faults)`),
      [`${place('agent.branch.yml')}: line 2: an anchor (&): write the value again where it is needed`],
    );
    const missing = await engine!.ask(`(Read-HomingConfiguration ${quote(place('agent.yml'))}).Faults[0]`);
    assert.match(String(missing), /agent\.yml is not there; did you mean .*agent\.yaml\?/);
  },
);

test("A-1.8: sources or a quorum of one's own replace the rule of the defaults", { skip }, async () => {
  const of = async (ipv4: unknown, own: boolean): Promise<unknown> => {
    const more = own ? { hosts: [{ name: 'a.example.org', detect: { ipv4 } }] } : { detect: { ipv4 } };
    assert.deepEqual(await faults({ ...valid, ...more }), []);
    return engine!.ask(
      `$d = (Read-HomingConfiguration ${quote(config)}).Value.Hosts[0].Detect; , @($d.ipv4.ByDefault, $d.ipv6.ByDefault)`,
    );
  };
  for (const own of [true, false]) {
    assert.deepEqual(await of({ timeout: '2s' }, own), [true, true]);
    assert.deepEqual(await of({ quorum: 2 }, own), [false, true]);
    assert.deepEqual(await of({ sources: ['server', 'https://api.ipify.org'] }, own), [false, true]);
  }
});

test('a configuration is written as its ending says, and what is written is read', { skip }, async () => {
  for (const [name, read] of [
    ['new.yaml', (text: string): unknown => parse(text)],
    ['new.json', (text: string): unknown => JSON.parse(text)],
  ] as const) {
    const path = join(folder, name);
    await engine!.run(
      `New-HomingConfiguration -Path ${quote(path)} -Server https://ddns.example.org -User '1' -HostName a.example.org, b.example.org -AllowHttp`,
    );
    const text = readFileSync(path, 'utf8');
    const expected = {
      servers: {
        home: { url: 'https://ddns.example.org', user: '1', allowHttp: true, secret: { file: 'home.token' } },
      },
      hosts: [{ name: 'a.example.org' }, { name: 'b.example.org' }],
    };
    assert.deepEqual(read(text), expected, text);
    assert.deepEqual(await engine!.ask(`Read-HomingDocument ${quote(path)}`), expected);
  }
  // Keys and values that would be something else without quotes.
  const odd = { a: { b: [1, [], {}, [2], { c: null, d: {} }], 'x: y': '#', null: 'true', 'é\n': [] }, e: '' };
  const text = (await engine!.ask(
    `[string]::Join("\`n", @(Format-HomingYaml (ConvertFrom-HomingJson ${quote(JSON.stringify(odd))}) ''))`,
  )) as string;
  assert.deepEqual(parse(text), odd);
  assert.deepEqual(await engine!.ask(`ConvertFrom-HomingYaml ${quote(text)}`), odd);
});

test('A-5.3: every fault at once, with its path and the nearest word', { skip }, async () => {
  const found = await faults({
    intervall: '5m',
    refresh: '1h',
    startSpread: '1h',
    servers: {
      home: { url: 'https://ddns.example.org/path', secret: { env: 'X' }, conectTimeout: '5s' },
      other: { url: 'http://ddns.example.org', secret: { enf: 'X' }, user: 'a:b' },
    },
    hosts: [
      { name: 'pc' },
      { name: 'a.example.org', server: 'hom', ipv4: 'yes' },
      { name: 'b.example.org', server: 'other', ipv4: false, ipv6: false },
    ],
    detect: {
      ipv4: { quorum: 3, sources: ['server', 'server', 'stunn:x'] },
      ipv6: { quorum: 2, sources: ['interface'] },
    },
    log: { maxSize: '10 MB', level: 'loud' },
  });
  const expected = [
    /^intervall: .*did you mean 'interval'\?/,
    /^refresh: from 1 d|^refresh: from 24 h/,
    /^startSpread: /,
    /^servers\.home\.url: /,
    /^servers\.other\.secret: .*did you mean 'env'/,
    /^servers\.home\.conectTimeout: .*did you mean 'connectTimeout'/,
    /^servers\.other\.user: /,
    /^servers\.other\.url: over http:/,
    /^hosts\[0\]\.name: a whole host name/,
    /^hosts\[1\]\.server: there is no server 'hom'; did you mean 'home'/,
    /^hosts\[1\]\.ipv4: true or false/,
    /^hosts\[2\]: ipv4 and ipv6 are both/,
    /^detect\.ipv4\.sources: 'stunn:x' is none of/,
    /^detect\.ipv6\.quorum: 2 cannot be reached with 1 source$/,
    /^log\.maxSize: /,
    /^log\.level: /,
  ];
  for (const pattern of expected)
    assert.ok(
      found.some((line) => pattern.test(line)),
      `${pattern} in\n${found.join('\n')}`,
    );
  assert.ok(!found.join().includes('System.'), found.join('\n'));
});

test('JSON is taken strictly, and a fault is told by line and column', { skip }, async () => {
  assert.match((await faults('{\n  "a": 1,\n  "a": 2\n}')).join(), /line 3, column \d+: 'a' is there twice/);
  for (const text of [
    '',
    '{',
    '[1,]',
    '{"a":01}',
    '{"a":1}x',
    "{'a':1}",
    '{"a":"\t"}',
    '// x\n{}',
    '"\\x"',
    '[1 2]',
    'nul',
    '{"a" 1}',
    '['.repeat(50),
  ])
    assert.match((await faults(text)).join(), /line \d+, column \d+/, text);
  const text = '{"z":[1,-2.5e3,true,null,"\\ud83d\\ude00\\"\\\\/\\n"],"A":{},"a":[]}';
  const back = await engine!.ask(`, (ConvertFrom-HomingJson ${quote(text)})`);
  assert.deepEqual(back, JSON.parse(text));
  assert.deepEqual(Object.keys(back as object), ['z', 'A', 'a']);
});

test(
  'A-6.1: on Windows a secret in the clear is refused with the command that protects it',
  { skip },
  async (t) => {
    t.after(() => engine!.run('& (Get-Module Homing) { $script:HomingPlatform.Windows = $false }'));
    await engine!.run('& (Get-Module Homing) { $script:HomingPlatform.Windows = $true }');
    const words = await engine!.ask(
      `@{ text = (Test-HomingSecretShape 'abc'); file = (Read-HomingSecretFile ${quote(config)}).Words }`,
    );
    assert.match((words as { text: string }).text, /Protect-HomingSecret/);
    assert.match((words as { file: string }).file, /in the clear; protect it: Protect-HomingSecret -Path/);
  },
);

test(
  'A-4.2: a fingerprint changes with the secret and the configuration, and holds neither',
  { skip },
  async () => {
    const prints = (await engine!.ask(`
    $h = @{ Name = 'a.example'; Families = @('ipv4'); AllowPrivate = $false }
    $s = @{ Url = [uri] 'https://s.example'; Path = '/nic/update'; User = 'u'; Families = 'together' }
    $salt = [Convert]::ToBase64String([byte[]] (1..16))
    , @((Get-HomingFingerprint $h $s 'secret' $salt), (Get-HomingFingerprint $h $s 'secret' $salt), (Get-HomingFingerprint $h $s 'other' $salt), $(($s.User = 'v'); Get-HomingFingerprint $h $s 'secret' $salt))`)) as string[];
    const [a, b, c, d] = prints.filter((text) => text !== 'v');
    assert.equal(a, b);
    assert.equal(new Set([a, c, d]).size, 3);
  },
);
