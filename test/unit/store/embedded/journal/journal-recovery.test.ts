/** Starting from a damaged journal: what a crash leaves is cut and reported, anything else is refused by its bytes. */
import assert from 'node:assert/strict';
import { cp, readFile, readdir, rename, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openEmbeddedStore } from '../../../../../src/store/embedded/open-embedded-store.ts';
import { verifyStore } from '../../../../../src/store/embedded/offline.ts';
import { StoreError } from '../../../../../src/store/store.ts';
import type { Change } from '../../../../../src/store/change.ts';
import { SAMPLE, account, dump, zone } from '../../../../contract/store-samples.ts';
import { type DataDirectory, dataDirectory } from '../data-directory.ts';

const FIRST = 'journal-00000001.log';
const COMMITS = 6;

interface Written extends AsyncDisposable {
  readonly data: DataDirectory;
  /** What the store held after each commit. */
  readonly states: readonly unknown[];
  readonly journal: Buffer;
  /** Where each record ends. */
  readonly ends: readonly number[];
}

/** A closed store of several commits, the last three of them short. */
async function written(): Promise<Written> {
  const data = await dataDirectory();
  const store = await data.open();
  const states = [dump(store.view)];
  const commits: readonly (readonly Change[])[] = [
    ...SAMPLE,
    [{ kind: 'zone-put', zone: zone('dyn.test', 2) }],
    [{ kind: 'account-put', account: account('bob') }],
    [{ kind: 'account-remove', name: 'bob' }],
    [{ kind: 'token-remove', id: 't1' }],
  ];
  assert.equal(commits.length, COMMITS);
  for (const changes of commits) {
    await store.commit(changes);
    states.push(dump(store.view));
  }
  await store.close();
  const journal = await readFile(join(data.path, FIRST));
  const ends = [...journal.entries()].filter(([, byte]) => byte === 0x0a).map(([at]) => at + 1);
  return { data, states, journal, ends, [Symbol.asyncDispose]: () => data[Symbol.asyncDispose]() };
}

function isCorrupt(message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof StoreError && error.code === 'corrupt' && message.test(error.message);
}

test('each record is one line of text with its length, checksum and commit number', async () => {
  await using data = await dataDirectory();
  const store = await data.open({ clock: { now: () => 1_700_000_000_000 } });
  await store.commit(SAMPLE[0]!.slice(0, 1));
  await store.close();
  assert.equal(
    await readFile(join(data.path, FIRST), 'utf8'),
    '96 7eb55a46 {"sequence":0,"at":"2023-11-14T22:13:20.000Z","segment":{"format":2,"number":1,"previous":null}}\n' +
      '269 ebbe6988 {"sequence":1,"at":"2023-11-14T22:13:20.000Z","changes":[{"kind":"zone-put","zone":{"apex":"dyn.test.",' +
      '"serial":1,"accept":"private","soa":{"mname":"ns1.dyn.test.","rname":"host\\\\.master.dyn.test.","refresh":7200,' +
      '"retry":900,"expire":1209600,"minimum":60,"ttl":300}}}]}\n',
  );
});

