/** What administration must not do to hosts that devices update at the same time or that are there already. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createAdministrator } from '../../../src/update/admin/create-administrator.ts';
import { type Room, alice, createRoom, ip, name } from './fixture.ts';

function administratorOf({ store, committer, clock }: Room): ReturnType<typeof createAdministrator> {
  return createAdministrator({
    view: store.view,
    committer,
    clock,
    hashPassword: (password) => Promise.resolve(`hash of ${password.length} characters`),
  });
}

it('does not lose an update to a "host set" that was given while the host was being added', async () => {
  const room = await createRoom();
  const administrator = administratorOf(room);
  const gate = Promise.withResolvers<undefined>();
  room.store.gate = gate.promise;
  const added = administrator.execute({
    kind: 'host-add',
    fqdn: 'new.dyn.test',
    account: 'alice',
    ttl: 60,
    wildcard: false,
  });
  const set = administrator.execute({ kind: 'host-set', fqdn: 'new.dyn.test', addresses: ['192.0.2.7'] });
  const updated = room.service.update({
    principal: alice,
    hostnames: [name('new.dyn.test')],
    ipv4: { kind: 'keep' },
    ipv6: { kind: 'set', address: ip('2001:db8::7') },
  });
  gate.resolve(undefined);
  assert.ok((await added).ok);
  assert.ok((await set).ok);
  const result = await updated;
  assert.equal(result.kind === 'hosts' && result.outcomes[0]!.kind, 'changed');
  assert.equal(room.host('new.dyn.test')?.ipv4, ip('192.0.2.7'));
  assert.equal(room.host('new.dyn.test')?.ipv6, ip('2001:db8::7'));
});

it('does not take a host away from its zone by importing a zone below it', async () => {
  const room = await createRoom();
  const before = room.host('home.dyn.test');
  const text = '$ORIGIN home.dyn.test.\n@ 300 SOA ns1 hostmaster 1 300 60 1209600 60\n@ 300 NS ns1\n';
  assert.ok(before !== undefined);
  const result = await administratorOf(room).execute({ kind: 'zone-import', apex: 'home.dyn.test', text });
  assert.equal(
    result.ok ? 'imported' : result.message,
    'host home.dyn.test belongs to the zone above: remove it before home.dyn.test becomes a zone',
  );
  assert.equal(room.host('home.dyn.test'), before);
});
