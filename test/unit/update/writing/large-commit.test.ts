/** Updates do not wait for a large list, and a list that rests on what they changed is planned again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Room } from '../fixture.ts';
import { alice, ip, name } from '../fixture.ts';
import { createOffice, value } from '../office.ts';

const MANY = 3000;
/** Turns of the event loop after which its lines are read and it is being planned. */
const UNDER_WAY = 15;
const LAST = `n${MANY - 1}.dyn.test`;

function rows(...first: { fqdn: string; ttl?: string; ipv4?: string }[]) {
  const many = Array.from({ length: MANY }, (_, i) => ({ fqdn: `n${i}.dyn.test` }));
  return [...first, ...many].map((row, i) => ({ line: i + 1, account: 'alice', ...row }));
}

function update(room: Room, fqdn: string, address: string) {
  return room.service.update({
    principal: alice,
    hostnames: [name(fqdn)],
    ipv4: { kind: 'set', address: ip(address) },
    ipv6: { kind: 'keep' },
  });
}

/** Updates a host again and again until something has ended; how often. */
async function updateUntil(room: Room, fqdn: string, until: Promise<unknown>): Promise<number> {
  const progress = { isOver: false };
  void until.finally(() => (progress.isOver = true));
  let updates = 0;
  for (; !progress.isOver; updates++) {
    const { kind } = await update(room, fqdn, `192.168.${updates >> 8}.${updates & 255}`);
    assert.equal(kind, 'hosts');
  }
  return updates;
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('updates of other hosts go on while a list is imported, and none of either is lost', async () => {
  const office = await createOffice();
  const before = office.store.view.zone(name('dyn.test'))!.settings.serial;
  const importing = office.run({ kind: 'host-import', rows: rows(), existing: 'refuse' });
  const updates = await updateUntil(office, 'home.dyn.test', importing);
  assert.equal(value(await importing).added, MANY);
  assert.ok(updates > 3, `only ${updates} updates`);
  assert.ok(office.host(LAST));
  const last = updates - 1;
  assert.equal(office.host('home.dyn.test')?.ipv4, ip(`192.168.${last >> 8}.${last & 255}`));
  const { serial } = office.store.view.zone(name('dyn.test'))!.settings;
  assert.ok(serial >= before + updates + 1, 'each commit has a serial of its own');
  const large = office.store.commits.findIndex((changes) => changes.length > MANY);
  assert.ok(large > 0 && large < office.store.commits.length, 'the list was not the first commit');
});

test('an address that changes while a list changes the same host is kept, and so is what the list says', async () => {
  const office = await createOffice();
  const importing = office.run({
    kind: 'host-import',
    rows: rows({ fqdn: 'home.dyn.test', ttl: '300' }),
    existing: 'update',
  });
  const updates = await updateUntil(office, 'home.dyn.test', importing);
  assert.equal(value(await importing).updated, 1);
  const home = office.host('home.dyn.test')!;
  assert.equal(home.ttl, 300);
  assert.equal(home.ipv4, ip(`192.168.${(updates - 1) >> 8}.${(updates - 1) & 255}`));
  // Planned again and written in one piece, alone.
  assert.equal(office.store.commits.filter((changes) => changes.length > MANY).length, 1);
});

test('a list that names no address does not undo one that comes between its plan and its commit', async () => {
  const office = await createOffice();
  let open = (): void => undefined;
  office.store.gate = new Promise((resolve) => (open = resolve));
  const importing = office.run({
    kind: 'host-import',
    rows: rows({ fqdn: 'home.dyn.test', ttl: '300' }),
    existing: 'update',
  });
  // Planned by then, and held where it is prepared.
  await turns(500);
  const updating = update(office, 'home.dyn.test', '192.168.7.7');
  open();
  await updating;
  value(await importing);
  assert.deepEqual(
    [office.host('home.dyn.test')?.ipv4, office.host('home.dyn.test')?.ttl],
    [ip('192.168.7.7'), 300],
  );
});

test('tokens for a list of hosts come at once with all of them, while updates go on', async () => {
  const office = await createOffice();
  value(await office.run({ kind: 'host-import', rows: rows(), existing: 'refuse' }));
  const making = office.run({
    kind: 'token-add-for-hosts',
    rows: rows(),
    label: 'many',
    skipExisting: false,
  });
  const updates = await updateUntil(office, LAST, making);
  assert.ok(updates > 3, `only ${updates} updates`);
  const { tokens } = value(await making);
  assert.equal(tokens.length, MANY);
  assert.equal([...office.store.view.tokens()].length, MANY);
});

test('what must be alone waits for a list, also where it came before updates that do not', async () => {
  const office = await createOffice();
  const importing = office.run({ kind: 'host-import', rows: rows(), existing: 'refuse' });
  await turns(UNDER_WAY);
  const adding = office.run({ kind: 'host-add', fqdn: LAST, account: 'alice', ttl: 60, wildcard: false });
  const order: string[] = [];
  void importing.then(() => order.push('list'));
  void adding.then(() => order.push('host'));
  await update(office, 'home.dyn.test', '192.168.1.1');
  order.push('update');
  assert.match(JSON.stringify(await adding), /exists already/);
  value(await importing);
  assert.deepEqual(order, ['update', 'list', 'host']);
});

test('closing waits for a list that is under way, and a disk that is full refuses it and nothing else', async () => {
  const office = await createOffice();
  office.store.broken = true;
  const refused = await office.run({ kind: 'host-import', rows: rows(), existing: 'refuse' });
  assert.ok(!refused.ok && refused.code === 'unavailable');
  office.store.broken = false;
  const importing = office.run({ kind: 'host-import', rows: rows(), existing: 'refuse' });
  await turns(UNDER_WAY);
  await office.committer.close();
  assert.ok(office.host(LAST), 'it was closed before the list was there');
  value(await importing);
});
