/** The lock, with real processes: held, stale, taken over, contended. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { acquireLock, findLockHolder } from '../../../../src/store/embedded/lock.ts';
import { systemClock } from '../../../../src/ops/clock.ts';
import { StoreError } from '../../../../src/store/store.ts';
import { dataDirectory } from './data-directory.ts';

const HOLDER = new URL('./lock-holder.ts', import.meta.url).pathname;

/** A process that takes the lock when it reads a line, says what came of it, and holds it until it is ended. */
function contender(directory: string): { child: ChildProcess; result: () => Promise<string> } {
  const child = spawn(process.execPath, [HOLDER, directory], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdout.setEncoding('utf8');
  const result = async (): Promise<string> => ((await once(child.stdout, 'data')) as [string])[0].trim();
  return { child, result };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

function isInUse(pid: number): (error: unknown) => boolean {
  return (error) =>
    error instanceof StoreError && error.code === 'in-use' && error.message.includes(` ${pid} `);
}

test('a second opening of the same directory is refused, naming the process that holds it', async () => {
  await using data = await dataDirectory();
  const store = await data.open();
  await assert.rejects(data.open(), isInUse(process.pid));
  assert.equal((await findLockHolder(data.path))?.pid, process.pid);
  await store.close();
  assert.equal(await findLockHolder(data.path), undefined);
  await (await data.open()).close();
  assert.deepEqual((await readdir(data.path)).sort(), ['journal-00000001.log', 'snapshot.json']);
});

test('a live process is not robbed, a dead one is succeeded and reported', async () => {
  await using data = await dataDirectory();
  const { child, result } = contender(data.path);
  try {
    assert.equal(await result(), 'ready');
    child.stdin!.write('go\n');
    assert.equal(await result(), 'held');
    await assert.rejects(data.open(), isInUse(child.pid!));
  } finally {
    await end(child);
  }
  const store = await data.open();
  const [notice] = data.notices;
  assert.ok(notice?.code === 'stale-lock' && notice.pid === child.pid);
  assert.deepEqual(
    (await readdir(data.path)).filter((file) => file.startsWith('homing.lock')),
    ['homing.lock'],
  );
  await store.close();
});

for (const round of ['no lock', 'a stale lock', 'a stale lock whose successor died as well']) {
  test(`of eight processes that start at once with ${round}, exactly one wins`, async () => {
    await using data = await dataDirectory();
    if (round !== 'no lock') {
      const dead = {
        id: 'aaaa',
        pid: 2 ** 22 + 1,
        started: '1',
        boot: null,
        since: '2026-01-01T00:00:00.000Z',
      };
      await writeFile(join(data.path, 'homing.lock'), JSON.stringify(dead));
      const successor = JSON.stringify({ ...dead, id: 'bbbb' });
      if (round.endsWith('well')) await writeFile(join(data.path, 'homing.lock.after-aaaa'), successor);
    }
    const contenders = Array.from({ length: 8 }, () => contender(data.path));
    try {
      for (const { result } of contenders) assert.equal(await result(), 'ready');
      const results = contenders.map(({ result }) => result());
      for (const { child } of contenders) child.stdin!.write('go\n');
      const outcomes = await Promise.all(results);
      assert.deepEqual(outcomes.sort(), ['held', ...Array.from({ length: 7 }, () => 'in-use')]);
      const holder = await findLockHolder(data.path);
      assert.ok(contenders.some(({ child }) => child.pid === holder?.pid));
    } finally {
      for (const { child } of contenders) await end(child);
    }
  });
}

test('a process number that was given to another process since does not hold the lock', async (t) => {
  await using data = await dataDirectory();
  const lock = await acquireLock(data.path, systemClock);
  const path = join(data.path, 'homing.lock');
  const holder = JSON.parse(await readFile(path, 'utf8')) as { started: string | null; boot: string | null };
  await lock.release();
  if (holder.started === null || holder.boot === null) {
    t.skip('needs /proc');
    return;
  }
  for (const other of [{ started: '1' }, { boot: 'another boot' }]) {
    await writeFile(path, JSON.stringify({ ...holder, ...other }));
    assert.equal(await findLockHolder(data.path), undefined);
    await (await acquireLock(data.path, systemClock)).release();
  }
});

test('what cannot be read as a lock is left alone and said', async () => {
  await using data = await dataDirectory();
  await writeFile(join(data.path, 'homing.lock'), 'pid 17');
  await assert.rejects(
    data.open(),
    (error) =>
      error instanceof StoreError && error.code === 'in-use' && error.message.includes('remove that file'),
  );
  assert.deepEqual(await readdir(data.path), ['homing.lock']);
});

test('a lock that an operator removed and another process took is not released by the first', async () => {
  await using data = await dataDirectory();
  const lock = await acquireLock(data.path, systemClock);
  await writeFile(
    join(data.path, 'homing.lock'),
    JSON.stringify({ id: 'other', pid: 1, started: null, boot: null, since: '' }),
  );
  await lock.release();
  assert.deepEqual(await readdir(data.path), ['homing.lock']);
});
