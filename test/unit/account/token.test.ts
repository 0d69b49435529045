/** Token secrets, ids and digests. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import {
  createTokenDigester,
  createTokenId,
  createTokenSecret,
  digestTokenSecret,
} from '../../../src/account/token.ts';

test('a secret is 24 ASCII alphanumerics, and never the same', () => {
  const secrets = Array.from({ length: 2000 }, createTokenSecret);
  for (const secret of secrets) assert.match(secret, /^[A-Za-z0-9]{24}$/);
  assert.equal(new Set(secrets).size, secrets.length);
});

test('every character of the alphabet is equally likely', () => {
  const counts = new Map<string, number>();
  const drawn = 20_000 * 24;
  for (let i = 0; i < 20_000; i++)
    for (const char of createTokenSecret()) counts.set(char, (counts.get(char) ?? 0) + 1);
  assert.equal(counts.size, 62);
  const expected = drawn / 62;
  let chiSquared = 0;
  for (const count of counts.values()) chiSquared += (count - expected) ** 2 / expected;
  // 61 degrees of freedom: above 150 once in 10^9 runs. Without rejection (byte % 62) it would be near 1,500.
  assert.ok(chiSquared < 150, `chi squared is ${chiSquared}`);
});

test('an id is ten lower-case alphanumerics, and never the same', () => {
  const ids = Array.from({ length: 2000 }, createTokenId);
  for (const id of ids) assert.match(id, /^[a-z0-9]{10}$/);
  assert.equal(new Set(ids).size, ids.length);
});

test('a digest depends on the key and on every character, and is not the secret', () => {
  const key = randomBytes(32);
  const secret = createTokenSecret();
  const digest = digestTokenSecret(secret, key);
  assert.match(digest, /^[A-Za-z0-9_-]{43}$/);
  assert.equal(digestTokenSecret(secret, key), digest);
  assert.notEqual(digestTokenSecret(secret, randomBytes(32)), digest);
  assert.notEqual(digestTokenSecret(secret.slice(1), key), digest);
  assert.notEqual(digestTokenSecret(secret.toLowerCase() + secret.toUpperCase(), key), digest);
  assert.ok(!digest.includes(secret));
});

test('a digest is HMAC-SHA256 (RFC 4231, test case 2)', () => {
  assert.equal(
    Buffer.from(digestTokenSecret('what do ya want for nothing?', Buffer.from('Jefe')), 'base64url').toString(
      'hex',
    ),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
});

test('a digester gives the same digests, whatever the secret and its length', () => {
  const key = fc.uint8Array({ minLength: 32, maxLength: 64 });
  const secret = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ maxLength: 600 }));
  fc.assert(
    fc.property(key, fc.array(secret, { minLength: 1, maxLength: 4 }), (bytes, secrets) => {
      const digest = createTokenDigester(bytes);
      // One after the other, so that nothing of one is left in the next.
      for (const text of secrets) assert.equal(digest(text), digestTokenSecret(text, bytes));
    }),
  );
});
