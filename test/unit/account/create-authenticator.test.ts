/** Credentials from end to end: real hashing, real lockout, a clock that the test moves. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { Authentication, Authenticator } from '../../../src/account/authenticator.ts';
import { createAuthenticator } from '../../../src/account/create-authenticator.ts';
import {
  type PasswordHasher,
  type PasswordHasherOptions,
  PasswordError,
  createPasswordHasher,
} from '../../../src/account/password.ts';
import { AccountTable, HandClock, addressOf } from './account-table.ts';

const NAT = addressOf('198.51.100.7');
const ELSEWHERE = addressOf('203.0.113.9');
const BAD: Authentication = { kind: 'bad-credentials' };
const WRONG_USER: Authentication = { kind: 'bad-credentials', why: 'wrong-user' };
const ALICE: Authentication = {
  kind: 'authenticated',
  principal: { kind: 'account', account: 'alice', admin: false },
};

interface Room {
  readonly table: AccountTable;
  readonly passwords: PasswordHasher;
  readonly clock: HandClock;
  readonly authenticator: Authenticator;
}

/** An authenticator with the accounts alice (password `right`), root (administrator, `master`) and bob (tokens only). */
async function openRoom(t: TestContext, options: PasswordHasherOptions = {}): Promise<Room> {
  const passwords = createPasswordHasher({ cost: 4, threads: 1, sourceLimit: 40, ...options });
  t.after(() => passwords.close());
  const table = new AccountTable();
  table.addAccount('alice', await passwords.hash('right'));
  table.addAccount('root', await passwords.hash('master'), true);
  table.addAccount('bob', null);
  table.addHost('home.dyn.test', 'alice');
  const clock = new HandClock();
  return {
    table,
    passwords,
    clock,
    authenticator: createAuthenticator({ accounts: table, passwords, clock }),
  };
}

/** The answer given in the same turn; fails where it has to be waited for. */
function atOnce(answer: Authentication | Promise<Authentication>): Authentication {
  assert.ok(!(answer instanceof Promise), 'answered at once');
  return answer;
}

function authenticateAs(room: Room, user: string, secret: string, source = NAT) {
  return room.authenticator.authenticate({ user, secret }, source);
}

test('an account by its password, the name in any case', async (t) => {
  const room = await openRoom(t);
  assert.deepEqual(await authenticateAs(room, 'alice', 'right'), ALICE);
  assert.deepEqual(await authenticateAs(room, 'Alice', 'right'), ALICE);
  assert.deepEqual(await authenticateAs(room, 'root', 'master'), {
    kind: 'authenticated',
    principal: { kind: 'account', account: 'root', admin: true },
  });
});

test('wrong password, unknown account and account without password: the same work, the same answer', async (t) => {
  const room = await openRoom(t);
  for (const user of ['alice', 'nobody', 'bob', 'home.dyn.test']) {
    const answer = authenticateAs(room, user, 'wrong');
    assert.equal(room.passwords.pending, 1, `${user} is computed`);
    assert.deepEqual(await answer, BAD);
  }
});

test('wrong password and unknown account are locked out after the same number of tries', async (t) => {
  const room = await openRoom(t);
  const kindsFor = async (user: string): Promise<string[]> => {
    const kinds: string[] = [];
    for (let i = 0; i < 8; i++) kinds.push((await authenticateAs(room, user, `guess ${i}`)).kind);
    return kinds;
  };
  const known = await kindsFor('alice');
  assert.deepEqual(await kindsFor('nobody'), known);
  assert.deepEqual(known.slice(4), ['bad-credentials', 'bad-credentials', 'locked-out', 'locked-out']);
});

test('a name that no account can have is answered without computing', async (t) => {
  const room = await openRoom(t);
  for (const user of ['', 'a:b', 'x'.repeat(5000)])
    assert.deepEqual(atOnce(authenticateAs(room, user, 'x')), BAD);
});

test('an empty secret proves nothing, not even where the password is empty', async (t) => {
  const room = await openRoom(t);
  room.table.addAccount('careless', await room.passwords.hash(''));
  for (const user of ['careless', 'alice', 'bob', ''])
    for (let i = 0; i < 100; i++) assert.deepEqual(atOnce(authenticateAs(room, user, '')), BAD);
});

