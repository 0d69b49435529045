/** The settings of dialects, of credentials in URLs and of registering: what they become, and what of them is refused. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type LoadedConfig, loadConfig } from '../../../src/config/load.ts';
import { formatIpPrefix } from '../../../src/net/ip-prefix.ts';
import { DIALECTS } from '../../../src/http/update/surface.ts';
import { formatHostname } from '../../../src/zone/name.ts';

function load(t: TestContext, env: Record<string, string>): LoadedConfig['config'] {
  const result = loadConfig({ env, directory: emptyDirectory(t) });
  assert.ok(result.ok, result.ok ? '' : result.problems.join('\n'));
  return result.value.config;
}

function emptyDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'homing-config-'));
  t.after(() => {
    rmSync(directory, { recursive: true });
  });
  return directory;
}

function problemsOf(t: TestContext, env: Record<string, string>): string {
  const result = loadConfig({ env, directory: emptyDirectory(t) });
  assert.ok(!result.ok, 'the configuration was accepted');
  return result.problems.join('\n');
}

test('with nothing configured: every dialect, credentials in URLs, and no registering', (t) => {
  const { http, registration } = load(t, {});
  assert.deepEqual(http.dialects, DIALECTS);
  assert.equal(http.urlCredentials, 'anywhere');
  assert.equal(registration, null);
});

test('dialects are those that are named, and names of none are refused', (t) => {
  assert.deepEqual(load(t, { HOMING_HTTP_DIALECTS: 'dyndns2,duckdns' }).http.dialects, [
    'dyndns2',
    'duckdns',
  ]);
  assert.match(problemsOf(t, { HOMING_HTTP_DIALECTS: 'dyndns2,duck' }), /http\.dialects.*"duck" is none/);
  assert.match(problemsOf(t, { HOMING_HTTP_DIALECTS: ',' }), /at least 1/);
});

test('registering needs a name and an account, and is for this machine unless more is said', (t) => {
  const both = {
    HOMING_ACME_DNS_REGISTER_BELOW: 'Auth.Example.org.',
    HOMING_ACME_DNS_REGISTER_ACCOUNT: 'Anna',
  };
  const { registration } = load(t, both);
  assert.ok(registration !== null);
  assert.equal(registration.account, 'anna');
  assert.equal(formatHostname(registration.below), 'auth.example.org');
  assert.deepEqual(registration.quota, { burst: 10, refillMs: 3_600_000 });
  assert.deepEqual(registration.from.map(formatIpPrefix), ['127.0.0.0/8', '::1/128']);
  assert.match(problemsOf(t, { HOMING_ACME_DNS_REGISTER_ACCOUNT: 'anna' }), /go together/);
  assert.match(problemsOf(t, { ...both, HOMING_ACME_DNS_REGISTER_BELOW: 'auth' }), /acmeDns\.registerBelow/);
});
