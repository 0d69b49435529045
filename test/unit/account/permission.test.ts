/** The two permission predicates, case by case. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { type HostAccess, hostAccess, mayAdminister } from '../../../src/account/permission.ts';
import type { Principal } from '../../../src/account/principal.ts';
import { createHost, nameOf } from './account-table.ts';

const account = (name: string, admin = false): Principal => ({ kind: 'account', account: name, admin });
const token = (name: string, hosts: readonly string[] | null): Principal => ({
  kind: 'token',
  account: name,
  tokenId: 'id',
  hosts: hosts === null ? null : new Set(hosts.map(nameOf)),
});

const home = createHost('home.dyn.test', 'alice');

const CASES: readonly (readonly [
  what: string,
  principal: Principal,
  access: HostAccess,
  administers: boolean,
])[] = [
  ['the operator', { kind: 'operator' }, 'update', true],
  ['the owner', account('alice'), 'update', false],
  ['an administrator who owns it', account('alice', true), 'update', true],
  ['an administrator who does not', account('root', true), 'update', true],
  ['another account', account('bob'), 'none', false],
  ['an account whose name only starts the same', account('alice2'), 'none', false],
  ['a token for all hosts of the owner', token('alice', null), 'update', false],
  ['a token for this host', token('alice', ['home.dyn.test']), 'update', false],
  ['a token for this host among others', token('alice', ['nas.dyn.test', 'HOME.dyn.test']), 'update', false],
  ['a token of the owner for another host', token('alice', ['nas.dyn.test']), 'see', false],
  ['a token of the owner for no host', token('alice', []), 'see', false],
  ['a token for a host below', token('alice', ['a.home.dyn.test']), 'see', false],
  ['a token of another account', token('bob', null), 'none', false],
  ['a token of another account that names this host', token('bob', ['home.dyn.test']), 'none', false],
];

for (const [what, principal, access, administers] of CASES) {
  const whenBlocked = access === 'update' && principal.kind !== 'operator' ? 'blocked' : access;
  test(`${what}, once the host is blocked: ${whenBlocked}`, () => {
    assert.equal(hostAccess(principal, { ...home, blocked: true }), whenBlocked);
  });
  test(`${what}: ${access}${administers ? ', administers' : ''}`, () => {
    assert.equal(hostAccess(principal, home), access);
    assert.equal(mayAdminister(principal), administers);
  });
}
