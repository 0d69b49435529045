/** The part of the battery that is about large commits, which other commits do not wait for. */
import assert from 'node:assert/strict';
import type { Change } from '../../src/store/change.ts';
import { type Store, StoreError } from '../../src/store/store.ts';
import { dump, host, name, token, zone } from './store-samples.ts';

/** More than is applied in one step. */
const MANY = 6000;

/** The tests, by what they show. */
export const PREPARED: readonly (readonly [string, (store: Store) => Promise<void>])[] = [
  ['shows nothing of a prepared commit before it is made, and then all of it with what was added', isAtomic],
  ['keeps what was committed while another commit was prepared', keepsOthers],
  ['forgets a prepared commit that is discarded', forgets],
  ['tells of a prepared commit in order, and of tokens when they are there', tells],
  ['makes no prepared commit after it was closed', refusesWhenClosed],
];

const hosts = (count: number): Change[] =>
  Array.from({ length: count }, (_, i) => ({ kind: 'host-put', host: host(`n${i}.dyn.test`, 'dyn.test') }));

const ZONE: readonly Change[] = [
  { kind: 'zone-put', zone: zone('dyn.test') },
  { kind: 'zone-put', zone: zone('other.test') },
  { kind: 'host-put', host: host('home.dyn.test', 'dyn.test') },
];

const count = (store: Store): number => store.view.zone(name('dyn.test'))!.hostCount;

async function isAtomic(store: Store): Promise<void> {
  await store.commit(ZONE);
  const before = dump(store.view);
  const prepared = await store.prepare(hosts(MANY));
  assert.deepEqual(dump(store.view), before);
  assert.equal(store.view.sequence, 1);
  const seen = new Set<number>();
  const watch = { isOver: false };
  const look = (): void => {
    seen.add(count(store));
    if (!watch.isOver) setImmediate(look);
  };
  look();
  const { told } = await prepared.make([{ kind: 'zone-put', zone: zone('dyn.test', 9) }]);
  watch.isOver = true;
  await told;
  assert.equal(count(store), MANY + 1);
  assert.deepEqual(
    [...seen].filter((hosts) => hosts !== 1 && hosts !== MANY + 1),
    [],
  );
  assert.equal(store.view.sequence, 2);
  assert.equal(store.view.zone(name('dyn.test'))!.settings.serial, 9);
}

async function keepsOthers(store: Store): Promise<void> {
  await store.commit(ZONE);
  const preparing = store.prepare(hosts(MANY));
  const home = host('home.dyn.test', 'dyn.test', { ttl: 77 });
  // Before, while and after its zone is copied.
  for (let i = 0; i < 200; i++) {
    await store.commit([{ kind: 'host-put', host: host(`other${i}.dyn.test`, 'dyn.test') }]);
    await store.commit([{ kind: 'zone-put', zone: zone('dyn.test', 2 + i) }]);
  }
  const prepared = await preparing;
  await store.commit([{ kind: 'host-put', host: home }]);
  await store.commit([{ kind: 'host-remove', zone: home.zone, name: name('other7.dyn.test') }]);
  await store.commit([{ kind: 'host-put', host: host('x.other.test', 'other.test') }]);
  await (
    await prepared.make([])
  ).told;
  await store.commit([{ kind: 'host-put', host: host('last.dyn.test', 'dyn.test') }]);
  assert.equal(count(store), MANY + 1 + 199 + 1);
  assert.equal(store.view.host(home.name)?.ttl, 77);
  assert.equal(store.view.zone(name('dyn.test'))?.settings.serial, 201);
  assert.ok(store.view.host(name('x.other.test')));
  assert.equal(store.view.sequence, 406);
}

async function forgets(store: Store): Promise<void> {
  await store.commit(ZONE);
  await (await store.prepare(hosts(MANY))).discard();
  await store.commit([{ kind: 'host-put', host: host('last.dyn.test', 'dyn.test') }]);
  assert.equal(count(store), 2);
  await (
    await (await store.prepare(hosts(3))).make([])
  ).told;
  assert.equal(count(store), 5);
}

async function tells(store: Store): Promise<void> {
  const told: string[][] = [];
  await store.commit(ZONE);
  store.onCommit((changes) => {
    const kinds = [...new Set(changes.map(({ kind }) => kind))];
    const last = changes.findLast(({ kind }) => kind === 'token-put');
    if (last?.kind === 'token-put') assert.ok(store.view.token(last.token.id), 'told of what is not there');
    told.push(kinds);
  });
  const tokens = Array.from({ length: MANY }, (_, i): Change => ({
    kind: 'token-put',
    token: token(`t${i}`, { digest: `digest ${i}` }),
  }));
  const prepared = await store.prepare([...hosts(2), ...tokens]);
  const { told: all } = await prepared.make([{ kind: 'zone-put', zone: zone('dyn.test', 5) }]);
  assert.deepEqual(told, [['host-put', 'zone-put']]);
  await all;
  assert.deepEqual(told, [['host-put', 'zone-put'], ['token-put']]);
  assert.equal([...store.view.tokens()].length, MANY);
}

async function refusesWhenClosed(store: Store): Promise<void> {
  const isClosed = (error: unknown): boolean => error instanceof StoreError && error.code === 'closed';
  await store.commit(ZONE);
  const prepared = await store.prepare(hosts(3));
  await store.close();
  await assert.rejects(prepared.make([]), isClosed);
  await assert.rejects(store.prepare([]), isClosed);
  assert.equal(count(store), 1);
}
