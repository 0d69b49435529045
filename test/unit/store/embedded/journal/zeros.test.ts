/** Starting from a journal that ends in zeros: they are nothing, and hide neither what was torn nor what is damaged. */
import assert from 'node:assert/strict';
import { cp, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { verifyStore } from '../../../../../src/store/embedded/offline.ts';
import { endBeforeZeros } from '../../../../../src/store/embedded/journal/line-reader.ts';
import { StoreError } from '../../../../../src/store/store.ts';
import { SAMPLE, dump } from '../../../../contract/store-samples.ts';
import { type DataDirectory, dataDirectory } from '../data-directory.ts';

const FIRST = 'journal-00000001.log';
const ZEROS = Buffer.alloc(200_000);

interface Written extends AsyncDisposable {
  readonly data: DataDirectory;
  readonly file: string;
  readonly states: readonly unknown[];
  readonly journal: Buffer;
  /** Where the last record begins. */
  readonly last: number;
}

async function written(): Promise<Written> {
  const data = await dataDirectory();
  const store = await data.open();
  const states: unknown[] = [];
  for (const changes of SAMPLE) {
    await store.commit(changes);
    states.push(dump(store.view));
  }
  await store.close();
  const file = join(data.path, FIRST);
  const journal = await readFile(file);
  const last = journal.subarray(0, -1).lastIndexOf(0x0a) + 1;
  return { data, file, states, journal, last, [Symbol.asyncDispose]: () => data[Symbol.asyncDispose]() };
}

const isDamaged = (error: unknown): boolean => error instanceof StoreError && error.code === 'corrupt';

test('zeros after the last record are no torn write: nothing is saved, and the file goes on where its records end', async () => {
  await using made = await written();
  const { data, file, states, journal } = made;
  for (const zeros of [1, 511, 4096, 65_536, 65_537, ZEROS.length]) {
    await writeFile(file, Buffer.concat([journal, ZEROS.subarray(0, zeros)]));
    const report = await verifyStore(data.path);
    assert.ok(report.ok && report.torn.length === 0 && report.bytes.journal === journal.length);
    const store = await data.open();
    assert.deepEqual(dump(store.view), states.at(-1));
    await store.close();
    assert.deepEqual(await readFile(file), journal);
  }
  assert.deepEqual(data.notices, []);
  assert.deepEqual((await readdir(data.path)).sort(), [FIRST, 'snapshot.json']);
});

test('of a record torn over zeros, in whichever sectors, exactly its part is saved and cut', async () => {
  await using made = await written();
  const { data, file, states, journal, last } = made;
  const whole = journal.subarray(last);
  const third = Math.ceil(whole.length / 3);
  for (let mask = 1; mask < 7; mask++) {
    const torn = Buffer.alloc(whole.length);
    for (const i of [0, 1, 2]) {
      if ((mask & (1 << i)) !== 0) whole.copy(torn, i * third, i * third, (i + 1) * third);
    }
    await writeFile(file, Buffer.concat([journal.subarray(0, last), torn, ZEROS]));
    const end = await endBeforeZeros(file, journal.length + ZEROS.length);
    const report = await verifyStore(data.path);
    assert.ok(report.ok);
    assert.deepEqual(report.torn, [{ path: file, start: last, end }]);
    const store = await data.open();
    assert.deepEqual(dump(store.view), states.at(-2), `sectors ${mask}`);
    await store.close();
    const notice = data.notices.at(-1);
    assert.ok(notice?.code === 'torn-tail');
    assert.deepEqual(await readFile(notice.savedAs), torn.subarray(0, end - last));
    assert.deepEqual(await readFile(file), journal.subarray(0, last));
  }
});

test('a whole record after zeros or bad bytes is damage still', async () => {
  await using made = await written();
  const { data, file, journal, last } = made;
  for (const between of [Buffer.alloc(512), Buffer.alloc(70_000), Buffer.from('garbage\0\0\0')]) {
    const damaged = Buffer.concat([journal.subarray(0, last), between, journal.subarray(last), ZEROS]);
    await writeFile(file, damaged);
    await assert.rejects(data.open(), isDamaged);
    assert.deepEqual(await readFile(file), damaged, 'nothing was changed');
  }
  // In a file that another follows, the records are known to end where that one says.
  await writeFile(file, journal);
  const store = await data.open();
  await using copy = await dataDirectory();
  const before = await readFile(join(data.path, 'snapshot.json'));
  await store.compact();
  await store.close();
  await cp(data.path, copy.path, { recursive: true });
  await writeFile(join(copy.path, 'snapshot.json'), before);
  await writeFile(join(copy.path, FIRST), Buffer.concat([journal, ZEROS]));
  await (await copy.open()).close();
  await writeFile(join(copy.path, FIRST), Buffer.concat([journal.subarray(0, last), ZEROS]));
  await assert.rejects(copy.open(), isDamaged);
});

test('a killed process leaves zeros; backup and compaction of a running one do not see them', async () => {
  await using data = await dataDirectory();
  await using other = await dataDirectory();
  const store = await data.open({ aheadBytes: 1 << 20 });
  for (const changes of [...SAMPLE, ...SAMPLE]) await store.commit(changes);
  const expected = dump(store.view);
  const file = join(data.path, FIRST);
  let copy = await readFile(file);
  while (copy.at(-1) !== 0) copy = await readFile(file);
  const backup = join(other.path, 'backup.json');
  assert.equal((await store.backup(backup)).sequence, store.view.sequence);
  await writeFile(join(other.path, FIRST), copy);
  await writeFile(join(other.path, 'snapshot.json'), await readFile(join(data.path, 'snapshot.json')));
  const killed = await other.open();
  assert.deepEqual(dump(killed.view), expected);
  await killed.close();
  await store.compact();
  await store.close();
  const again = await data.open();
  assert.deepEqual(dump(again.view), expected);
  await again.close();
  assert.deepEqual([...data.notices, ...other.notices], []);
});
