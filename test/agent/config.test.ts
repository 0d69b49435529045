/** The configuration: its layers, its checks, and that no fault tells a secret. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { AgentConfig } from '../../clients/agent/src/config/agent-config.ts';
import { mergeLayers, neighbours, readLayer } from '../../clients/agent/src/config/layers.ts';
import { checkDocument, describeFaults, loadConfig } from '../../clients/agent/src/config/load.ts';
import { parseDuration, parseSize } from '../../clients/agent/src/config/quantity.ts';
import { keysAt } from '../../clients/agent/src/config/schema.ts';
import { formatSource, parseSource } from '../../clients/agent/src/config/source-text.ts';
import { createPosix } from '../../clients/agent/src/platform/posix.ts';
import { readCases } from '../clients/scripted/reply.ts';

const SECRET = 'geheim-0123456789-token';

interface Document {
  [key: string]: unknown;
  servers: Record<string, Record<string, unknown>>;
  hosts: Record<string, unknown>[];
}

function document(change: (document: Document) => void = () => undefined): Document {
  const made: Document = {
    servers: { home: { url: 'https://ddns.example.org', user: 'alice', secret: SECRET } },
    hosts: [{ name: 'pc.dyn.example.org' }],
  };
  change(made);
  return made;
}

/** The faults of a document as text; empty where it is valid. */
function faultsOf(made: unknown, platform: NodeJS.Platform = 'linux'): string {
  const result = checkDocument(made, platform);
  return result.ok ? '' : describeFaults(result.faults);
}

function directoryOf(t: TestContext, files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'homing-agent-config-'));
  t.after(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(directory, name), text, { mode: 0o600 });
  return directory;
}

test('A-5.2 what is left out has the defaults of the table', () => {
  const result = checkDocument(document(), 'linux');
  assert.ok(result.ok);
  const { config } = result;
  assert.deepEqual(
    [config.intervalMs, config.refreshMs, config.startSpreadMs, config.jitter],
    [300_000, 24 * 86_400_000, 10_000, 0.1],
  );
  assert.deepEqual(config.log, { level: 'info', maxSizeOctets: 10_000_000, keep: 5 });
  const server = config.servers.get('home')!;
  assert.deepEqual(
    [
      server.path,
      server.proxy,
      server.connectTimeoutMs,
      server.requestTimeoutMs,
      server.families,
      server.dns,
    ],
    ['/nic/update', 'system', 10_000, 30_000, 'together', undefined],
  );
  const [host] = config.hosts;
  assert.deepEqual([host!.server, host!.allowPrivate], ['home', false]);
  assert.deepEqual(host!.detect.ipv4, {
    byDefault: true,
    quorum: 2,
    timeoutMs: 5000,
    sources: [
      { kind: 'server' },
      { kind: 'http', url: 'https://api.ipify.org/' },
      { kind: 'http', url: 'https://ipv4.icanhazip.com/' },
    ],
  });
  assert.equal(host!.detect.ipv6!.sources.length, 3);
});

