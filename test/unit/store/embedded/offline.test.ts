/** Verifying and restoring without a server. */
import assert from 'node:assert/strict';
import { appendFile, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { restoreStore, verifyStore } from '../../../../src/store/embedded/offline.ts';
import { StoreError } from '../../../../src/store/store.ts';
import { isLaterSerial } from '../../../../src/zone/serial.ts';
import { SAMPLE, dump, name, zone } from '../../../contract/store-samples.ts';
import { type DataDirectory, dataDirectory } from './data-directory.ts';

const clock = { now: () => 1_700_000_000_000 };
const COUNTS = { zones: 1, rrsets: 2, hosts: 1, accounts: 1, tokens: 1 };

async function filled(data: DataDirectory): Promise<unknown> {
  const store = await data.open();
  for (const changes of SAMPLE) await store.commit(changes);
  const state = dump(store.view);
  await store.close();
  return state;
}

function isRefused(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof StoreError && error.code === code && message.test(error.message);
}

test('verify reports what is there, changes nothing, and says who holds the store', async () => {
  await using data = await dataDirectory();
  await filled(data);
  const journal = join(data.path, 'journal-00000001.log');
  const sizes = {
    snapshot: (await stat(join(data.path, 'snapshot.json'))).size,
    journal: (await stat(journal)).size,
  };
  const whole = { ok: true, counts: COUNTS, sequence: 2, bytes: sizes, torn: [], heldBy: null };
  assert.deepEqual(await verifyStore(data.path), whole);

  const store = await data.open();
  assert.deepEqual(await verifyStore(data.path), { ...whole, heldBy: process.pid });
  await store.close();

  await appendFile(journal, '99 deadbeef {"seq');
  const torn = [{ path: journal, start: sizes.journal, end: sizes.journal + 17 }];
  assert.deepEqual(await verifyStore(data.path), { ...whole, torn });
  assert.equal((await stat(journal)).size, sizes.journal + 17);
  assert.deepEqual((await readdir(data.path)).sort(), ['journal-00000001.log', 'snapshot.json']);
});

test('verify names what is damaged or missing', async () => {
  await using data = await dataDirectory();
  const empty = await verifyStore(data.path);
  assert.ok(!empty.ok && empty.message.includes('snapshot.json is missing'));
  const nowhere = await verifyStore(join(data.path, 'nowhere'));
  assert.ok(!nowhere.ok && nowhere.message.includes('nowhere'));
  await filled(data);
  const snapshot = join(data.path, 'snapshot.json');
  const bytes = await readFile(snapshot);
  bytes[60]! ^= 1;
  await writeFile(snapshot, bytes);
  const report = await verifyStore(data.path);
  assert.ok(!report.ok && report.code === 'corrupt' && report.message.includes('snapshot.json, bytes'));
});

test('a backup restored elsewhere is the same store, with later serials and in one commit more', async () => {
  await using data = await dataDirectory();
  await using other = await dataDirectory();
  await filled(data);
  const store = await data.open();
  const file = join(other.path, 'backup.json');
  await store.backup(file);
  // The zone goes on being served after the backup, once a millisecond: restored, it must still be later than that.
  const last = Math.floor(clock.now() / 1000) + 1_000_000;
  await store.commit([{ kind: 'zone-put', zone: zone('dyn.test', last) }]);
  await store.close();

  const directory = join(other.path, 'restored');
  assert.deepEqual(await restoreStore({ file, directory, clock }), { counts: COUNTS, sequence: 3 });
  assert.equal((await stat(directory)).mode & 0o777, 0o700);
  const restored = await data.open({ directory });
  const { settings } = restored.view.zone(name('dyn.test'))!;
  assert.ok(isLaterSerial(settings.serial, last));
  assert.deepEqual({ ...settings, serial: 1 }, zone('dyn.test', 1));
  await restored.commit([{ kind: 'zone-put', zone: zone('dyn.test', 1) }]);
  const state = dump(restored.view) as { sequence: number };
  await restored.close();

  const reference = await data.open();
  await reference.commit([{ kind: 'zone-put', zone: zone('dyn.test', 1) }]);
  assert.deepEqual(state, dump(reference.view), 'everything else is as it was');
  assert.equal(state.sequence, 4);
  await reference.close();
});

test('a restored store begins a zone that was removed before the backup later than it was ever served', async () => {
  await using data = await dataDirectory();
  await using other = await dataDirectory();
  const apex = name('dyn.test');
  const store = await data.open();
  await store.commit([{ kind: 'zone-put', zone: zone('dyn.test', 2_000_000_000) }]);
  await store.commit([{ kind: 'zone-remove', apex }]);
  const file = join(other.path, 'backup.json');
  await store.backup(file);
  await store.close();
  const directory = join(other.path, 'restored');
  await restoreStore({ file, directory, clock });
  const restored = await data.open({ directory });
  // Later also than what the zone came to in another life after the backup.
  assert.ok(isLaterSerial(restored.view.retiredSerial(apex)!, 2_000_000_000 + 1_000_000));
  await restored.close();
});

test('restore refuses a directory that holds anything, and a backup that is not whole', async () => {
  await using data = await dataDirectory();
  await using other = await dataDirectory();
  await filled(data);
  const file = join(data.path, 'snapshot.json');
  await assert.rejects(
    restoreStore({ file, directory: data.path, clock }),
    isRefused('in-use', /is not empty/),
  );
  assert.equal((await verifyStore(data.path)).ok, true);

  const broken = join(other.path, 'broken.json');
  const bytes = await readFile(file);
  await writeFile(broken, bytes.subarray(0, bytes.length - 1));
  const directory = join(other.path, 'restored');
  await assert.rejects(
    restoreStore({ file: broken, directory, clock }),
    isRefused('corrupt', /broken\.json, bytes/),
  );
  await assert.rejects(
    restoreStore({ file: join(other.path, 'none.json'), directory, clock }),
    isRefused('corrupt', /none\.json is missing/),
  );
  assert.deepEqual(await readdir(other.path), ['broken.json']);
});

test('a running store is not restored over', async () => {
  await using data = await dataDirectory();
  const store = await data.open();
  const file = join(data.path, 'snapshot.json');
  await assert.rejects(
    restoreStore({ file, directory: data.path, clock }),
    isRefused('in-use', /in use by process/),
  );
  await store.close();
});

test('the directory is made for its owner alone, and one that cannot be made is an unwritable store', async () => {
  await using data = await dataDirectory();
  const directory = join(data.path, 'a', 'b');
  const store = await data.open({ directory });
  await store.commit(SAMPLE[0]!);
  assert.equal((await stat(directory)).mode & 0o777, 0o700);
  for (const file of await readdir(directory)) {
    assert.equal((await stat(join(directory, file))).mode & 0o777, 0o600, file);
  }
  await store.close();
  await writeFile(join(data.path, 'file'), '');
  await assert.rejects(
    data.open({ directory: join(data.path, 'file', 'data') }),
    isRefused('unwritable', /cannot be opened/),
  );
});
