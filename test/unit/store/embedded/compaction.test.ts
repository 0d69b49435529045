/** Compaction and backup: under load, interrupted at each step, failing. */
import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Change } from '../../../../src/store/change.ts';
import type { EmbeddedStore } from '../../../../src/store/embedded/embedded-store.ts';
import { createMemoryStore } from '../../../../src/store/memory.ts';
import { StoreError } from '../../../../src/store/store.ts';
import { SAMPLE, account, anyCommit, dump } from '../../../contract/store-samples.ts';
import { dataDirectory } from './data-directory.ts';

function accounts(from: number, count: number): Change[] {
  return Array.from({ length: count }, (_, i) => ({ kind: 'account-put', account: account(`a${from + i}`) }));
}

async function commitFiftyTimes(store: EmbeddedStore): Promise<void> {
  for (let i = 0; i < 50; i++) await store.commit(accounts(i, 2));
}

test('any commits, with compactions and restarts between them, leave what the memory store holds', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: anyCommit },
    { weight: 1, arbitrary: fc.constantFrom('compact' as const, 'reopen' as const) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      await using data = await dataDirectory();
      let store = await data.open();
      const reference = createMemoryStore({ tokenKey: store.view.tokenKey });
      for (const each of [...steps, 'reopen' as const]) {
        if (each === 'compact') {
          await store.compact();
        } else if (each === 'reopen') {
          await store.close();
          store = await data.open();
        } else {
          await store.commit(each);
          await reference.commit(each);
        }
        assert.deepEqual(dump(store.view), dump(reference.view));
      }
      await store.close();
      assert.deepEqual(data.notices, []);
    }),
    { numRuns: 15 },
  );
});

test('loses nothing that is committed meanwhile, and happens by itself', async () => {
  await using data = await dataDirectory();
  const store = await data.open({ compactionBytes: 4_000 });
  for (let round = 0; round < 6; round++) await commitFiftyTimes(store);
  while (!data.notices.some(({ code }) => code === 'compacted')) await sleep(5);
  await store.compact();
  const expected = dump(store.view);
  assert.equal((await readdir(data.path)).filter((file) => file.startsWith('journal-')).length, 1);
  await store.close();
  assert.ok(data.notices.every(({ code }) => code === 'compacted'));
  const again = await data.open();
  assert.equal(again.view.sequence, 300);
  assert.deepEqual(dump(again.view), expected);
  await again.close();
});

test('a journal that is too large at the start is compacted without a commit', async () => {
  await using data = await dataDirectory();
  const store = await data.open();
  await commitFiftyTimes(store);
  const expected = dump(store.view);
  await store.close();
  const again = await data.open({ compactionBytes: 4_000, startCompactionMs: 1 });
  while (!data.notices.some(({ code }) => code === 'compacted')) await sleep(5);
  await again.close();
  const last = await data.open();
  assert.equal((await readdir(data.path)).filter((file) => file.startsWith('journal-')).length, 1);
  assert.deepEqual(dump(last.view), expected);
  await last.close();
});

test('a crash at any step of it loses nothing and leaves nothing behind', async () => {
  await using data = await dataDirectory();
  const store = await data.open();
  for (const changes of SAMPLE) await store.commit(changes);
  await store.compact();
  await store.commit(accounts(1, 1));
  await store.close();
  const path = (file: string): string => join(data.path, file);
  const before = await readFile(path('snapshot.json'));
  const sealed = await readFile(path('journal-00000002.log'));
  const again = await data.open();
  await again.compact();
  await again.commit(accounts(2, 1));
  const expected = dump(again.view);
  await again.close();
  const after = await readFile(path('snapshot.json'));
  const active = await readFile(path('journal-00000003.log'));

  const steps: Record<string, Record<string, Buffer>> = {
    'the segment is sealed': { 'snapshot.json': before, 'journal-00000002.log': sealed },
    'the new snapshot is being written': {
      'snapshot.json': before,
      'snapshot.json.tmp-0123456789ab': after.subarray(0, 100),
      'journal-00000002.log': sealed,
    },
    'it is written, but not renamed': {
      'snapshot.json': before,
      'snapshot.json.tmp-0123456789ab': after,
      'journal-00000002.log': sealed,
    },
    'it is renamed': { 'snapshot.json': after, 'journal-00000002.log': sealed },
    'the sealed segment is deleted': { 'snapshot.json': after },
  };
  for (const [step, files] of Object.entries(steps)) {
    await rm(data.path, { recursive: true });
    await mkdir(data.path);
    for (const [file, bytes] of Object.entries({ ...files, 'journal-00000003.log': active })) {
      await writeFile(path(file), bytes);
    }
    const started = await data.open();
    assert.deepEqual(dump(started.view), expected, step);
    await started.compact();
    await started.close();
    assert.deepEqual((await readdir(data.path)).sort(), ['journal-00000004.log', 'snapshot.json'], step);
    assert.deepEqual(data.notices, [], step);
  }
});

test('one that fails is told, leaves everything as it was and is tried again', async () => {
  await using data = await dataDirectory();
  const store = await data.open({ compactionBytes: 3_000 });
  const snapshot = join(data.path, 'snapshot.json');
  const whole = await readFile(snapshot);
  await writeFile(snapshot, whole.subarray(0, 50));
  while (data.notices.length === 0) await store.commit(accounts(store.view.sequence, 1));
  assert.equal(data.notices[0]?.code, 'compaction-failed');
  assert.match(data.notices[0].message, /snapshot\.json, bytes/);
  assert.deepEqual(store.health, { writable: true });
  await writeFile(snapshot, whole);
  while (data.notices.length === 1) await store.commit(accounts(store.view.sequence, 1));
  assert.equal(data.notices[1]?.code, 'compacted');
  const expected = dump(store.view);
  await store.close();
  const again = await data.open();
  assert.deepEqual(dump(again.view), expected);
  await again.close();
});

test('closing does not wait for it, and the next start goes on from before it', async () => {
  await using data = await dataDirectory();
  const store = await data.open();
  await store.commit(accounts(0, 20_000));
  const expected = dump(store.view);
  const compacting = assert.rejects(
    store.compact(),
    (error) => error instanceof StoreError && error.code === 'closed',
  );
  await sleep(20);
  await store.close();
  await compacting;
  const again = await data.open();
  assert.deepEqual(dump(again.view), expected);
  await again.close();
});

test('a backup is the state of one moment, whatever is committed meanwhile', async () => {
  await using data = await dataDirectory();
  await using elsewhere = await dataDirectory();
  const file = join(elsewhere.path, 'backup.json');
  const store = await data.open();
  await commitFiftyTimes(store);
  const backing = store.backup(file);
  await commitFiftyTimes(store);
  const { sequence, bytes } = await backing;
  const { size, mode } = await stat(file);
  assert.deepEqual([size, mode & 0o777], [bytes, 0o600]);
  assert.ok(sequence >= 50 && sequence <= 100);
  assert.deepEqual(await readdir(elsewhere.path), ['backup.json']);
  await assert.rejects(store.backup(join(data.path, 'snapshot.json')), /outside the data directory/);
  await assert.rejects(
    store.backup(join(elsewhere.path, 'no', 'such', 'directory')),
    (error) => error instanceof StoreError && error.code === 'unwritable',
  );
  await store.close();
  await assert.rejects(store.backup(file), (error) => error instanceof StoreError && error.code === 'closed');
});
