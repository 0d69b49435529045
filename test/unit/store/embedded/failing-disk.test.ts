/** A disk that fails: commits are refused, the view stays, what was acknowledged stays, and writing comes back. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import type { EmbeddedStore } from '../../../../src/store/embedded/embedded-store.ts';
import { StoreError } from '../../../../src/store/store.ts';
import { SAMPLE, dump, host, zone } from '../../../contract/store-samples.ts';
import { FailingFiles, type FileOperation, dataDirectory } from './data-directory.ts';

const FAULTS: readonly (readonly [FileOperation, string])[][] = [
  [['write', 'ENOSPC']],
  [
    ['write', 'EIO'],
    ['truncate', 'EIO'],
  ],
  [['datasync', 'EIO']],
  [
    ['datasync', 'EIO'],
    ['truncate', 'EIO'],
  ],
  [
    ['datasync', 'EIO'],
    ['create', 'ENOSPC'],
  ],
  [
    ['write', 'ENOSPC'],
    ['truncate', 'EIO'],
    ['syncDirectory', 'EIO'],
  ],
];

async function refuses(store: EmbeddedStore): Promise<void> {
  await assert.rejects(
    store.commit([{ kind: 'zone-put', zone: zone('refused.test') }]),
    (error) => error instanceof StoreError && error.code === 'unwritable',
  );
}

for (const faults of FAULTS) {
  const title = faults.map(([operation, code]) => `${operation} ${code}`).join(' and ');
  test(`${title}: nothing changes in memory or on the disk, and the next commit after it works`, async () => {
    await using data = await dataDirectory();
    const files = new FailingFiles();
    const store = await data.open({ files, probeMs: 3_600_000 });
    await store.commit(SAMPLE[0]!);
    const before = dump(store.view);
    let heard = 0;
    store.onCommit(() => heard++);

    for (const [operation, code] of faults) files.failing.set(operation, code);
    await refuses(store);
    await refuses(store);
    assert.deepEqual(dump(store.view), before);
    assert.equal(heard, 0);
    assert.equal(store.health.writable, false);
    assert.deepEqual(
      data.notices.map(({ code }) => code),
      ['unwritable'],
    );

    files.failing.clear();
    await store.commit(SAMPLE[1]!);
    assert.deepEqual(store.health, { writable: true });
    assert.deepEqual(
      data.notices.map(({ code }) => code),
      ['unwritable', 'writable'],
    );
    const after = dump(store.view);
    await store.close();
    const again = await data.open();
    assert.deepEqual(dump(again.view), after);
    await again.close();
  });
}

test('writing comes back without a commit, and the health says why it is gone', async () => {
  await using data = await dataDirectory();
  const files = new FailingFiles();
  const store = await data.open({ files, probeMs: 5 });
  files.failing.set('write', 'ENOSPC');
  await refuses(store);
  await sleep(30);
  const { health } = store;
  assert.ok(!health.writable);
  assert.match(health.reason, /the disk or its quota is full/);
  files.failing.clear();
  while (!store.health.writable) await sleep(2);
  assert.equal(store.view.sequence, 0);
  await store.commit(SAMPLE[0]!);
  await store.close();
  const again = await data.open();
  assert.equal(again.view.sequence, 1);
  assert.equal(data.notices.filter(({ code }) => code === 'torn-tail').length, 0);
  await again.close();
});

test('a segment that could not be made durable while compacting takes no more commits', async () => {
  await using data = await dataDirectory();
  const files = new FailingFiles();
  const store = await data.open({ files, probeMs: 3_600_000 });
  await store.commit(SAMPLE[0]!);
  // The new segment reaches the disk, but nobody can say so: the old one must not grow behind its back.
  files.failing.set('syncDirectory', 'EIO');
  await assert.rejects(
    store.compact(),
    (error) => error instanceof StoreError && error.code === 'unwritable',
  );
  await refuses(store);
  files.failing.clear();
  await store.commit(SAMPLE[1]!);
  const expected = dump(store.view);
  await store.close();
  const again = await data.open();
  assert.deepEqual(dump(again.view), expected);
  await again.close();
});

test('what cannot be stored is refused before anything is written, and says nothing of the disk', async () => {
  await using data = await dataDirectory();
  const store = await data.open();
  await store.commit(SAMPLE[0]!);
  const before = dump(store.view);
  const commit = store.commit([{ kind: 'host-put', host: host('h.dyn.test', 'dyn.test', { ttl: -1 }) }]);
  await assert.rejects(commit, /host\.ttl must be a whole number/);
  assert.deepEqual(store.health, { writable: true });
  assert.deepEqual(dump(store.view), before);
  await store.commit(SAMPLE[1]!);
  await store.close();
});
