/** Which user names a device may send with its token. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import {
  type TokenResolution,
  createTokenResolver,
  resolveGnudip,
} from '../../../src/account/resolve-token.ts';
import { gnudipKey, gnudipProof } from '../../../src/account/token.ts';
import { AccountTable, nameOf } from './account-table.ts';

const table = new AccountTable();
table.addAccount('alice', null);
table.addAccount('bob', null);
table.addAccount('carol@example.org', null);
for (const fqdn of ['home.dyn.test', 'nas.dyn.test']) table.addHost(fqdn, 'alice');
table.addHost('bob.dyn.test', 'bob');
const wide = table.addToken('alice');
const narrow = table.addToken('alice', ['nas.dyn.test']);
const carols = table.addToken('carol@example.org');
const orphan = table.addToken('gone');
const resolve = createTokenResolver(table);

const CASES: readonly (readonly [
  user: string,
  secret: string,
  kind: TokenResolution['kind'],
  what: string,
])[] = [
  ['alice', wide, 'resolved', 'the account'],
  ['ALICE', wide, 'resolved', 'the account in capitals'],
  ['alice.', wide, 'resolved', 'the account with a trailing dot'],
  ['', wide, 'resolved', 'a bearer'],
  ['Carol@Example.org', carols, 'resolved', 'an account named as an e-mail address'],
  ['home.dyn.test', wide, 'resolved', 'a host of the account'],
  ['HOME.dyn.TEST.', wide, 'resolved', 'a host in capitals with a trailing dot'],
  ['nas.dyn.test', narrow, 'resolved', 'the host of a token for one'],
  ['alice', narrow, 'resolved', 'the account with a token for one host'],
  ['home.dyn.test', narrow, 'wrong-user', 'another host of the account'],
  ['bob.dyn.test', wide, 'wrong-user', 'a host of another account'],
  ['none.dyn.test', wide, 'wrong-user', 'a host that does not exist'],
  ['dyn.test', wide, 'wrong-user', 'the zone'],
  ['bob', wide, 'wrong-user', 'another account'],
  ['alice..', wide, 'wrong-user', 'two trailing dots'],
  ['.', wide, 'wrong-user', 'a dot'],
  [' alice', wide, 'wrong-user', 'a blank before'],
  ['\\', wide, 'wrong-user', 'a broken escape'],
  ['x'.repeat(100_000), wide, 'wrong-user', 'a very long name'],
  ['alice', wide.toLowerCase(), 'no-token', 'the secret in lower case'],
  ['alice', wide + ' ', 'no-token', 'the secret with a blank'],
  ['alice', wide.slice(0, -1), 'no-token', 'the secret cut short'],
  ['alice', '', 'no-token', 'no secret'],
  ['', '', 'no-token', 'nothing at all'],
  ['gone', orphan, 'no-token', 'a token whose account is gone'],
];

for (const [user, secret, kind, what] of CASES) {
  test(`${what}: ${kind}`, () => {
    assert.equal(resolve({ user, secret }).kind, kind);
  });
}

test('the principal carries the account, the token and its hosts', () => {
  const resolution = resolve({ user: 'nas.dyn.test', secret: narrow });
  assert.equal(resolution.kind, 'resolved');
  assert.equal(resolution.principal.account, 'alice');
  assert.deepEqual(resolution.principal.hosts, new Set([nameOf('nas.dyn.test')]));
  const stored = [...table.tokens.values()].find((token) => token.hosts?.length === 1);
  assert.equal(resolution.principal.tokenId, stored?.id);
  const unlimited = resolve({ user: '', secret: wide });
  assert.equal(unlimited.kind === 'resolved' && unlimited.principal.hosts, null);
});

test('a digest is no secret: what is stored does not log in', () => {
  for (const digest of table.tokens.keys())
    assert.equal(resolve({ user: '', secret: digest }).kind, 'no-token');
});

test('a revoked token is none at once; a token replaced under its digest has its new hosts', () => {
  const secret = table.addToken('alice', ['home.dyn.test']);
  assert.equal(resolve({ user: 'home.dyn.test', secret }).kind, 'resolved');
  const [digest, token] = [...table.tokens].at(-1)!;
  table.tokens.set(digest, { ...token, hosts: [nameOf('nas.dyn.test')] });
  assert.equal(resolve({ user: 'home.dyn.test', secret }).kind, 'wrong-user');
  table.tokens.delete(digest);
  assert.equal(resolve({ user: 'alice', secret }).kind, 'no-token');
});

test('under another token key no earlier token is one, and later ones are', () => {
  const other = new AccountTable();
  other.addAccount('alice', null);
  const resolveOther = createTokenResolver(other);
  const before = other.addToken('alice');
  assert.equal(resolveOther({ user: '', secret: before }).kind, 'resolved');
  other.tokenKey = randomBytes(32);
  const after = other.addToken('alice');
  assert.equal(resolveOther({ user: '', secret: before }).kind, 'no-token');
  assert.equal(resolveOther({ user: '', secret: after }).kind, 'resolved');
});

test('a token’s id is a user name of it', () => {
  const id = [...table.tokens.values()].find((token) => token.hosts?.length === 1)!.id;
  assert.equal(resolve({ user: id, secret: narrow }).kind, 'resolved');
  assert.equal(resolve({ user: id, secret: wide }).kind, 'wrong-user');
});

test('a GnuDIP proof holds for a token made for it, with its salt, and for no other', () => {
  const [, plain] = [...table.tokens][0]!;
  const key = gnudipKey('secret');
  assert.equal(key, '5ebe2294ecd0e0f08eab7690d2a6ee69');
  const made = { ...plain, id: 'made', gnudip: key };
  const directory = { token: (id: string) => [plain, made].find((token) => token.id === id) };
  const claim = { id: 'made', salt: 'abcdefghij', proof: gnudipProof(key, 'abcdefghij') };
  const resolution = resolveGnudip(directory, claim);
  assert.equal(resolution.kind === 'authenticated' && resolution.principal.kind === 'token', true);
  assert.equal(
    resolveGnudip(directory, { ...claim, proof: claim.proof.toUpperCase() }).kind,
    'authenticated',
  );
  for (const wrong of [
    { salt: 'abcdefghik' },
    { proof: claim.proof.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) },
    { proof: '' },
    { id: 'nobody' },
    { id: plain.id },
    { id: plain.id, proof: gnudipProof('', claim.salt) },
    { id: 'nobody', proof: gnudipProof('', claim.salt) },
  ])
    assert.deepEqual(resolveGnudip(directory, { ...claim, ...wrong }), { kind: 'bad-credentials' });
});
