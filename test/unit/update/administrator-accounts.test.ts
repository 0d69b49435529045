/** Accounts, hosts and tokens: added, changed, removed, refused. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestTokenSecret, gnudipKey } from '../../../src/account/token.ts';
import { ip, name } from './fixture.ts';
import { createOffice, refusal, value } from './office.ts';

describe('account, host and token commands', () => {
  it('adds accounts with a hashed password and keeps those that own hosts', async () => {
    const { run, store } = await createOffice();
    const added = value(
      await run({ kind: 'account-add', name: 'Carol', admin: true, password: 'correct horse' }),
    );
    assert.deepEqual(added, {
      name: 'carol',
      admin: true,
      password: true,
      createdAt: '2023-11-14T22:13:20.000Z',
    });
    assert.equal(store.view.account('carol')?.passwordHash, 'hash of 13 characters');
    assert.match(
      refusal(await run({ kind: 'account-add', name: 'carol', admin: false, password: null })),
      /^exists/,
    );
    assert.match(
      refusal(await run({ kind: 'account-add', name: 'a:b', admin: false, password: null })),
      /^invalid/,
    );
    assert.match(refusal(await run({ kind: 'account-passwd', name: 'carol', password: 'abc' })), /at least/);
    assert.match(
      refusal(await run({ kind: 'account-passwd', name: 'carol', password: 'ä'.repeat(600) })),
      /at most/,
    );
    assert.match(refusal(await run({ kind: 'account-remove', name: 'alice' })), /still owns home.dyn.test/);
    assert.deepEqual(value(await run({ kind: 'account-remove', name: 'carol' })), { removed: 'carol' });
  });

  it('adds, sets, shows and removes hosts', async () => {
    const { run, host } = await createOffice();
    const add = {
      kind: 'host-add',
      fqdn: 'NAS.dyn.test',
      account: 'alice',
      ttl: 60,
      wildcard: true,
    } as const;
    assert.equal(value(await run(add)).fqdn, 'nas.dyn.test');
    assert.match(refusal(await run(add)), /^exists/);
    assert.match(refusal(await run({ ...add, fqdn: 'x.else.test' })), /^not-found: no zone holds/);
    assert.match(
      refusal(await run({ ...add, fqdn: 'x.dyn.test', account: 'nobody' })),
      /^not-found: no account/,
    );
    const shown = value(
      await run({ kind: 'host-set', fqdn: 'nas.dyn.test', addresses: ['10.0.0.9', '2001:db8::9'] }),
    );
    assert.deepEqual([shown.ipv4, shown.ipv6, shown.changed], ['10.0.0.9', '2001:db8::9', true]);
    assert.equal(
      value(await run({ kind: 'host-set', fqdn: 'nas.dyn.test', addresses: ['10.0.0.9'] })).changed,
      false,
    );
    const twice = { kind: 'host-set', fqdn: 'nas.dyn.test', addresses: ['10.0.0.1', '10.0.0.2'] } as const;
    assert.match(refusal(await run(twice)), /one IPv4 address/);
    assert.match(
      refusal(await run({ ...twice, addresses: ['127.0.0.1'] })),
      /^conflict: 127.0.0.1 is loopback/,
    );
    value(await run({ ...twice, addresses: ['none'] }));
    assert.equal(host('nas.dyn.test')?.ipv4, null);
    value(await run({ kind: 'host-remove', fqdn: 'nas.dyn.test' }));
    assert.match(refusal(await run({ kind: 'host-show', fqdn: 'nas.dyn.test' })), /^not-found/);
    assert.deepEqual(
      value(await run({ kind: 'host-list', account: 'bob' })).map((info) => info.fqdn),
      ['shop.dyn.test'],
    );
  });

  it('gives a token secret once, stores its digest, and revokes it', async () => {
    const { run, store } = await createOffice();
    const add = {
      kind: 'token-add',
      account: 'alice',
      hosts: ['home.dyn.test', 'HOME.dyn.test.'],
      label: 'router',
    } as const;
    const { id, secret } = value(await run(add));
    const token = store.view.tokenByDigest(digestTokenSecret(secret, store.view.tokenKey));
    assert.equal(token?.id, id);
    assert.deepEqual(token.hosts, [name('home.dyn.test')]);
    const listed = JSON.stringify(value(await run({ kind: 'token-list' })));
    assert.ok(!listed.includes(secret) && !listed.includes(gnudipKey(secret)));
    value(await run({ ...add, gnudip: true }));
    assert.deepEqual(
      value(await run({ kind: 'token-list' })).map(({ gnudip }) => gnudip),
      [false, true],
      'the owner sees which of them is stored as MD5, too',
    );
    assert.match(
      refusal(await run({ ...add, hosts: ['shop.dyn.test'] })),
      /^not-found: account alice has no host/,
    );
    value(await run({ kind: 'token-revoke', id }));
    assert.match(refusal(await run({ kind: 'token-revoke', id })), /^not-found/);
  });

  it('reports a store that takes no writes, and changes nothing', async () => {
    const { run, store, host } = await createOffice();
    store.broken = true;
    const failed = await run({ kind: 'host-set', fqdn: 'home.dyn.test', addresses: ['10.0.0.1'] });
    assert.match(refusal(failed), /^unavailable: no space left/);
    assert.notEqual(host('home.dyn.test')?.ipv4, ip('10.0.0.1'));
  });
});
