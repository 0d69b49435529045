/** TXT values end with their host: nobody inherits the proof that somebody else once had of a name. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RRTYPE } from '../../../src/zone/rrtype.ts';
import { alice, name } from './fixture.ts';
import { createOffice, value, zoneAdd } from './office.ts';

const HOME = 'home.dyn.test';
const CHALLENGE = `_acme-challenge.${HOME}`;

async function officeWithValues() {
  const office = await createOffice();
  const set = async (owner: string, text: string) => {
    const change = { kind: 'add', value: text } as const;
    const result = await office.service.updateTxt({ principal: alice, owners: [name(owner)], change });
    assert.deepEqual(result, { kind: 'txt', outcomes: [{ kind: 'changed' }] });
  };
  await set(HOME, 'own');
  await set(CHALLENGE, 'challenge');
  await set('_acme-challenge.vpn.dyn.test', 'neighbour');
  const txt = (owner: string): number =>
    office.store.view.zoneFor(name(owner))?.staticRRset(name(owner), RRTYPE.TXT)?.rdata.length ?? 0;
  return { ...office, txt };
}

describe('the TXT values of a host', () => {
  it('go with it, in the same commit, and are named', async () => {
    const { run, txt, store } = await officeWithValues();
    const before = store.commits.length;
    const removed = value(await run({ kind: 'host-remove', fqdn: HOME }));
    assert.deepEqual(removed, {
      removed: HOME,
      records: [`${HOME}. 60 TXT "own"`, `${CHALLENGE}. 60 TXT "challenge"`],
    });
    assert.deepEqual([txt(HOME), txt(CHALLENGE), txt('_acme-challenge.vpn.dyn.test')], [0, 0, 1]);
    assert.equal(store.commits.length, before + 1);
    assert.deepEqual(
      store.commits.at(-1)!.map(({ kind }) => kind),
      ['host-remove', 'rrset-remove', 'rrset-remove', 'zone-put'],
    );
  });

  it('are not there for whoever gets the name next', async () => {
    const { run, txt } = await officeWithValues();
    await run({ kind: 'host-remove', fqdn: HOME });
    const added = await run({ kind: 'host-add', fqdn: HOME, account: 'bob', ttl: 60, wildcard: false });
    assert.ok(added.ok);
    assert.deepEqual([txt(HOME), txt(CHALLENGE)], [0, 0]);
  });

  it('stay with it where nothing can be written', async () => {
    const { run, txt, store } = await officeWithValues();
    store.broken = true;
    const refused = await run({ kind: 'host-remove', fqdn: HOME });
    assert.equal(refused.ok ? 'removed' : refused.code, 'unavailable');
    assert.ok(store.view.host(name(HOME)) !== undefined);
    assert.deepEqual([txt(HOME), txt(CHALLENGE)], [1, 1]);
  });

  it('leave alone what is another host’s, and other types', async () => {
    const { run, txt, store } = await officeWithValues();
    value(
      await run({ kind: 'host-add', fqdn: 'sub.vpn.dyn.test', account: 'alice', ttl: 60, wildcard: false }),
    );
    value(await run({ kind: 'record-set', owner: HOME, type: 'MX', values: ['10 mail.dyn.test.'] }));
    value(await run({ kind: 'record-set', owner: `www.${HOME}`, type: 'TXT', values: ['"below"'] }));
    value(await run({ kind: 'host-remove', fqdn: HOME }));
    const zone = store.view.zone(name('dyn.test'))!;
    assert.equal(zone.staticRRset(name(HOME), RRTYPE.MX)?.rdata.length, 1);
    assert.equal(txt(`www.${HOME}`), 1);
    value(await run({ kind: 'host-remove', fqdn: 'sub.vpn.dyn.test' }));
    assert.equal(txt('_acme-challenge.vpn.dyn.test'), 1);
  });

  it('go with their zone, whose hosts must have gone before; and with the hosts of an account', async () => {
    const { run, txt } = await officeWithValues();
    const kept = await run({ kind: 'account-remove', name: 'alice' });
    assert.equal(kept.ok ? 'removed' : kept.code, 'conflict');
    for (const fqdn of [HOME, 'vpn.dyn.test', 'shop.dyn.test'])
      value(await run({ kind: 'host-remove', fqdn }));
    value(await run({ kind: 'account-remove', name: 'alice' }));
    value(await run({ kind: 'record-set', owner: CHALLENGE, type: 'TXT', values: ['"left"'] }));
    value(await run({ kind: 'zone-remove', apex: 'dyn.test' }));
    value(await run({ ...zoneAdd, apex: 'dyn.test', accept: 'private' }));
    assert.deepEqual([txt(HOME), txt(CHALLENGE), txt('_acme-challenge.vpn.dyn.test')], [0, 0, 0]);
  });
});
