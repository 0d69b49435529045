/** What a store takes of the disk: never more than three times its document, however slow the fold is. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { Change } from '../../../../../src/store/change.ts';
import type { EmbeddedStore } from '../../../../../src/store/embedded/embedded-store.ts';
import {
  journalBound,
  leastDocumentBytes,
  pauseBeforeCommit,
} from '../../../../../src/store/embedded/journal/bound.ts';
import {
  type FileLayer,
  type JournalFile,
  nodeFileLayer,
} from '../../../../../src/store/embedded/journal/file-layer.ts';
import { SNAPSHOT_NAME } from '../../../../../src/store/embedded/snapshot.ts';
import { account, dump } from '../../../../contract/store-samples.ts';
import { dataDirectory } from '../data-directory.ts';

const ACCOUNTS = 10_000;
/** Their record is a list's. */
const LARGE = 90_000;
const BATCH = 100;
const MANY = 400;

/** Accounts number `from` and those that follow, one batch of them. */
function batch(from: number): Change[] {
  return Array.from({ length: BATCH }, (_, i) => ({
    kind: 'account-put',
    account: account(`a${(from + i) % ACCOUNTS}`),
  }));
}

/** Creates files where what is folded into one of this name is whole on the disk but not synced until the gate is opened. */
class SlowFold {
  readonly #temporary: string;
  gate = Promise.resolve();
  openGate = (): void => undefined;

  constructor(name = SNAPSHOT_NAME) {
    this.#temporary = `${name}.tmp-`;
  }

  shutGate(): void {
    this.gate = new Promise((resolve) => (this.openGate = resolve));
  }

