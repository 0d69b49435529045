/** What a large commit has made so is not told as unchanged before it is served, and nobody else waits for that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommitListener } from '../../../../src/store/commit-listeners.ts';
import type { OutcomeKind } from '../../../../src/update/outcome.ts';
import { alice, ip, name } from '../fixture.ts';
import { createOffice, value } from '../office.ts';

/** A list that is committed while updates go on, and one that is committed in turn with them. */
const LONG = 3000;
const SHORT = 1000;
const TARGET = '192.168.9.9';

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** An office in which commits of more than 900 changes are served when `serve` is called. */
async function openSlowly() {
  const office = await createOffice();
  let serve = (): void => undefined;
  const served = new Promise<void>((resolve) => (serve = resolve));
  const hear: CommitListener = (changes) => (changes.length > 900 ? served : undefined);
  office.store.onCommit(hear);
  const order: string[] = [];
  return {
    office,
    serve,
    order,
    /** Imports so many new hosts behind these. */
    list: (count: number, ...first: { fqdn: string; ipv4?: string; ttl?: string }[]) => {
      const many = Array.from({ length: count }, (_, i) => ({ fqdn: `n${i}.dyn.test` }));
      const rows = [...first, ...many].map((row, i) => ({ line: i + 1, account: 'alice', ...row }));
      return office.run({ kind: 'host-import', rows, existing: 'update' });
    },
    /** Updates to the target and notes when that was told. */
    update: async (...labels: string[]): Promise<readonly OutcomeKind[]> => {
      const result = await office.service.update({
        principal: alice,
        hostnames: labels.map((label) => name(`${label}.dyn.test`)),
        ipv4: { kind: 'set', address: ip(TARGET) },
        ipv6: { kind: 'keep' },
      });
      order.push(labels.join());
      assert.ok(result.kind === 'hosts');
      return result.outcomes.map(({ kind }) => kind);
    },
    isVisible: () => office.host('home.dyn.test')?.ipv4 === ip(TARGET),
  };
}

test('an unchanged update waits for a list that made it so, others do not', async () => {
  const { office, serve, order, list, update, isVisible } = await openSlowly();
  const importing = list(LONG, { fqdn: 'home.dyn.test', ipv4: TARGET });
  while (!isVisible()) await turns(1);
  const same = update('home');
  assert.deepEqual(await update('vpn'), ['changed']);
  assert.deepEqual(await update('vpn'), ['unchanged']);
  await turns(20);
  assert.deepEqual(order, ['vpn', 'vpn']);
  serve();
  assert.deepEqual(await same, ['unchanged']);
  value(await importing);
  assert.deepEqual(await update('home'), ['unchanged']);
  assert.equal(office.committer.isPending(name('home.dyn.test')), false);
});

test('so does one that changes another host', async () => {
  const { serve, order, list, update, isVisible } = await openSlowly();
  const importing = list(LONG, { fqdn: 'home.dyn.test', ipv4: TARGET });
  while (!isVisible()) await turns(1);
  const mixed = update('home', 'vpn');
  await turns(50);
  assert.deepEqual(order, []);
  serve();
  assert.deepEqual(await mixed, ['unchanged', 'changed']);
  value(await importing);
});

test('a list that changes no address of a host holds up nobody', async () => {
  const { office, serve, list, update } = await openSlowly();
  assert.deepEqual(await update('home'), ['changed']);
  const importing = list(LONG, { fqdn: 'home.dyn.test', ttl: '300' });
  while (office.host('home.dyn.test')?.ttl !== 300) await turns(1);
  assert.deepEqual(await update('home'), ['unchanged']);
  serve();
  value(await importing);
});

test('a list that is committed in turn with updates is waited for, too', async () => {
  const { serve, order, list, update, isVisible } = await openSlowly();
  const importing = list(SHORT, { fqdn: 'home.dyn.test', ipv4: TARGET });
  while (!isVisible()) await turns(1);
  const same = update('home');
  await turns(50);
  assert.deepEqual(order, []);
  serve();
  assert.deepEqual(await same, ['unchanged']);
  value(await importing);
});

test('and one that was planned again because an update came between', async () => {
  const { office, serve, order, list, update, isVisible } = await openSlowly();
  const importing = list(LONG, { fqdn: 'vpn.dyn.test', ttl: '300' }, { fqdn: 'home.dyn.test', ipv4: TARGET });
  await turns(15);
  await update('vpn');
  while (!isVisible()) await turns(1);
  assert.equal(office.store.commits.filter((changes) => changes.length > LONG).length, 1);
  const same = update('home');
  await turns(50);
  assert.deepEqual(order, ['vpn']);
  serve();
  assert.deepEqual(await same, ['unchanged']);
  value(await importing);
});

test('closing waits for those that wait', async () => {
  const { office, serve, order, list, update, isVisible } = await openSlowly();
  const importing = list(LONG, { fqdn: 'home.dyn.test', ipv4: TARGET });
  while (!isVisible()) await turns(1);
  const same = update('home');
  const closing = office.committer.close().then(() => order.push('closed'));
  await turns(20);
  assert.deepEqual(order, []);
  serve();
  await Promise.all([same, importing, closing]);
  assert.deepEqual([...order].sort(), ['closed', 'home']);
});