test('A-5.3 each key is checked, and a key that does not exist is told with the nearest one', () => {
  const cases: readonly (readonly [(made: Document) => void, RegExp])[] = [
    [(made) => (made['intervall'] = '5m'), /^intervall does not exist \(nearest: interval\)$/m],
    [(made) => (made.servers['home']!['pasword'] = 'x'), /^servers\.home\.pasword does not exist/m],
    [(made) => (made.hosts[0]!['nmae'] = 'x'), /^hosts\.0\.nmae does not exist \(nearest: name\)$/m],
    [(made) => (made['interval'] = '29s'), /^interval is not between 30s and 1d$/m],
    [(made) => (made['interval'] = 300), /^interval is not a duration such as/m],
    [(made) => (made['refresh'] = '29d'), /^refresh is not between 1d and 28d$/m],
    [(made) => (made['startSpread'] = '11m'), /^startSpread is not between 0s and 10m$/m],
    [(made) => (made['jitter'] = 0.6), /^jitter is more than 0.5$/m],
    [(made) => (made['allowPrivate'] = 'yes'), /^allowPrivate is not true or false$/m],
    [(made) => delete made.servers['home']!['url'], /^servers\.home\.url is missing$/m],
    [(made) => (made.servers['home']!['url'] = 'https://a.example/x'), /^servers\.home\.url is not https/m],
    [(made) => (made.servers['home']!['url'] = 'http://a.example'), /^servers\.home\.url is http:/m],
    [(made) => (made.servers['home']!['path'] = 'nic'), /^servers\.home\.path is not a path/m],
    [(made) => delete made.servers['home']!['secret'], /^servers\.home\.secret is missing$/m],
    [(made) => (made.servers['home']!['secret'] = { envv: 'X' }), /^servers\.home\.secret is not one of/m],
    [(made) => (made.servers['home']!['secret'] = { dpapi: 'AAAA' }), /only Windows has/],
    [(made) => (made.servers['home']!['user'] = 7), /^servers\.home\.user is not text$/m],
    [(made) => (made.servers['home']!['proxy'] = 'ftp://x'), /^servers\.home\.proxy is not system, none/m],
    [(made) => (made.servers['home']!['clientKey'] = 'x'), /^servers\.home has only one of/m],
    [
      (made) => (made.servers['home']!['connectTimeout'] = '6m'),
      /^servers\.home\.connectTimeout is not between/m,
    ],
    [(made) => (made.servers['home']!['families'] = 'both'), /^servers\.home\.families is not together/m],
    [(made) => (made.servers['home']!['dns'] = ['a b']), /^servers\.home\.dns\.0 is not ADDRESS/m],
    [(made) => (made.servers = {}), /^servers names no server$/m],
    [(made) => (made.hosts = []), /^hosts names no host$/m],
    [(made) => (made.hosts[0]!['name'] = 'a..b'), /^hosts\.0\.name is not the name of a host$/m],
    [
      (made) => (made.hosts[0]!['server'] = 'hme'),
      /^hosts\.0\.server names no server: hme \(nearest: home\)$/m,
    ],
    [(made) => made.hosts.push({ name: 'PC.dyn.example.org.' }), /^hosts\.1 repeats the host/m],
    [(made) => (made.hosts[0] = { name: 'a', ipv4: false, ipv6: false }), /^hosts\.0 has both families/m],
    [
      (made) => (made['detect'] = { ipv4: { quorum: 4 } }),
      /^detect\.ipv4\.quorum is more than the 3 sources$/m,
    ],
    [
      (made) => (made['detect'] = { ipv4: { sources: ['sever'] } }),
      /^detect\.ipv4\.sources\.0 is not server/m,
    ],
    [(made) => (made['detect'] = { ipv4: { sources: [] } }), /^detect\.ipv4\.sources is empty$/m],
    [(made) => (made['detect'] = { ipv5: {} }), /^detect\.ipv5 does not exist \(nearest: ipv4\)$/m],
    [(made) => (made['log'] = { level: 'loud' }), /^log\.level is not debug, info, warn or error$/m],
    [(made) => (made['log'] = { maxSize: '10' }), /^log\.maxSize is not a size/m],
  ];
  for (const [change, expected] of cases) {
    const faults = faultsOf(document(change));
    assert.match(faults, expected);
    assert.ok(!faults.includes(SECRET), faults);
  }
  assert.equal(faultsOf(document()), '');
});

test('A-5.3 all faults are told at once', () => {
  const faults = faultsOf({
    intervall: '5m',
    servers: {
      home: { url: 'http://a.example', secret: '' },
      work: { url: 'https://b.example', secret: { env: 'X' } },
    },
    hosts: [{ name: 'a.example', server: 'wrok' }, { name: 'b.example' }],
  });
  assert.equal(faults.split('\n').length, 5, faults);
});

test('A-3.6 http: is for this machine, or where it is allowed', () => {
  for (const url of ['http://localhost:8080', 'http://127.0.0.1', 'http://[::1]:80'])
    assert.equal(faultsOf(document((made) => (made.servers['home']!['url'] = url))), '');
  const allowed = document((made) =>
    Object.assign(made.servers['home']!, { url: 'http://nas', allowHttp: true }),
  );
  assert.equal(faultsOf(allowed), '');
});