  readonly files: FileLayer = { ...nodeFileLayer, create: (path) => this.#create(path) };

  async #create(path: string): Promise<JournalFile> {
    const file = await nodeFileLayer.create(path);
    if (!path.includes(this.#temporary)) return file;
    return {
      write: (bytes, position) => file.write(bytes, position),
      truncate: (length) => file.truncate(length),
      close: () => file.close(),
      datasync: async () => {
        await this.gate;
        await file.datasync();
      },
    };
  }
}

/** What the files of a directory have, zeros ahead included. */
async function bytesIn(directory: string): Promise<number> {
  const sizes = (await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Commits until one waits for the fold; that one, and the most bytes that were there. */
async function commitUntilHeld(
  store: EmbeddedStore,
): Promise<{ readonly waiting: Promise<void>; readonly most: number }> {
  let most = 0;
  for (let i = 0; i < MANY; i++) {
    const commit = store.commit(batch(i * BATCH));
    // On a machine that is so slow that this is no sign of waiting, less is tried and what is tried is the same.
    const isDone = await Promise.race([commit.then(() => true), sleep(1000, false)]);
    most = Math.max(most, await bytesIn(store.directory));
    if (!isDone) return { waiting: commit, most };
  }
  return assert.fail(`${MANY} commits did not wait for the fold; ${most} bytes`);
}

async function outrunFold(t: TestContext, aheadBytes: number): Promise<void> {
  await using data = await dataDirectory();
  const slow = new SlowFold();
  const store = await data.open({ files: slow.files, aheadBytes, compactionBytes: 1 });
  t.after(() => {
    slow.openGate();
  });
  for (let i = 0; i < ACCOUNTS; i += BATCH) await store.commit(batch(i));
  const { bytes: document } = await store.compact();
  slow.shutGate();
  const { waiting, most } = await commitUntilHeld(store);
  assert.ok(most > 2 * document, `only ${most} bytes, so that no fold was outrun`);
  assert.ok(most <= 3 * document, `${most} bytes beside a document of ${document}`);
  const before = data.notices.length;
  slow.openGate();
  await waiting;
  while (data.notices.length === before) await sleep(5);
  assert.match(data.notices[before]!.message, /slowed down for \d+ ms/);
  const expected = dump(store.view);
  await store.close();
  const again = await data.open();
  assert.deepEqual(dump(again.view), expected);
  await again.close();
}

for (const aheadBytes of [0, 65_536])
  test(`a fold that does not end keeps the journal from growing, with ${aheadBytes} bytes of zeros ahead`, (t) =>
    outrunFold(t, aheadBytes));

test('a process that dies in every fold does not let the journal grow for ever', async (t) => {
  await using data = await dataDirectory();
  const lives = await mkdtemp(join(tmpdir(), 'homing-bound-'));
  t.after(() => rm(lives, { recursive: true }));
  const first = await data.open({ compactionBytes: 1 });
  for (let i = 0; i < ACCOUNTS; i += BATCH) await first.commit(batch(i));
  const { bytes: document } = await first.compact();
  await first.close();
  let directory = data.path;
  for (let life = 0; life < 4; life++) {
    const slow = new SlowFold();
    const store = await data.open({ directory, files: slow.files, aheadBytes: 0, compactionBytes: 1 });
    t.after(() => {
      slow.openGate();
    });
    slow.shutGate();
    const { waiting, most } = await commitUntilHeld(store);
    assert.ok(most <= 3 * document, `${most} bytes in life ${life} beside a document of ${document}`);
    directory = join(lives, String(life));
    await cp(store.directory, directory, {
      recursive: true,
      filter: (path) => !basename(path).startsWith('homing.lock'),
    });
    slow.openGate();
    await waiting;
    await store.close();
  }
});

test('what waits for room is done before the store closes', async () => {
  await using data = await dataDirectory();
  const slow = new SlowFold();
  const store = await data.open({ files: slow.files, aheadBytes: 0, compactionBytes: 1 });
  for (let i = 0; i < ACCOUNTS; i += BATCH) await store.commit(batch(i));
  await store.compact();
  slow.shutGate();
  const commits = Array.from({ length: MANY }, (_, i) => store.commit(batch(i * BATCH)));
  await commits[0];
  const closing = store.close();
  slow.openGate();
  await Promise.all([...commits, closing]);
  const again = await data.open();
  assert.equal(again.view.sequence, ACCOUNTS / BATCH + MANY);
  await again.close();
});

/** Fails where the promise takes too long for somebody who waits for nothing but the disk. */
async function soon(promise: Promise<unknown>): Promise<void> {
  const ended = await Promise.race([promise.then(() => true), sleep(10_000, false)]);
  assert.ok(ended, 'it waited for a fold');
}

async function foldLarge(
  t: TestContext,
  make: (store: EmbeddedStore, changes: readonly Change[]) => Promise<void>,
): Promise<void> {
  await using data = await dataDirectory();
  const slow = new SlowFold();
  t.after(() => {
    slow.openGate();
  });
  const store = await data.open({ files: slow.files, aheadBytes: 0, compactionBytes: 1 });
  for (let i = 0; i < ACCOUNTS; i += BATCH) await store.commit(batch(i));
  const { bytes } = await store.compact();
  slow.shutGate();
  const large = Array.from({ length: LARGE }, (_, i): Change => ({
    kind: 'account-put',
    account: account(`large${i}`),
  }));
  await make(store, large);
  assert.ok((await bytesIn(data.path)) > 3 * bytes);
  await soon(store.commit(batch(0)));
  const closing = store.close();
  slow.openGate();
  await closing;
  slow.shutGate();
  const again = await data.open({ files: slow.files, aheadBytes: 0, compactionBytes: 1 });
  // The first begins a fold, if the last one was not done, of all that it found.
  for (let i = 0; i < 3; i++) await soon(again.commit(batch(0)));
  slow.openGate();
  assert.equal([...again.view.accounts()].length, ACCOUNTS + LARGE);
  await again.close();
}

test('nobody waits for a large commit to be folded that was prepared beside the journal', (t) =>
  foldLarge(t, async (store, changes) => {
    const { told } = await (await store.prepare(changes)).make([]);
    await told;
  }));

test('nor for one that was written alone', (t) => foldLarge(t, (store, changes) => store.commit(changes)));

test('nobody waits for a compaction that itself waits for a backup', async (t) => {
  await using data = await dataDirectory();
  const outside = await mkdtemp(join(tmpdir(), 'homing-bound-'));
  t.after(() => rm(outside, { recursive: true }));
  const slow = new SlowFold('copy.json');
  t.after(() => {
    slow.openGate();
  });
  const store = await data.open({ files: slow.files, aheadBytes: 0, compactionBytes: 1 });
  for (let i = 0; i < ACCOUNTS; i += BATCH) await store.commit(batch(i));
  await store.compact();
  slow.shutGate();
  const backup = store.backup(join(outside, 'copy.json'));
  for (let i = 0; i < MANY; i++) await soon(store.commit(batch(i * BATCH)));
  slow.openGate();
  await backup;
  await store.close();
});

const KIB = 1024;

test('two snapshots, a journal at its bound and the zeros ahead are three documents at most', () => {
  const anySizes = fc.record({
    snapshotBytes: fc.integer({ min: 0, max: 2 ** 40 }),
    leastFoldBytes: fc.integer({ min: 64 * KIB, max: 2 ** 30 }),
    mostAheadBytes: fc.integer({ min: 0, max: 2 ** 30 }),
  });
  fc.assert(
    fc.property(anySizes, (sizes) => {
      const { snapshotBytes, leastFoldBytes, mostAheadBytes } = sizes;
      const document = Math.max(snapshotBytes, leastDocumentBytes(leastFoldBytes));
      const { foldAt, slowAt, waitAt, aheadBytes } = journalBound(sizes);
      assert.ok(foldAt < slowAt && slowAt < waitAt && aheadBytes <= mostAheadBytes);
      const record = Math.min(512 * KIB, document / 8);
      assert.ok(2 * snapshotBytes + waitAt + (aheadBytes * 17) / 16 + record <= 3 * document + 1);
    }),
  );
});

// So that the bound is a round number.
const AHEAD = (3500 * 16) / 17;

test('the pause grows from nothing to the wait', () => {
  const bound = journalBound({ snapshotBytes: 100_000, leastFoldBytes: 1, mostAheadBytes: AHEAD });
  assert.deepEqual(bound, { foldAt: 70_000, slowAt: 80_500, waitAt: 84_000, aheadBytes: AHEAD });
  const pauses = [0, 80_499, 80_500, 82_250, 83_999, 84_000, 1e9].map((bytes) =>
    pauseBeforeCommit(bytes, bound),
  );
  assert.deepEqual(pauses, [0, 0, 0, 25, pauses[4], Infinity, Infinity]);
  assert.ok(pauses[4]! > 49 && pauses[4]! < 50);
});
