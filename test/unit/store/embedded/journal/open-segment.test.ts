/** Zeros ahead of the records: there before they are needed, never in the way, and never the reason of a failure. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type FileLayer,
  type JournalFile,
  nodeFileLayer,
} from '../../../../../src/store/embedded/journal/file-layer.ts';
import { OpenSegment } from '../../../../../src/store/embedded/journal/open-segment.ts';
import { SAMPLE, dump } from '../../../../contract/store-samples.ts';
import { dataDirectory, systemError } from '../data-directory.ts';

const AHEAD = 16_384;
const FIRST = 'journal-00000001.log';

/** The system's files, except that zeros are written slowly, or fail to be written or synced. */
function filesWith(zeros: { slow?: number; write?: string; datasync?: string }): FileLayer {
  const wrap = (file: JournalFile): JournalFile => {
    let hasZeros = false;
    return {
      write: async (bytes, at) => {
        if (bytes.some((byte) => byte !== 0)) return file.write(bytes, at);
        hasZeros = true;
        await sleep(zeros.slow ?? 0);
        if (zeros.write === undefined) return file.write(bytes, at);
        await file.write(bytes.subarray(0, bytes.length >> 1), at);
        throw systemError(zeros.write);
      },
      datasync: async () => {
        if (hasZeros && zeros.datasync !== undefined) throw systemError(zeros.datasync);
        await file.datasync();
      },
      truncate: (length) => file.truncate(length),
      close: () => file.close(),
    };
  };
  return {
    ...nodeFileLayer,
    create: async (path) => wrap(await nodeFileLayer.create(path)),
    open: async (path) => wrap(await nodeFileLayer.open(path)),
    openDurable: async (path) => wrap(await nodeFileLayer.openDurable(path)),
  };
}

interface Opened extends AsyncDisposable {
  readonly path: string;
  readonly segment: OpenSegment;
}

async function opened({ files = nodeFileLayer, ahead = AHEAD } = {}): Promise<Opened> {
  const directory = await mkdtemp(join(tmpdir(), 'homing-segment-'));
  const path = join(directory, FIRST);
  const file = await files.create(path);
  const segment = new OpenSegment({ files, file, number: 1, path, bytes: 0, ahead });
  return {
    path,
    segment,
    [Symbol.asyncDispose]: async () => {
      await segment.close();
      await rm(directory, { recursive: true });
    },
  };
}

const record = (length: number, letter: string): Buffer[] => [Buffer.from(`${letter.repeat(length - 1)}\n`)];

async function sizeBecomes(path: string, isRight: (size: number) => boolean): Promise<number> {
  for (let i = 0; i < 2000; i++) {
    const { size } = await stat(path);
    if (isRight(size)) return size;
    await sleep(1);
  }
  throw new Error(`the file has ${(await stat(path)).size} bytes`);
}

test('a file gets more zeros the more it holds, and is cut to its records when it is closed', async () => {
  await using made = await opened();
  const { path, segment } = made;
  await segment.append(record(100, 'a'));
  assert.equal((await stat(path)).size, 100, 'one commit needs none');
  await segment.append(record(100, 'b'));
  await sizeBecomes(path, (size) => size >= 200 + AHEAD / 64);
  await segment.append(record(3000, 'c'));
  await sizeBecomes(path, (size) => size >= 6200);
  for (let i = 0; i < 20; i++) await segment.append(record(1000, 'd'));
  const most = await sizeBecomes(path, (size) => size >= segment.bytes + AHEAD / 2);
  assert.ok(most <= segment.bytes + AHEAD, 'never more than the most');
  assert.equal(segment.bytes, 23_200);
  const whole = await readFile(path);
  assert.ok(whole.subarray(segment.bytes).every((byte) => byte === 0));
  await segment.close();
  assert.deepEqual(await readFile(path), whole.subarray(0, 23_200));
});

test('a record that the zeros have no room for is not overwritten by those that are on their way', async () => {
  await using made = await opened({ files: filesWith({ slow: 5 }) });
  const { path, segment } = made;
  let expected = '';
  for (let i = 0; i < 30; i++) {
    const [bytes] = record(i % 3 === 2 ? 2500 : 150, 'abcdefghij'[i % 10]!);
    expected += bytes!.toString();
    await segment.append([bytes!.subarray(0, 70), bytes!.subarray(70)]);
    await sleep(i % 4);
  }
  assert.ok(segment.isTrusted);
  await segment.close();
  assert.equal(await readFile(path, 'utf8'), expected);
});

test('without room for zeros it appends, and takes no more than its records need', async () => {
  await using made = await opened({ files: filesWith({ write: 'ENOSPC' }) });
  const { path, segment } = made;
  for (let i = 0; i < 10; i++) await segment.append(record(200, 'a'));
  await sizeBecomes(path, (size) => size === 2000);
  assert.ok(segment.isTrusted);
});

test('asked for none, it writes none', async () => {
  await using made = await opened({ ahead: 0 });
  for (let i = 0; i < 10; i++) await made.segment.append(record(200, 'a'));
  assert.equal((await stat(made.path)).size, 2000);
});

test('zeros that cannot be synced fail no commit: it goes on in another file', async () => {
  await using data = await dataDirectory();
  const files = filesWith({ datasync: 'EIO' });
  const store = await data.open({ files, aheadBytes: AHEAD });
  for (let i = 0; i < 20; i++) {
    await store.commit(SAMPLE[i % SAMPLE.length]!);
    await sleep(1);
  }
  assert.deepEqual(store.health, { writable: true });
  const expected = dump(store.view);
  await store.close();
  assert.deepEqual((await readdir(data.path)).filter((name) => name.startsWith('journal')).sort(), [
    FIRST,
    'journal-00000002.log',
  ]);
  assert.deepEqual(data.notices, []);
  const again = await data.open();
  assert.deepEqual(dump(again.view), expected);
  await again.close();
});