test('a token answers at once, as account, host or bearer', async (t) => {
  const room = await openRoom(t);
  const secret = room.table.addToken('alice');
  for (const user of ['alice', 'HOME.dyn.test.', '']) {
    const answer = atOnce(authenticateAs(room, user, secret));
    assert.equal(answer.kind === 'authenticated' && answer.principal.kind, 'token');
  }
  assert.deepEqual(atOnce(authenticateAs(room, 'root', secret)), WRONG_USER);
});

test('a password that proved right answers at once for an hour, then is computed again', async (t) => {
  const room = await openRoom(t);
  assert.ok(authenticateAs(room, 'alice', 'right') instanceof Promise);
  await authenticateAs(room, 'alice', 'right');
  assert.deepEqual(atOnce(authenticateAs(room, 'alice', 'right', ELSEWHERE)), ALICE);
  room.clock.advance(3_599_999);
  assert.deepEqual(atOnce(authenticateAs(room, 'alice', 'right')), ALICE);
  room.clock.advance(1);
  const again = authenticateAs(room, 'alice', 'right');
  assert.equal(room.passwords.pending, 1);
  assert.deepEqual(await again, ALICE);
});

test('a changed password drops the old one at once and takes the new one, also if that was wrong before', async (t) => {
  const room = await openRoom(t);
  assert.deepEqual(await authenticateAs(room, 'alice', 'right'), ALICE);
  assert.deepEqual(await authenticateAs(room, 'alice', 'new'), BAD);
  room.table.addAccount('alice', await room.passwords.hash('new'));
  assert.deepEqual(await authenticateAs(room, 'alice', 'right'), BAD);
  assert.deepEqual(await authenticateAs(room, 'alice', 'new'), ALICE);
});

test('a removed account and withdrawn rights hold at once, remembered or not', async (t) => {
  const room = await openRoom(t);
  await authenticateAs(room, 'root', 'master');
  room.table.addAccount('root', room.table.account('root')!.passwordHash, false);
  assert.deepEqual(atOnce(authenticateAs(room, 'root', 'master')), {
    kind: 'authenticated',
    principal: { kind: 'account', account: 'root', admin: false },
  });
  room.table.accounts.delete('root');
  assert.deepEqual(await authenticateAs(room, 'root', 'master'), BAD);
});

test('an account that changes while its password is checked is not logged in with the old one', async (t) => {
  const room = await openRoom(t);
  const hash = await room.passwords.hash('new');
  const answer = authenticateAs(room, 'alice', 'right');
  room.table.addAccount('alice', hash);
  assert.deepEqual(await answer, BAD);
  const removed = authenticateAs(room, 'root', 'master');
  room.table.accounts.delete('root');
  assert.deepEqual(await removed, BAD);
});

test('the same credentials many times at once are computed once and never locked out', async (t) => {
  const room = await openRoom(t);
  const answers = Array.from({ length: 100 }, async () => authenticateAs(room, 'alice', 'right'));
  assert.equal(room.passwords.pending, 1);
  for (const answer of await Promise.all(answers)) assert.deepEqual(answer, ALICE);
});

test('guesses in parallel gain nothing over guesses one by one', async (t) => {
  const room = await openRoom(t);
  const answers = await Promise.all(
    Array.from({ length: 40 }, async (_, i) => authenticateAs(room, 'alice', `guess ${i}`)),
  );
  const kinds = answers.map((answer) => answer.kind);
  assert.equal(kinds.filter((kind) => kind === 'bad-credentials').length, 6);
  assert.equal(kinds.filter((kind) => kind === 'locked-out').length, 34);
});

test('from a locked-out source, valid tokens and remembered passwords get through; a right password has to wait', async (t) => {
  const room = await openRoom(t);
  const secret = room.table.addToken('alice');
  await authenticateAs(room, 'root', 'master');
  const wrong = Array.from({ length: 60 }, () =>
    atOnce(authenticateAs(room, '', room.table.addToken('gone'))),
  );
  assert.equal(wrong.filter(({ kind }) => kind === 'locked-out').length, 60 - 31, 'wrong tokens count');
  assert.equal(atOnce(authenticateAs(room, 'alice', secret)).kind, 'authenticated');
  assert.equal(atOnce(authenticateAs(room, 'root', 'master')).kind, 'authenticated');
  const refused = atOnce(authenticateAs(room, 'alice', 'right'));
  assert.ok(refused.kind === 'locked-out' && refused.retryAfterSeconds > 0);
  assert.equal(room.passwords.pending, 0, 'nothing is computed');
  assert.deepEqual(await authenticateAs(room, 'alice', 'right', ELSEWHERE), ALICE);
  room.clock.advance(refused.retryAfterSeconds * 1000);
  assert.deepEqual(await authenticateAs(room, 'alice', 'right'), ALICE);
});