test('A-6.1 on Windows text is refused with the command that protects it', () => {
  assert.match(faultsOf(document(), 'win32'), /servers\.home\.secret is text.*homing-agent protect/);
  assert.equal(
    faultsOf(
      document((made) => (made.servers['home']!['secret'] = { dpapi: 'AAAA' })),
      'win32',
    ),
    '',
  );
});

test('A-5.1 the file of the environment lies over the file, and variables over both', (t) => {
  const directory = directoryOf(t, {
    'agent.yaml': `interval: 1m\njitter: 0.2\nservers: { Home: { url: "https://a.example", user: bob, secret: ${SECRET} } }\nhosts: [{ name: a.example }]\n`,
    'agent.test.json': '{ "interval": "2m", "hosts": [{ "name": "b.example" }] }',
  });
  const env = {
    HOMING_AGENT_ENVIRONMENT: 'test',
    HOMING_AGENT_SERVERS__HOME__USER: 'alice',
    HOMING_AGENT_STARTSPREAD: '0s',
    HOMING_AGENT_JITTER: '0.3',
    HOMING_AGENT_SERVERS__HOME__DNS: '["192.0.2.53:53"]',
    HOMING_OTHER: 'x',
  };
  const path = join(directory, 'agent.yaml');
  const loaded = loadConfig({ path, env, platform: 'linux' });
  assert.ok(loaded.ok, loaded.ok ? '' : describeFaults(loaded.faults));
  const { config } = loaded;
  const server = config.servers.get('Home')!;
  assert.deepEqual([config.intervalMs, config.startSpreadMs, config.jitter], [120_000, 0, 0.3]);
  assert.deepEqual([server.user, server.dns], ['alice', ['192.0.2.53:53']]);
  assert.deepEqual(
    config.hosts.map(({ name }) => name),
    ['b.example'],
    'lists are replaced',
  );
  assert.deepEqual(loaded.filesWithSecrets, [path]);
  const wrong = loadConfig({ path, env: { ...env, HOMING_AGENT_INTERVALL: '1m' }, platform: 'linux' });
  assert.match(wrong.ok ? '' : describeFaults(wrong.faults), /^intervall does not exist/m);
  const misnamed = loadConfig({ path, env: { HOMING_AGENT_ENVIRONMENT: '../test' }, platform: 'linux' });
  assert.ok(!misnamed.ok);
  assert.match(
    describeFaults(misnamed.faults),
    /^HOMING_AGENT_ENVIRONMENT is '\.\.\/test'; a name of letters/,
  );
  assert.ok(loadConfig({ path, env: { HOMING_AGENT_ENVIRONMENT: '' }, platform: 'linux' }).ok);
});

test('A-5.1 relative paths are taken from the folder of the configuration, of absolute ones nothing', (t) => {
  const directory = directoryOf(t, {
    'agent.yaml': `servers: { home: { url: "https://a.example", secret: { file: home.token }, ca: tls/ca.pem } }
hosts: [{ name: a.example }]
log: { file: ../agent.log }`,
  });
  const path = relative(process.cwd(), join(directory, 'agent.yaml'));
  const load = (env: Readonly<Record<string, string>>): AgentConfig => {
    const loaded = loadConfig({ path, env, platform: 'linux' });
    assert.ok(loaded.ok, loaded.ok ? '' : describeFaults(loaded.faults));
    return loaded.config;
  };
  const config = load({});
  const { secret, ca } = config.servers.get('home')!;
  assert.deepEqual(secret, { kind: 'file', path: join(directory, 'home.token') });
  assert.deepEqual([ca, config.log.file], [join(directory, 'tls/ca.pem'), join(directory, '../agent.log')]);
  assert.equal(load({ HOMING_AGENT_LOG__FILE: '/var/log/a.log' }).log.file, '/var/log/a.log');
});

