/** The table of failed attempts: what it locks and for how long, and that it neither grows nor forgets the worst. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type FailurePolicy, FailureTable } from '../../../../src/account/lockout/failure-table.ts';
import { formatIpAddress } from '../../../../src/net/ip-address.ts';
import { addressOf } from '../account-table.ts';

const POLICY: FailurePolicy = { free: 5, forgiveMs: 60_000, firstLockMs: 1_000 };
const START = Date.UTC(2026, 0, 1);

test('the free attempts lock nothing; each further one locks twice as long, up to the time of forgiveness', () => {
  const table = new FailureTable(POLICY, 64);
  const locks: number[] = [];
  let now = START;
  for (let i = 0; i < 14; i++) {
    table.count('a', '', now);
    const lock = table.lockedFor('a', '', now);
    locks.push(lock);
    now += lock;
  }
  assert.deepEqual(locks.slice(0, 5), [0, 0, 0, 0, 0]);
  assert.equal(locks[5], 1000);
  for (let i = 6; i < 11; i++) assert.ok(locks[i]! > locks[i - 1]! * 1.2, `lock ${i}: ${locks[i]} ms`);
  for (const lock of locks.slice(12)) assert.ok(lock > 30_000 && lock <= 60_000, `${lock} ms`);
});

test('a lock ends to the millisecond, and rest forgives everything', () => {
  const table = new FailureTable(POLICY, 64);
  for (let i = 0; i < 6; i++) table.count('a', 'b', START);
  assert.equal(table.lockedFor('a', 'b', START + 999), 1);
  assert.equal(table.lockedFor('a', 'b', START + 1000), 0);
  const rested = START + 6 * POLICY.forgiveMs;
  for (let i = 0; i < 5; i++) table.count('a', 'b', rested);
  assert.equal(table.lockedFor('a', 'b', rested), 0);
  table.count('a', 'b', rested);
  assert.equal(table.lockedFor('a', 'b', rested), 1000);
});

test('taking an attempt back takes back its lock; clearing forgets the key', () => {
  const table = new FailureTable(POLICY, 64);
  for (let i = 0; i < 6; i++) table.count('a', '', START);
  table.uncount('a', '', START);
  assert.equal(table.lockedFor('a', '', START), 0);
  table.count('a', '', START);
  assert.equal(table.lockedFor('a', '', START), 1000);
  table.clear('a', '');
  for (let i = 0; i < 5; i++) table.count('a', '', START);
  assert.equal(table.lockedFor('a', '', START), 0);
  table.uncount('never seen', '', START);
  table.clear('never seen', '');
});

test('the two parts of a key are kept apart', () => {
  const table = new FailureTable({ ...POLICY, free: 0 }, 64);
  table.count('ab', 'c', START);
  for (const [a, b] of [
    ['a', 'bc'],
    ['abc', ''],
    ['', 'abc'],
    ['c', 'ab'],
  ] as const)
    assert.equal(table.lockedFor(a, b, START), 0);
  assert.ok(table.lockedFor('ab', 'c', START) > 0);
});

test('a million keys take no more memory than one', () => {
  const table = new FailureTable(POLICY, 1024);
  const { byteLength } = table;
  assert.equal(byteLength, 1024 * 32);
  for (let i = 0; i < 1_000_000; i++) table.count(`source ${i}`, '', START + i);
  assert.equal(table.byteLength, byteLength);
});

test('a flood of new keys does not push out those that are locked', () => {
  const table = new FailureTable(POLICY, 256);
  const guessers = Array.from({ length: 20 }, (_, i) => `guesser ${i}`);
  for (const guesser of guessers) for (let i = 0; i < 11; i++) table.count(guesser, '', START);
  for (let i = 0; i < 100_000; i++) table.count(`once ${i}`, '', START + 1000);
  for (const guesser of guessers) assert.ok(table.lockedFor(guesser, '', START + 1000) > 10_000, guesser);
});

test('keys next to each other do not displace each other', () => {
  const table = new FailureTable({ ...POLICY, free: 0 }, 32_768);
  const sources = Array.from({ length: 2000 }, (_, i) => addressOf(`10.0.${i >> 8}.${i & 255}`));
  for (const source of sources) table.count(source, '', START);
  for (const source of sources)
    assert.ok(table.lockedFor(source, '', START) > 0, `${formatIpAddress(source)} is still counted`);
});

test('setting the clock back leaves no lock that lasts', () => {
  const table = new FailureTable(POLICY, 64);
  for (let i = 0; i < 12; i++) table.count('a', '', START);
  const back = START - 365 * 86_400_000;
  assert.equal(table.lockedFor('a', '', back), 0);
  table.count('a', '', back);
  assert.ok(table.lockedFor('a', '', back) <= POLICY.forgiveMs);
  assert.equal(table.lockedFor('a', '', back + POLICY.forgiveMs), 0);
});

const policies = fc.record({
  free: fc.integer({ min: 0, max: 20 }),
  forgiveMs: fc.integer({ min: 1000, max: 600_000 }),
  firstLockMs: fc.integer({ min: 100, max: 1000 }),
});

test('whoever is no faster than is forgiven is never locked', () => {
  fc.assert(
    fc.property(policies, fc.array(fc.nat(600_000), { maxLength: 200 }), (policy, extra) => {
      const table = new FailureTable({ ...policy, free: Math.max(1, policy.free) }, 8);
      let now = START;
      for (const more of extra) {
        table.count('ddclient', '', now);
        assert.equal(table.lockedFor('ddclient', '', now), 0);
        now += policy.forgiveMs + more;
      }
    }),
  );
});

test('whoever tries as often as possible gets the free attempts, the doublings, and one in each time of forgiveness', () => {
  fc.assert(
    fc.property(policies, fc.array(fc.nat(5000), { minLength: 300, maxLength: 300 }), (policy, pauses) => {
      const table = new FailureTable(policy, 8);
      const doublings = Math.ceil(Math.log2(policy.forgiveMs / policy.firstLockMs));
      let now = START;
      let admitted = 0;
      for (const pause of pauses) {
        const lock = table.lockedFor('guesser', '', now);
        assert.ok(lock <= policy.forgiveMs);
        if (lock === 0) {
          table.count('guesser', '', now);
          admitted++;
        }
        now += pause;
      }
      const most = policy.free + doublings + 2 + (now - START) / policy.forgiveMs;
      assert.ok(admitted <= most, `${admitted} attempts, ${most} at most`);
    }),
  );
});
