/** The settings of the DNS side: what they become, and what of them is refused. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Config, SECRET_MASK, changedKeys } from '../../../src/config/config.ts';
import { type LoadOptions, type LoadedConfig, loadConfig } from '../../../src/config/load.ts';
import { SETTINGS } from '../../../src/config/schema.ts';
import { RATE_LIMIT_RANGES, rateLimits } from '../../../src/dns/rrl/rate-limits.ts';
import { formatIpPrefix } from '../../../src/net/ip-prefix.ts';

const SECRET = 'e5e973e5a6b2a43f48e7dc849e37bfcf';

function load(t: TestContext, yaml: string, options: LoadOptions = {}): LoadedConfig {
  const result = loadConfig({ env: {}, directory: directoryWith(t, yaml), ...options });
  assert.ok(result.ok, result.ok ? '' : result.problems.join('\n'));
  return result.value;
}

function problemsOf(t: TestContext, yaml: string, env: Record<string, string> = {}): readonly string[] {
  const result = loadConfig({ env, directory: directoryWith(t, yaml) });
  assert.ok(!result.ok, 'the configuration was accepted');
  return result.problems;
}

function directoryWith(t: TestContext, yaml: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'homing-config-'));
  t.after(() => {
    rmSync(directory, { recursive: true });
  });
  writeFileSync(join(directory, 'homing.yaml'), yaml);
  return directory;
}

test('with nothing configured: 200 answers a second, loopback exempt, cookies, nothing about the server', (t) => {
  const { dns } = load(t, '').config;
  assert.deepEqual(rateLimits(dns.rrl), rateLimits({}), 'the defaults of the limiter itself');
  assert.equal(dns.rrl.rate, 200);
  assert.deepEqual(dns.rrl.exempt.map(formatIpPrefix), ['127.0.0.0/8', '::1/128']);
  assert.deepEqual([dns.cookies, dns.identity, dns.version], ['random', null, null]);
});

test('the ranges of the limits are those of the limiter', (t) => {
  for (const [name, [least, most]] of Object.entries(RATE_LIMIT_RANGES)) {
    const { range } = SETTINGS[`dns.rrl.${name as keyof typeof RATE_LIMIT_RANGES}`];
    // Whole seconds are all that can be set.
    assert.equal(range, `${Math.ceil(least)} to ${most}`, name);
    assert.match(problemsOf(t, `dns: { rrl: { ${name}: ${most + 1} } }`)[0]!, /must be a whole number/);
  }
});

test('sections lie in sections, and each layer may set a part of them', (t) => {
  const yaml =
    'dns:\n  identity: ns1.example\n  rrl:\n    rate: 50\n    exempt: [192.0.2.0/24, "2001:db8::/32"]\n';
  const env = { HOMING_DNS_RRL_SLIP: '1', HOMING_DNS_RRL_DRY_RUN: 'true', HOMING_DNS_VERSION: 'Homing 1' };
  const { config, settings } = load(t, yaml, { env });
  const { exempt, ...rrl } = config.dns.rrl;
  const others = { burstSeconds: 2, ipv4Prefix: 24, ipv6Prefix: 56, tableSize: 65_536 };
  assert.deepEqual(rrl, { rate: 50, slip: 1, dryRun: true, ...others });
  assert.deepEqual(exempt.map(formatIpPrefix), ['192.0.2.0/24', '2001:db8::/32']);
  assert.deepEqual([config.dns.identity, config.dns.version], ['ns1.example', 'Homing 1']);
  assert.equal(settings.find(({ key }) => key === 'dns.rrl.rate')?.origin, 'homing.yaml:4');
  assert.deepEqual(
    load(t, 'dns: { rrl: { exempt: [] } }').config.dns.rrl.exempt,
    [],
    'loopback too is limited',
  );
});

test('unknown keys in a section of a section are refused with the nearest match', (t) => {
  assert.deepEqual(problemsOf(t, 'dns:\n  rrl: { rat: 5 }\n  rll: { rate: 5 }\nrrl: { rate: 5 }\n'), [
    'homing.yaml:2: unknown setting dns.rrl.rat (nearest match: dns.rrl.rate)',
    'homing.yaml:3: unknown setting dns.rll (nearest match: dns.rrl)',
    'homing.yaml:4: unknown setting rrl (nearest match: dns)',
  ]);
  assert.deepEqual(problemsOf(t, 'dns: { rrl: 5 }'), ['homing.yaml:1: dns.rrl is a section, not a setting']);
});

test('shared secrets come from a file too, and are never shown', (t) => {
  const cookies = (config: Config): unknown =>
    Array.isArray(config.dns.cookies)
      ? config.dns.cookies.map((secret) => Buffer.from(secret as Uint8Array).toString('hex'))
      : config.dns.cookies;
  const other = '445536bcd2513298075a5d379663c962';
  const directory = directoryWith(t, '');
  writeFileSync(join(directory, 'secret'), `${SECRET}, ${other}\n`);
  const loaded = load(t, '', { directory, env: { HOMING_DNS_COOKIE_SECRETS_FILE: 'secret' } });
  assert.deepEqual(cookies(loaded.config), [SECRET, other]);
  assert.equal(loaded.settings.find(({ key }) => key === 'dns.cookieSecrets')?.shown, SECRET_MASK);
  assert.ok(!JSON.stringify(loaded.settings).includes(SECRET));
  assert.equal(cookies(load(t, `dns: { cookies: false, cookieSecrets: ${SECRET} }`).config), null);

  for (const wrong of [SECRET.slice(1), `${SECRET},${SECRET}`, `[${SECRET}]`]) {
    const problems = problemsOf(t, `dns: { cookieSecrets: ${wrong.includes('[') ? wrong : `"${wrong}"`} }`);
    assert.match(problems[0]!, /^homing\.yaml:1: dns\.cookieSecrets must be secrets/);
    assert.doesNotMatch(problems.join('\n'), /[0-9a-f]{16}/);
  }
});

test('what the server says about itself is a short line of ASCII', (t) => {
  for (const text of ['ü', 'a\\nb', 'x'.repeat(65), '']) {
    const problems = problemsOf(t, `dns:\n  identity: "${text}"\n  version: "${text}"\n`);
    assert.deepEqual(
      problems.map((line) => line.split(' must')[0]),
      ['homing.yaml:2: dns.identity', 'homing.yaml:3: dns.version'],
    );
  }
});

test('limits change while the server runs, what is bound to its start does not', (t) => {
  const before = load(t, 'data: /data').values;
  const after = load(
    t,
    `data: /data\ndns: { rrl: { rate: 5, exempt: [] }, cookies: false, cookieSecrets: ${SECRET} }`,
  ).values;
  assert.deepEqual(changedKeys(before, after), {
    live: ['dns.rrl.rate', 'dns.rrl.exempt'],
    restart: ['dns.cookies', 'dns.cookieSecrets'],
  });
});
