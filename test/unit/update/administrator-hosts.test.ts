/** What administration must not do to hosts that devices update at the same time or that are there already. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { RRTYPE } from '../../../src/zone/rrtype.ts';
import { isLaterSerial } from '../../../src/zone/serial.ts';
import { alice, ip, name } from './fixture.ts';
import { createOffice } from './office.ts';

it('does not lose an update to a "host set" that was given while the host was being added', async () => {
  const room = await createOffice();
  const { administrator } = room;
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

it('blocks a host against its devices, not against the operator, and leaves what is published alone', async () => {
  const room = await createOffice();
  const { administrator } = room;
  const zone = room.store.view.zone(name('dyn.test'))!;
  const updated = async (address: string): Promise<string> => {
    const result = await room.service.update({
      principal: alice,
      hostnames: [name('home.dyn.test')],
      ipv4: { kind: 'set', address: ip(address) },
      ipv6: { kind: 'keep' },
    });
    return result.kind === 'hosts' ? result.outcomes[0]!.kind : result.kind;
  };
  const fqdn = 'home.dyn.test';
  assert.equal(await updated('192.0.2.1'), 'changed');
  const serial = zone.settings.serial;
  const blocked = await administrator.execute({ kind: 'host-block', fqdn: 'HOME.dyn.test.' });
  assert.ok(blocked.ok);
  assert.deepEqual(
    [blocked.value.fqdn, blocked.value.blocked, blocked.value.changed, blocked.value.ipv4],
    [fqdn, true, true, '192.0.2.1'],
  );
  const again = await administrator.execute({ kind: 'host-block', fqdn });
  assert.ok(again.ok && !again.value.changed && again.value.blocked);
  assert.equal(await updated('192.0.2.2'), 'blocked');
  assert.equal(await updated('192.0.2.1'), 'blocked');
  assert.equal(zone.settings.serial, serial, 'what DNS answers has not changed');
  assert.equal(zone.node(name(fqdn))!.rrset(RRTYPE.A)!.rdata.length, 1);

  const set = await administrator.execute({ kind: 'host-set', fqdn, addresses: ['192.0.2.3'] });
  assert.ok(set.ok && set.value.changed && set.value.blocked);
  assert.equal(room.host(fqdn)?.ipv4, ip('192.0.2.3'));
  assert.ok(isLaterSerial(zone.settings.serial, serial));

  const unblocked = await administrator.execute({ kind: 'host-unblock', fqdn });
  assert.ok(unblocked.ok && unblocked.value.changed && !unblocked.value.blocked);
  assert.equal(await updated('192.0.2.4'), 'changed');
  const unknown = await administrator.execute({ kind: 'host-block', fqdn: 'none.dyn.test' });
  assert.equal(unknown.ok ? 'blocked' : unknown.code, 'not-found');
});

it('plans an update after the block that was given before it', async () => {
  const room = await createOffice();
  const gate = Promise.withResolvers<undefined>();
  room.store.gate = gate.promise;
  const blocking = room.administrator.execute({ kind: 'host-block', fqdn: 'home.dyn.test' });
  const updating = room.service.update({
    principal: alice,
    hostnames: [name('home.dyn.test')],
    ipv4: { kind: 'keep' },
    ipv6: { kind: 'clear' },
  });
  gate.resolve(undefined);
  assert.ok((await blocking).ok);
  assert.deepEqual(await updating, { kind: 'hosts', outcomes: [{ kind: 'blocked' }] });
});

it('does not take a host away from its zone by importing a zone below it', async () => {
  const room = await createOffice();
  const before = room.host('home.dyn.test');
  const text = '$ORIGIN home.dyn.test.\n@ 300 SOA ns1 hostmaster 1 300 60 1209600 60\n@ 300 NS ns1\n';
  assert.ok(before !== undefined);
  const result = await room.administrator.execute({ kind: 'zone-import', apex: 'home.dyn.test', text });
  assert.equal(
    result.ok ? 'imported' : result.message,
    'host home.dyn.test belongs to the zone above: remove it before home.dyn.test becomes a zone',
  );
  assert.deepEqual(room.host('home.dyn.test'), before);
});
