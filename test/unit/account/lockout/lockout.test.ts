/** The lockout as it is composed and tuned: who is kept out by whose failures, and who never is. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Lockout, createLockout } from '../../../../src/account/lockout/lockout.ts';
import { sourceNetwork } from '../../../../src/account/lockout/source-network.ts';
import { HandClock, addressOf } from '../account-table.ts';

const NAT = addressOf('198.51.100.7');
const ELSEWHERE = addressOf('203.0.113.9');
const MINUTE = 60_000;

function create(): { clock: HandClock; lockout: Lockout } {
  const clock = new HandClock();
  return { clock, lockout: createLockout({ clock, slots: 1024 }) };
}

/** How many of `attempts` in a row are admitted. */
function admittedOf(attempts: number, attempt: (i: number) => number): number {
  let admitted = 0;
  for (let i = 0; i < attempts; i++) if (attempt(i) === 0) admitted++;
  return admitted;
}

test('a source is the IPv4 address or the IPv6 /64', () => {
  assert.equal(sourceNetwork(NAT), sourceNetwork(addressOf('::ffff:198.51.100.7')));
  assert.notEqual(sourceNetwork(NAT), sourceNetwork(addressOf('198.51.100.8')));
  assert.equal(sourceNetwork(addressOf('2001:db8:1:2::1')), sourceNetwork(addressOf('2001:db8:1:2:ffff::9')));
  assert.notEqual(sourceNetwork(addressOf('2001:db8:1:2::1')), sourceNetwork(addressOf('2001:db8:1:3::1')));
});

test('one source with one name has five tries; other names and other sources go on', () => {
  const { lockout } = create();
  assert.equal(
    admittedOf(20, () => lockout.admit(NAT, 'alice')),
    6,
    'the sixth is tried and locks',
  );
  assert.equal(lockout.admit(NAT, 'alice'), 1);
  assert.equal(lockout.admit(NAT, 'bob'), 0);
  assert.equal(lockout.admit(ELSEWHERE, 'alice'), 0);
});

test('a guesser cannot change address within a /64', () => {
  const { lockout } = create();
  assert.equal(
    admittedOf(50, (i) => lockout.admit(addressOf(`2001:db8:1:2::${i + 1}`), 'alice')),
    6,
  );
});

test('a guesser who goes through the names is locked as a source, for unknown names as for known', () => {
  const { lockout } = create();
  assert.equal(
    admittedOf(200, (i) => lockout.admit(NAT, `name${i}`)),
    31,
  );
  assert.equal(lockout.admit(ELSEWHERE, 'name0'), 0);
});

test('without a name (bearer tokens) the source is counted', () => {
  const { lockout } = create();
  assert.equal(
    admittedOf(200, () => lockout.admit(NAT, '')),
    31,
  );
});

test('guessing at one name from everywhere is slowed down, for seconds only', () => {
  const { clock, lockout } = create();
  const from = (i: number): ReturnType<typeof addressOf> => addressOf(`10.${i >> 8}.${i & 255}.1`);
  assert.equal(
    admittedOf(500, (i) => lockout.admit(from(i), 'alice')),
    51,
  );
  assert.ok(lockout.admit(ELSEWHERE, 'alice') > 0);
  clock.advance(5000);
  assert.equal(lockout.admit(ELSEWHERE, 'alice'), 0);
});

test('a right password forgets the failures of its source with its name, and takes back its own count', () => {
  const { lockout } = create();
  for (let round = 0; round < 100; round++) {
    for (let i = 0; i < 3; i++) assert.equal(lockout.admit(NAT, 'alice'), 0, `round ${round}`);
    lockout.succeed(NAT, 'alice');
    lockout.withdraw(NAT, 'alice');
    lockout.withdraw(NAT, 'alice');
  }
});

test('an own success does not forgive guesses at others', () => {
  const { lockout } = create();
  const admitted = admittedOf(300, (i) => {
    if (lockout.admit(NAT, 'mallory') === 0) lockout.succeed(NAT, 'mallory');
    return lockout.admit(NAT, `name${i}`);
  });
  assert.equal(admitted, 31);
});

test('refused attempts do not prolong a lock', () => {
  const { clock, lockout } = create();
  for (let i = 0; i < 6; i++) lockout.admit(NAT, 'alice');
  for (let i = 0; i < 1000; i++) assert.equal(lockout.admit(NAT, 'alice'), 1);
  clock.advance(1000);
  assert.equal(lockout.admit(NAT, 'alice'), 0);
});

test('a day of broken devices behind one NAT, each retrying every five minutes, locks out nobody there', () => {
  const { clock, lockout } = create();
  const refused: string[] = [];
  for (let minute = 0; minute < 24 * 60; minute += 5) {
    // Four of one owner and eight of others, all in the same instant.
    for (let i = 0; i < 12; i++) {
      const name = i < 4 ? 'alice' : `neighbour${i}`;
      if (lockout.admit(NAT, name) > 0) refused.push(`${name} at ${minute}`);
    }
    for (const name of ['alice', 'bob']) {
      if (lockout.admit(NAT, name) > 0) refused.push(`right password of ${name} at ${minute}`);
      else lockout.succeed(NAT, name);
    }
    clock.advance(5 * MINUTE);
  }
  assert.deepEqual(refused, []);
});

test('whatever others did from everywhere, a minute of rest lets a name be tried again', () => {
  const event = fc.record({
    source: fc.integer({ min: 0, max: 40 }),
    name: fc.constantFrom('', 'alice', 'bob', 'carol'),
    right: fc.boolean(),
    pause: fc.nat(3000),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 400 }), (events) => {
      const { clock, lockout } = create();
      for (const { source, name, right, pause } of events) {
        const address = addressOf(`10.0.0.${source}`);
        const seconds = lockout.admit(address, name);
        assert.ok(Number.isInteger(seconds) && seconds >= 0 && seconds <= 60);
        if (seconds === 0 && right) lockout.succeed(address, name);
        clock.advance(pause);
      }
      clock.advance(MINUTE);
      for (let source = 0; source <= 40; source++)
        assert.equal(lockout.admit(addressOf(`10.0.0.${source}`), ['alice', 'bob', 'carol'][source % 3]!), 0);
    }),
  );
});
