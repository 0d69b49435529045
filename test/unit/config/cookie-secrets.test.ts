import assert from 'node:assert/strict';
import test from 'node:test';
import { parseCookieSecrets } from '../../../src/config/cookie-secrets.ts';
import { randomCookieSecret } from '../../../src/dns/cookies/cookie-secret.ts';

const A = 'e5e973e5a6b2a43f48e7dc849e37bfcf';
const B = '445536bcd2513298075a5d379663c962';

function hexes(text: string): string[] {
  const result = parseCookieSecrets(text);
  assert.ok(result.ok, text);
  return result.value.map((secret) => Buffer.from(secret).toString('hex'));
}

void test('one to three secrets, in order, in either case, with blanks around', () => {
  assert.deepEqual(hexes(A), [A]);
  assert.deepEqual(hexes(` ${A.toUpperCase()} ,\n${B}`), [A, B]);
  assert.deepEqual(hexes(`${A},${B},${'0'.repeat(32)}`), [A, B, '0'.repeat(32)]);
});

void test('what is no secret is refused, and the reason does not tell it', () => {
  const wrong = ['', ' ', A.slice(1), `${A}0`, `${A.slice(1)}g`, `${A},`, `0x${A}`, `${A} ${B}`];
  for (const text of [
    ...wrong,
    `${A},${A}`,
    `${A},${A.toUpperCase()}`,
    [A, B, '0'.repeat(32), '1'.repeat(32)].join(),
  ]) {
    const result = parseCookieSecrets(text);
    assert.equal(result.ok, false, text);
    assert.doesNotMatch(result.reason, /[0-9a-f]{20}/);
  }
});

void test('a random secret is 16 bytes and never the same', () => {
  const secrets = Array.from({ length: 100 }, () => Buffer.from(randomCookieSecret()).toString('hex'));
  assert.equal(new Set(secrets).size, 100);
  for (const secret of secrets) assert.deepEqual(hexes(secret), [secret]);
});
