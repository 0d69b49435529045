/** A large commit is written beside the journal: what becomes of its file when all goes well, and when not. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { copyFile, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import type { Change } from '../../../../../src/store/change.ts';
import { combineCrc32 } from '../../../../../src/store/embedded/journal/combine-crc.ts';
import { encodePadding, unframe } from '../../../../../src/store/embedded/journal/record.ts';
import { SIDE_PREFIX } from '../../../../../src/store/embedded/journal/side-segment.ts';
import { verifyStore } from '../../../../../src/store/embedded/offline.ts';
import { StoreError } from '../../../../../src/store/store.ts';
import { SAMPLE, dump, host, zone } from '../../../../contract/store-samples.ts';
import { FailingFiles, type FileOperation, dataDirectory } from '../data-directory.ts';

const MANY = 3000;

function hosts(label = 'n'): Change[] {
  return Array.from({ length: MANY }, (_, i) => ({
    kind: 'host-put',
    host: host(`${label}${i}.dyn.test`, 'dyn.test'),
  }));
}

async function sideFiles(path: string): Promise<string[]> {
  return (await readdir(path)).filter((name) => name.startsWith(SIDE_PREFIX));
}

test('two parts have the CRC-32 of the whole', () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      assert.equal(combineCrc32(crc32(a), crc32(b), b.length), crc32(Buffer.concat([a, b])));
    }),
  );
  const long = randomBytes(1_000_003);
  assert.equal(combineCrc32(crc32('{'), crc32(long), long.length), crc32(long, crc32('{')));
});

test('padding takes exactly the room that is left, and is a record', () => {
  for (let size = 2000; size < 4096; size++) {
    const line = encodePadding(4711, '2026-01-02T03:04:05.678Z', size);
    assert.equal(line.length, size);
    assert.ok(unframe(line.subarray(0, -1)));
  }
});

test('a large commit is read back with what was committed before, while and after it was prepared', async () => {
  await using data = await dataDirectory();
  const store = await data.open();
  for (const changes of SAMPLE) await store.commit(changes);
  for (const label of ['a', 'b']) {
    const preparing = store.prepare(hosts(label));
    await store.commit([{ kind: 'host-put', host: host(`${label}.dyn.test`, 'dyn.test') }]);
    // The segment that it will follow is another one by then.
    if (label === 'b') await store.compact();
    const prepared = await preparing;
    await store.commit([{ kind: 'host-put', host: host(`${label}x.dyn.test`, 'dyn.test') }]);
    await (
      await prepared.make([{ kind: 'zone-put', zone: zone('dyn.test', 50) }])
    ).told;
    await store.commit([{ kind: 'host-put', host: host(`${label}y.dyn.test`, 'dyn.test') }]);
  }
  assert.deepEqual(await sideFiles(data.path), []);
  const expected = dump(store.view);
  const report = await verifyStore(data.path);
  assert.ok(report.ok && report.sequence === store.view.sequence);
  await store.close();
  const again = await data.open();
  assert.deepEqual(dump(again.view), expected);
  await again.compact();
  await again.close();
  const compacted = await data.open();
  assert.deepEqual(dump(compacted.view), expected);
  await compacted.close();
  assert.deepEqual(data.notices, []);
});

test('what a killed process had prepared is removed at the next start and never counted', async () => {
  await using data = await dataDirectory();
  await using killed = await dataDirectory();
  const store = await data.open();
  for (const changes of SAMPLE) await store.commit(changes);
  const prepared = await store.prepare(hosts());
  const expected = dump(store.view);
  const [side] = await sideFiles(data.path);
  assert.match(await readFile(join(data.path, side!), 'utf8'), /\["n2999",/);
  for (const name of await readdir(data.path))
    if (name !== 'homing.lock') await copyFile(join(data.path, name), join(killed.path, name));
  await prepared.discard();
  assert.deepEqual(await sideFiles(data.path), []);
  await store.close();
  const again = await killed.open();
  assert.deepEqual(dump(again.view), expected);
  assert.deepEqual(await sideFiles(killed.path), []);
  await again.close();
});

const PREPARING: readonly FileOperation[] = ['create', 'write', 'datasync'];
const COMMITTING: readonly FileOperation[] = ['write', 'datasync', 'rename', 'syncDirectory'];

for (const operation of PREPARING) {
  test(`${operation} failing while a commit is prepared refuses that one, and no other`, async () => {
    await using data = await dataDirectory();
    const files = new FailingFiles();
    const store = await data.open({ files });
    await store.commit(SAMPLE[0]!);
    files.failing.set(operation, 'ENOSPC');
    // More than is left unsynced.
    const many = Array.from({ length: 10 }, (_, i) => hosts(`${i}-`)).flat();
    await assert.rejects(
      store.prepare(many),
      (error) => error instanceof StoreError && error.code === 'unwritable',
    );
    files.failing.clear();
    assert.deepEqual(store.health, { writable: true });
    assert.deepEqual(await sideFiles(data.path), []);
    await store.commit(SAMPLE[1]!);
    await store.close();
  });
}

for (const operation of COMMITTING) {
  test(`${operation} failing while a prepared commit is made leaves everything as it was`, async () => {
    await using data = await dataDirectory();
    const files = new FailingFiles();
    const store = await data.open({ files, probeMs: 3_600_000 });
    await store.commit(SAMPLE[0]!);
    const before = dump(store.view);
    const prepared = await store.prepare(hosts());
    files.failing.set(operation, 'EIO');
    await assert.rejects(
      prepared.make([]),
      (error) => error instanceof StoreError && error.code === 'unwritable',
    );
    assert.deepEqual(dump(store.view), before);
    assert.equal(store.health.writable, false);
    assert.deepEqual(await sideFiles(data.path), []);
    files.failing.clear();
    await store.commit(SAMPLE[1]!);
    await (
      await (await store.prepare(hosts('again'))).make([])
    ).told;
    const expected = dump(store.view);
    await store.close();
    const again = await data.open();
    assert.deepEqual(dump(again.view), expected);
    await again.close();
  });
}

test('what cannot be stored is refused when it is prepared, and nothing is left of it', async () => {
  await using data = await dataDirectory();
  const store = await data.open();
  await store.commit(SAMPLE[0]!);
  const bad: Change = { kind: 'host-put', host: host('h.dyn.test', 'dyn.test', { ttl: -1 }) };
  await assert.rejects(store.prepare([...hosts(), bad]), /host\.ttl must be a whole number/);
  assert.deepEqual(await sideFiles(data.path), []);
  assert.deepEqual(store.health, { writable: true });
  await store.close();
});
