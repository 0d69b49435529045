/** A disk that is really full: a tmpfs of its own. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Change } from '../../../../src/store/change.ts';
import { errorCode } from '../../../../src/store/embedded/journal/file-layer.ts';
import { type Store, StoreError } from '../../../../src/store/store.ts';
import { account, dump } from '../../../contract/store-samples.ts';
import { dataDirectory } from './data-directory.ts';

const run = promisify(execFile);

function accounts(count: number): Change[] {
  return Array.from({ length: count }, (_, i) => ({ kind: 'account-put', account: account(`a${i}`) }));
}

/** Asked anew each time: what the compiler knows of an earlier answer no longer holds. */
function isWritable(store: Store): boolean {
  return store.health.writable;
}

function ignoreFull(error: unknown): void {
  if (errorCode(error) !== 'ENOSPC') throw error;
}

function isUnwritable(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'unwritable' && error.message.includes('full');
}

for (const aheadBytes of [0, 65_536])
  test(`full, it refuses and changes nothing; with space again it goes on, with ${aheadBytes} bytes of zeros ahead`, (t) =>
    fillAndEmpty(t, aheadBytes));

async function fillAndEmpty(t: TestContext, aheadBytes: number): Promise<void> {
  await using data = await dataDirectory();
  const disk = join(data.path, 'disk');
  await mkdir(disk);
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
  } catch {
    t.skip('needs the right to mount a tmpfs');
    return;
  }
  try {
    const directory = join(disk, 'data');
    const ballast = join(disk, 'ballast');
    const fill = async (): Promise<void> => {
      const { bavail, bsize } = await statfs(disk);
      // Zeros ahead may take some of it meanwhile; full it is all the same.
      await writeFile(ballast, Buffer.alloc(bavail * bsize)).catch(ignoreFull);
    };
    const store = await data.open({ directory, probeMs: 10, aheadBytes });
    await store.commit(accounts(10));

    await fill();
    const before = dump(store.view);
    await assert.rejects(store.commit(accounts(1000)), isUnwritable);
    await assert.rejects(store.commit(accounts(1000)), isUnwritable);
    await sleep(50);
    assert.equal(store.health.writable, false, 'no small probe makes it look well');
    assert.deepEqual(dump(store.view), before);
    await assert.rejects(store.backup(join(disk, 'backup.json')), isUnwritable);

    await rm(ballast);
    await store.commit(accounts(1000));
    assert.deepEqual(store.health, { writable: true });

    await fill();
    await assert.rejects(store.commit(accounts(1000)), isUnwritable);
    await rm(ballast);
    while (!isWritable(store)) await sleep(5);
    await store.commit(accounts(1));
    const expected = dump(store.view);
    await store.close();

    const again = await data.open({ directory });
    assert.deepEqual(dump(again.view), expected);
    assert.ok(data.notices.every(({ code }) => code === 'unwritable' || code === 'writable'));
    await again.close();

    await fill();
    const names = await readdir(directory);
    await assert.rejects(data.open({ directory }), /full/);
    assert.deepEqual(await readdir(directory), names, 'a start that fails leaves nothing behind');
  } finally {
    // Lazily: what failed above may have left files open, and that failure is the one to be told.
    await run('umount', ['-l', disk]);
  }
}
