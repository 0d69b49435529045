/** What is remembered of password checks, for how long, and what makes it forgotten. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { createVerifiedCredentials } from '../../../src/account/verified-credentials.ts';
import { HandClock } from './account-table.ts';

const HASH = `$2b$12$${'a'.repeat(53)}`;
const TRIED = { name: 'alice', passwordHash: HASH, secret: 's3cret' };

test('a check is remembered until its time is over, however often it is recalled', () => {
  const clock = new HandClock();
  const verified = createVerifiedCredentials({ clock, ttlMs: 1000 });
  const fingerprint = verified.fingerprint(TRIED);
  assert.equal(verified.recall(fingerprint), undefined);
  verified.remember(fingerprint, true);
  for (let i = 0; i < 10; i++) {
    assert.equal(verified.recall(fingerprint), true);
    clock.advance(100);
  }
  assert.equal(verified.recall(fingerprint), undefined);
  verified.remember(fingerprint, false);
  assert.equal(verified.recall(fingerprint), false);
});

test('a changed password, name or secret is another try', () => {
  const verified = createVerifiedCredentials({ clock: new HandClock() });
  verified.remember(verified.fingerprint(TRIED), true);
  for (const change of [
    { passwordHash: HASH.replace('a', 'b') },
    { passwordHash: null },
    { name: 'bob' },
    { secret: 's3cres' },
    { secret: '' },
  ])
    assert.equal(verified.recall(verified.fingerprint({ ...TRIED, ...change })), undefined);
});

test('two processes share no fingerprint, and none holds the secret', () => {
  const [one, other] = [1, 2].map(() =>
    createVerifiedCredentials({ clock: new HandClock() }).fingerprint(TRIED),
  );
  assert.notEqual(one, other);
  assert.equal(one?.length, 32);
  assert.ok(!one.includes(TRIED.secret));
});

test('memory is bounded; the least recently used goes first', () => {
  const verified = createVerifiedCredentials({ clock: new HandClock(), capacity: 3 });
  for (const key of ['a', 'b', 'c']) verified.remember(key, true);
  assert.equal(verified.recall('a'), true);
  verified.remember('d', true);
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => verified.recall(key)),
    [true, undefined, true, true],
  );
});

test('wrong guesses push out nothing that was right', () => {
  const verified = createVerifiedCredentials({ clock: new HandClock(), capacity: 10 });
  for (let i = 0; i < 10; i++) verified.remember(`right ${i}`, true);
  for (let i = 0; i < 1000; i++) verified.remember(`wrong ${i}`, false);
  for (let i = 0; i < 10; i++) assert.equal(verified.recall(`right ${i}`), true);
});

test('a clock that was set back does not make memories last', () => {
  const clock = new HandClock();
  const verified = createVerifiedCredentials({ clock, ttlMs: 1000 });
  verified.remember('a', true);
  clock.advance(-1);
  assert.equal(verified.recall('a'), undefined);
});

test('fingerprints differ wherever any part differs', () => {
  const verified = createVerifiedCredentials({ clock: new HandClock() });
  const tried = fc.record({
    name: fc.stringMatching(/^[a-z0-9.]{1,4}$/),
    passwordHash: fc.constantFrom(null, HASH, HASH.replace('a', 'b')),
    secret: fc.string({ maxLength: 8 }),
  });
  fc.assert(
    fc.property(tried, tried, (a, b) => {
      const same = a.name === b.name && a.passwordHash === b.passwordHash && a.secret === b.secret;
      assert.equal(verified.fingerprint(a) === verified.fingerprint(b), same);
    }),
  );
});