test('cut at every byte of its last three records, the journal starts, reports and holds what was whole', async () => {
  await using made = await written();
  const { states, journal, ends } = made;
  const cuts = Array.from({ length: journal.length - ends.at(-4)! + 1 }, (_, i) => ends.at(-4)! + i);
  const check = async (data: DataDirectory, cut: number): Promise<void> => {
    const file = join(data.path, FIRST);
    await writeFile(file, journal.subarray(0, cut));
    const whole = ends.findLastIndex((end) => end <= cut);
    data.notices.length = 0;
    const store = await data.open();
    assert.deepEqual(dump(store.view), states[whole], `cut at ${cut}`);
    await store.close();
    assert.equal((await readFile(file)).length, ends[whole]);
    assert.equal(data.notices.length, cut === ends[whole] ? 0 : 1, `cut at ${cut}`);
    const notice = data.notices[0];
    if (notice === undefined) return;
    assert.ok(notice.code === 'torn-tail');
    assert.deepEqual([notice.file, notice.start, notice.end], [file, ends[whole], cut]);
    assert.deepEqual(await readFile(notice.savedAs), journal.subarray(ends[whole], cut));
    await unlink(notice.savedAs);
  };
  const lane = async (): Promise<void> => {
    await using copy = await dataDirectory();
    await cp(made.data.path, copy.path, { recursive: true });
    for (let cut = cuts.pop(); cut !== undefined; cut = cuts.pop()) await check(copy, cut);
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
});

test('a store goes on after a torn tail was cut', async () => {
  await using made = await written();
  const { data, journal } = made;
  await truncate(join(data.path, FIRST), journal.length - 5);
  const store = await data.open();
  await store.commit(SAMPLE[1]!);
  const expected = dump(store.view);
  await store.close();
  const again = await data.open();
  assert.deepEqual(dump(again.view), expected);
  assert.equal(again.view.sequence, COMMITS);
  await again.close();
});

test('any byte flipped before the last record refuses the start, names the bytes and changes nothing', async () => {
  await using made = await written();
  const { data, journal, ends } = made;
  const file = join(data.path, FIRST);
  const flips = [
    ...Array.from({ length: 50 }, (_, i) => Math.floor((ends.at(-2)! * i) / 50)),
    ...ends.slice(0, -1).map((end) => end - 1),
  ];
  for (const at of flips) {
    const damaged = Buffer.from(journal);
    damaged[at]! ^= 0x11;
    await writeFile(file, damaged);
    const record = ends.findIndex((end) => at < end);
    const start = record === 0 ? 0 : ends[record - 1]!;
    // Without its newline a record is one with the next.
    const end = at === ends[record]! - 1 ? ends[record + 1]! : ends[record]!;
    const expected = new RegExp(`${FIRST}, bytes ${start} to ${end - 1}: `);
    await assert.rejects(data.open(), isCorrupt(expected), `flipped at ${at}`);
    const report = await verifyStore(data.path);
    assert.ok(!report.ok && report.code === 'corrupt' && expected.test(report.message));
    assert.deepEqual(await readFile(file), damaged);
  }
  await writeFile(file, journal);
  await (await data.open()).close();
});

test('a missing record in the middle refuses the start', async () => {
  await using made = await written();
  const { data, journal, ends } = made;
  const without = Buffer.concat([journal.subarray(0, ends[2]), journal.subarray(ends[3])]);
  await writeFile(join(data.path, FIRST), without);
  await assert.rejects(data.open(), isCorrupt(/commit number 4 where 3 belongs/));
});

test('a file cut before another one, missing between two, or missing at the beginning refuses the start', async () => {
  await using data = await dataDirectory();
  const store = await data.open();
  for (let i = 0; i < 3; i++) await store.commit(SAMPLE[0]!);
  await store.close();
  const [first, second, third] = [1, 2, 3].map((i) => join(data.path, `journal-0000000${i}.log`)) as [
    string,
    string,
    string,
  ];
  const bytes = (await readFile(first)).length;
  const fresh = await readFile(first);
  // A second and third segment as rotation writes them, made by a store that compacts but whose snapshot is put back.
  const snapshot = await readFile(join(data.path, 'snapshot.json'));
  const again = await data.open();
  await again.compact();
  await again.commit(SAMPLE[1]!);
  await again.close();
  const sealed = await readFile(second);
  const last = await data.open();
  await last.compact();
  await last.close();
  await writeFile(join(data.path, 'snapshot.json'), snapshot);
  await writeFile(first, fresh);
  await writeFile(second, sealed);
  await (await data.open()).close();

  await truncate(first, bytes - 1);
  await assert.rejects(
    data.open(),
    isCorrupt(new RegExp(`${FIRST}, bytes ${bytes - 1} to ${bytes - 1}: .*missing`)),
  );
  await writeFile(first, fresh);
  await rename(second, `${second}.away`);
  await assert.rejects(data.open(), isCorrupt(/journal-00000002\.log is missing/));
  await rename(first, `${first}.away`);
  await assert.rejects(data.open(), isCorrupt(/goes on after commit 4, but the snapshot ends with commit 0/));
  await rename(`${second}.away`, second);
  await assert.rejects(data.open(), isCorrupt(/goes on after commit 3, but the snapshot ends with commit 0/));
  await rename(`${first}.away`, first);
  await writeFile(third, (await readFile(third)).subarray(0, 40));
  const cut = await data.open();
  assert.equal(cut.view.sequence, 4, 'a last file whose making was cut off holds nothing');
  assert.equal(data.notices.at(-1)?.code, 'torn-tail');
  await cut.close();
});

test('a journal without its snapshot refuses the start', async () => {
  await using made = await written();
  const { data } = made;
  await rm(join(data.path, 'snapshot.json'));
  await assert.rejects(data.open(), isCorrupt(/snapshot\.json is missing/));
  assert.deepEqual(await readdir(data.path), [FIRST], 'and gives the lock back');
});

test('a record that no store writes refuses the start by its bytes', async () => {
  await using made = await written();
  const { data, journal, ends } = made;
  const { crc32 } = await import('node:zlib');
  const json = `{"sequence":${COMMITS + 1},"at":"x","changes":[{"kind":"token-remove","id":7}]}`;
  const line = `${json.length} ${crc32(json).toString(16).padStart(8, '0')} ${json}\n`;
  await writeFile(join(data.path, FIRST), Buffer.concat([journal, Buffer.from(line)]));
  await assert.rejects(
    data.open(),
    isCorrupt(new RegExp(`bytes ${ends.at(-1)} to .*change.id must be text`)),
  );
});

test('a copied directory is a store of its own', async () => {
  await using made = await written();
  const { data, states } = made;
  await using copy = await dataDirectory();
  await cp(data.path, copy.path, { recursive: true });
  const store = await openEmbeddedStore({ directory: copy.path, onNotice: () => undefined });
  assert.deepEqual(dump(store.view), states.at(-1));
  await store.close();
});