test('a client that retries a wrong password for ever costs one check an hour and locks out nobody', async (t) => {
  const room = await openRoom(t);
  let computed = 0;
  for (let minute = 0; minute < 24 * 60; minute += 5) {
    const answer = authenticateAs(room, 'alice', 'mistyped');
    if (answer instanceof Promise) computed++;
    assert.deepEqual(await answer, BAD);
    // A neighbour logs in with a password, seldom enough to be checked afresh each time.
    if (minute % 120 === 0)
      assert.equal((await authenticateAs(room, 'root', 'master')).kind, 'authenticated');
    room.clock.advance(300_000);
  }
  assert.equal(computed, 24);
  assert.deepEqual(await authenticateAs(room, 'alice', 'right'), ALICE);
});

test('a full queue answers overloaded, counts nothing, and recovers', async (t) => {
  const room = await openRoom(t, { queueLimit: 1 });
  const waiting = ['alice', 'root'].map(async (user) => authenticateAs(room, user, 'wrong', ELSEWHERE));
  for (let i = 0; i < 50; i++) {
    const answer = await authenticateAs(room, 'alice', `guess ${i}`);
    assert.ok(answer.kind === 'overloaded' && answer.retryAfterSeconds > 0, `${i}: ${answer.kind}`);
    // Not even a promise is made for one: refusing is what has to be cheap.
    const again = room.authenticator.authenticate({ user: 'alice', secret: `guess ${i}` }, ELSEWHERE);
    assert.ok(!(again instanceof Promise));
  }
  for (const answer of await Promise.all(waiting)) assert.deepEqual(answer, BAD);
  assert.deepEqual(await authenticateAs(room, 'alice', 'right'), ALICE);
});

test('one source does not take the queue from the others', async (t) => {
  const room = await openRoom(t, { cost: 8, queueLimit: 32, sourceLimit: 2 });
  const greedy = Array.from({ length: 5 }, async (_, i) => authenticateAs(room, `name${i}`, 'x', ELSEWHERE));
  assert.deepEqual(await authenticateAs(room, 'alice', 'right'), ALICE);
  const kinds = (await Promise.all(greedy)).map((answer) => answer.kind);
  assert.deepEqual(kinds.sort(), [
    'bad-credentials',
    'bad-credentials',
    'overloaded',
    'overloaded',
    'overloaded',
  ]);
});

test('a crowd of strangers does not keep out a network from which somebody logged in before', async (t) => {
  const room = await openRoom(t, { cost: 6, queueLimit: 8 });
  assert.deepEqual(await authenticateAs(room, 'root', 'master', NAT), {
    kind: 'authenticated',
    principal: { kind: 'account', account: 'root', admin: true },
  });
  const crowd = Array.from({ length: 50 }, async (_, i) =>
    authenticateAs(room, `name${i}`, 'x', addressOf(`198.51.100.${i + 100}`)),
  );
  assert.equal((await authenticateAs(room, 'alice', 'right', ELSEWHERE)).kind, 'overloaded');
  assert.deepEqual(await authenticateAs(room, 'alice', 'right', NAT), ALICE);
  const kinds = (await Promise.all(crowd)).map(({ kind }) => kind);
  assert.equal(kinds.filter((kind) => kind === 'bad-credentials').length, 1 + 6);
});

test('while the process ends, clients are told to come back', async (t) => {
  const room = await openRoom(t);
  const underWay = authenticateAs(room, 'alice', 'right');
  await room.passwords.close();
  assert.equal((await underWay).kind, 'overloaded');
  assert.equal((await authenticateAs(room, 'root', 'master')).kind, 'overloaded');
});

test('a stored hash that is none is an error for the operator, not a wrong password', async (t) => {
  const room = await openRoom(t);
  room.table.addAccount('broken', 'plain text');
  for (let i = 0; i < 20; i++) {
    await assert.rejects(
      async () => authenticateAs(room, 'broken', 'plain text'),
      (error) => error instanceof PasswordError && error.code === 'failed',
    );
  }
});