test('a file that is no configuration is a fault that quotes nothing of it', (t) => {
  const directory = directoryOf(t, {
    'a.yaml': `servers: { home: { secret: "${SECRET} } }`,
    'b.json': `{ "secret": "${SECRET}", }`,
    'c.yaml': `a: *${SECRET}`,
    'd.yaml': '- a list',
  });
  for (const name of ['a.yaml', 'b.json', 'c.yaml', 'd.yaml', 'missing.yaml']) {
    const loaded = loadConfig({ path: join(directory, name), env: {}, platform: 'linux' });
    assert.ok(!loaded.ok, name);
    assert.ok(!describeFaults(loaded.faults).includes(SECRET), describeFaults(loaded.faults));
  }
});

test('A-5.5 the texts of the transcripts are read as they say; what is outside of the subset is read here', (t) => {
  const directory = directoryOf(t, {});
  const path = join(directory, 'agent.yaml');
  const cases = readCases('configurations.jsonl');
  assert.ok(cases.length > 70);
  for (const { name, text, expect, refused } of cases) {
    writeFileSync(path, text);
    const read = readLayer(path);
    if (refused !== undefined) assert.equal(read?.ok, false, name);
    else assert.deepEqual(read?.ok === true ? JSON.parse(JSON.stringify(read.value)) : read, expect, name);
  }
});

test('A-5.1 a secret is replaced whole, a key without a value changes nothing, and neighbours are told', (t) => {
  const secret = (value: unknown): unknown => ({ servers: { home: { url: 'u', secret: value } } });
  const over = mergeLayers(secret({ file: 'a' }), { servers: { home: { url: null, secret: { env: 'B' } } } });
  assert.deepEqual(over, secret({ env: 'B' }));
  const directory = directoryOf(t, { 'agent.yaml': 'a: 1', 'agent.json': '{}', 'agent.test.yaml': 'a: 1' });
  assert.deepEqual(neighbours(join(directory, 'agent.yaml'), existsSync), [join(directory, 'agent.json')]);
});

test('A-6.2 a file with a secret that others may read is refused with the command that mends it', async (t) => {
  const directory = directoryOf(t, { open: `${SECRET}\n`, closed: `${SECRET}\n` });
  const platform = createPosix('linux', {});
  chmodSync(join(directory, 'open'), 0o644);
  const read = (name: string): ReturnType<typeof platform.readSecret> =>
    platform.readSecret({ kind: 'file', path: join(directory, name) }, directory);
  const refused = await read('open');
  assert.ok(!refused.ok && refused.reason.includes(`chmod 600 ${join(directory, 'open')}`));
  assert.deepEqual(await read('closed'), { ok: true, value: SECRET });
  assert.equal((await read('missing')).ok, false);
});

test('durations, sizes and sources are read as they are written', () => {
  for (const [text, ms] of [
    ['30s', 30_000],
    ['1.5h', 5_400_000],
    ['1 d', 86_400_000],
    ['0s', 0],
  ] as const)
    assert.deepEqual(parseDuration(text), { ok: true, value: ms });
  for (const text of ['', '5', '-5m', '5 weeks', null, 5]) assert.equal(parseDuration(text).ok, false);
  assert.deepEqual(parseSize('10MB'), { ok: true, value: 10_000_000 });
  for (const text of [
    'server',
    'interface',
    'interface:Ethernet 2',
    'stun:stun.example.org:3478',
    'stun:[2620:fe::fe]:19302',
    'command:/usr/bin/curl -4 "https://a b"',
    'https://api.ipify.org/',
  ]) {
    const source = parseSource(text);
    assert.ok(source.ok, text);
    assert.equal(formatSource(source.value), text);
  }
  for (const text of ['', 'srver', 'stun:', 'stun:a:0', 'command:', 'ftp://x', 'https://u:p@x/', 7])
    assert.equal(parseSource(text).ok, false, String(text));
});

test('every place of the document has a list of its keys for the nearest match', () => {
  assert.ok(keysAt([]).includes('servers') && keysAt(['servers', 'x']).includes('secret'));
  assert.ok(
    keysAt(['hosts', 0]).includes('name') && keysAt(['hosts', 0, 'detect', 'ipv4']).includes('quorum'),
  );
  assert.ok(keysAt(['detect', 'ipv6']).includes('sources') && keysAt(['log']).includes('keep'));
});
