/** The layers of the configuration: which one wins, what is refused, and how the refusal reads. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SECRET_MASK } from '../../../src/config/config.ts';
import { type LoadOptions, type LoadedConfig, loadConfig } from '../../../src/config/load.ts';
import { SETTING_KEYS, variableOf } from '../../../src/config/schema.ts';
import { formatIpPrefix } from '../../../src/net/ip-prefix.ts';

function directoryWith(t: TestContext, files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'homing-config-'));
  t.after(() => {
    rmSync(directory, { recursive: true });
  });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

function load(options: LoadOptions): LoadedConfig {
  const result = loadConfig({ env: {}, ...options });
  assert.ok(result.ok, result.ok ? '' : result.problems.join('\n'));
  return result.value;
}

function problemsOf(options: LoadOptions): readonly string[] {
  const result = loadConfig({ env: {}, ...options });
  assert.ok(!result.ok, 'the configuration was accepted');
  return result.problems;
}

function originOf(loaded: LoadedConfig, key: string): string | undefined {
  return loaded.settings.find((setting) => setting.key === key)?.origin;
}

test('with nothing configured the defaults serve on loopback', (t) => {
  const directory = directoryWith(t, {});
  const loaded = load({ directory });
  assert.equal(loaded.config.data, join(directory, 'data'));
  assert.deepEqual(loaded.config.http.listen, [{ address: '127.0.0.1', port: 8080 }]);
  assert.deepEqual(loaded.config.dns.listen, [{ address: '127.0.0.1', port: 5300 }]);
  assert.deepEqual(
    loaded.settings.map(({ key, origin }) => [key, origin]),
    SETTING_KEYS.map((key) => [key, 'default']),
  );
});

test('each layer wins over the ones before it, and every value knows its origin', (t) => {
  const directory = directoryWith(t, {
    'homing.yaml':
      'data: /base\nhttp:\n  listen: 127.0.0.1:1001\ndns:\n  listen: [127.0.0.1:1002]\nlog:\n  level: warn\n',
    'homing.production.yaml': 'http:\n  listen: ["127.0.0.1:2001", "[::1]:2001"]\nlog: { level: error }\n',
  });
  const env = { HOMING_ENV: 'production', HOMING_LOG_LEVEL: 'debug', HOMING_DNS_LISTEN: '127.0.0.1:3002' };
  const flags = { 'dns.listen': { flag: '--dns', value: ['127.0.0.1:4002'] } };
  const loaded = load({ directory, env, flags });
  assert.equal(loaded.config.data, '/base');
  assert.deepEqual(loaded.config.http.listen, [
    { address: '127.0.0.1', port: 2001 },
    { address: '::1', port: 2001 },
  ]);
  assert.equal(loaded.config.log.level, 'debug');
  assert.deepEqual(loaded.config.dns.listen, [{ address: '127.0.0.1', port: 4002 }]);
  assert.deepEqual(
    ['data', 'http.listen', 'log.level', 'dns.listen', 'log.pretty'].map((key) => originOf(loaded, key)),
    ['homing.yaml:1', 'homing.production.yaml:2', 'HOMING_LOG_LEVEL', '--dns', 'default'],
  );
});

test('the file of --config wins over HOMING_CONFIG, and has its own environment file beside it', (t) => {
  const directory = directoryWith(t, {
    'a.yaml': 'data: /a',
    'b.yaml': 'data: /b',
    'b.test.yaml': 'log: { pretty: true }',
  });
  const env = { HOMING_CONFIG: 'a.yaml' };
  assert.equal(load({ directory, env }).config.data, '/a');
  const both = load({ directory, env: { ...env, HOMING_ENV: 'test' }, file: 'b.yaml' });
  assert.equal(both.config.data, '/b');
  assert.equal(both.config.log.pretty, true);
});

test('a file that is named but missing is a problem', (t) => {
  const directory = directoryWith(t, {});
  assert.deepEqual(problemsOf({ directory, file: 'gone.yaml' }), [
    'gone.yaml: cannot be read: the file does not exist',
  ]);
  assert.deepEqual(problemsOf({ directory, env: { HOMING_ENV: 'production' } }), [
    'homing.production.yaml: cannot be read: the file does not exist',
  ]);
  assert.match(problemsOf({ directory, env: { HOMING_ENV: '../x' } })[0]!, /not a plain word/);
});

test('unknown keys, sections and variables are refused with the nearest match', (t) => {
  const directory = directoryWith(t, {
    'homing.yaml': 'dat: x\nhttp:\n  listn: 127.0.0.1:1\nlgo:\n  level: info\ndns: 5\n',
  });
  const env = { HOMING_HTTP_LISTN: '127.0.0.1:1', HOMING_EVN: 'x', OTHER: 'x' };
  assert.deepEqual(problemsOf({ directory, env }), [
    'homing.yaml:1: unknown setting dat (nearest match: data)',
    'homing.yaml:3: unknown setting http.listn (nearest match: http.listen)',
    'homing.yaml:4: unknown setting lgo (nearest match: log)',
    'homing.yaml:6: dns is a section, not a setting',
    'unknown variable HOMING_HTTP_LISTN (nearest match: HOMING_HTTP_LISTEN)',
    'unknown variable HOMING_EVN (nearest match: HOMING_ENV)',
  ]);
});

test('every invalid value is reported at once, with its place and what would be right', (t) => {
  const directory = directoryWith(t, {
    'homing.yaml':
      'http:\n  listen: localhost:80\n  trustedProxies: [10.0.0.0/33]\npasswords:\n  cost: 9\nlog:\n  pretty: "yes"\n',
  });
  const problems = problemsOf({ directory, env: { HOMING_LOG_LEVEL: 'loud' } });
  const wanted = [
    /^homing\.yaml:2: http\.listen must be ADDR:PORT: "localhost:80" is not ADDR:PORT, such as 127\.0\.0\.1:8080/,
    /^homing\.yaml:3: http\.trustedProxies .*"10\.0\.0\.0\/33" is neither/,
    /^HOMING_LOG_LEVEL: log\.level must be one of trace, debug, .*, not "loud"$/,
    /^homing\.yaml:7: log\.pretty must be true or false, not "yes"$/,
    /^homing\.yaml:5: passwords\.cost must be a whole number from 10 to 15, not 9$/,
  ];
  assert.equal(problems.length, wanted.length, problems.join('\n'));
  for (const pattern of wanted)
    assert.ok(
      problems.some((line) => pattern.test(line)),
      `${pattern}\n${problems.join('\n')}`,
    );
});

test('YAML that is none is refused with its line, duplicate keys too', (t) => {
  const directory = directoryWith(t, {
    'homing.yaml': 'data: x\ndata: y\n',
    'list.yaml': '- a\n',
    'empty.yaml': '# nothing\n',
  });
  assert.match(problemsOf({ directory })[0]!, /^homing\.yaml:2: .*unique/);
  assert.match(problemsOf({ directory, file: 'list.yaml' })[0]!, /"key: value"/);
  assert.equal(load({ directory, file: 'empty.yaml' }).config.data, join(directory, 'data'));
});

test('a _FILE variable gives the content of its file; both twins at once are refused', (t) => {
  const directory = directoryWith(t, { password: 'correct horse\n', level: 'debug' });
  const env = {
    HOMING_BOOTSTRAP_ACCOUNT: 'root',
    HOMING_BOOTSTRAP_PASSWORD_FILE: 'password',
    HOMING_LOG_LEVEL_FILE: join(directory, 'level'),
  };
  const loaded = load({ directory, env });
  assert.deepEqual(loaded.config.bootstrap, { account: 'root', password: 'correct horse' });
  assert.equal(loaded.config.log.level, 'debug');
  assert.equal(originOf(loaded, 'bootstrap.password'), 'HOMING_BOOTSTRAP_PASSWORD_FILE (password)');
  assert.deepEqual(problemsOf({ directory, env: { ...env, HOMING_BOOTSTRAP_PASSWORD: 'x' } }), [
    'HOMING_BOOTSTRAP_PASSWORD and HOMING_BOOTSTRAP_PASSWORD_FILE are both set; keep one of them',
  ]);
  assert.match(
    problemsOf({ directory, env: { HOMING_DATA_FILE: 'gone' } })[0]!,
    /^HOMING_DATA_FILE: cannot read gone/,
  );
});

test('a secret is masked where it is shown, and never quoted where it is refused', (t) => {
  const directory = directoryWith(t, {
    'homing.yaml': 'bootstrap: { account: a, password: hunter2hunter2 }',
  });
  const loaded = load({ directory });
  assert.equal(loaded.settings.find(({ key }) => key === 'bootstrap.password')?.shown, SECRET_MASK);
  assert.ok(!JSON.stringify(loaded.settings).includes('hunter2'));
  writeFileSync(join(directory, 'homing.yaml'), 'bootstrap: { account: a, password: [hunter2hunter2] }');
  const problems = problemsOf({ directory });
  assert.equal(problems.length, 1);
  assert.ok(!problems[0]!.includes('hunter2'));
});

test('settings that need each other are refused alone', (t) => {
  const directory = directoryWith(t, {
    'homing.yaml': 'bootstrap: { account: a }',
    'proxy.yaml': 'http: { proxyProtocol: true }',
  });
  assert.match(
    problemsOf({ directory, file: 'proxy.yaml' })[0]!,
    /^http\.proxyProtocol needs http\.trustedProxies/,
  );
  assert.deepEqual(problemsOf({ directory }), [
    'bootstrap.account and bootstrap.password go together: set both or neither',
  ]);
});

test('lists in variables are separated by commas or blanks', (t) => {
  const env = { HOMING_HTTP_TRUSTED_PROXIES: '10.0.0.0/8, ::1  192.0.2.1' };
  const { config } = load({ directory: directoryWith(t, {}), env });
  assert.deepEqual(config.http.trustedProxies.map(formatIpPrefix), ['10.0.0.0/8', '::1/128', '192.0.2.1/32']);
});

test('every variable has its own name', () => {
  assert.equal(new Set(SETTING_KEYS.map(variableOf)).size, SETTING_KEYS.length);
  assert.equal(variableOf('http.trustedProxies'), 'HOMING_HTTP_TRUSTED_PROXIES');
});
