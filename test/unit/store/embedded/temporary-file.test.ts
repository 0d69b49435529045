/** What a backup that was killed left is removed by the next one to the same target, and nothing else is. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeFileLayer } from '../../../../src/store/embedded/journal/file-layer.ts';
import { removeAbandoned, temporaryName } from '../../../../src/store/embedded/temporary-file.ts';
import { SAMPLE } from '../../../contract/store-samples.ts';
import { dataDirectory } from './data-directory.ts';

const WRITER = new URL('./backup-writer.ts', import.meta.url).pathname;
const PATIENCE_MS = 60_000;
const DAY_MS = 24 * 60 * 60 * 1000;

async function temporaries(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.includes('.tmp-')).sort();
}

/** A process in the middle of a backup, stopped there by a signal, and the file that it writes. */
async function stoppedWhileWriting(t: TestContext, target: string): Promise<[ChildProcess, string]> {
  const child = spawn(process.execPath, [WRITER, target], { stdio: ['pipe', 'ignore', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const before = await temporaries(join(target, '..'));
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    assert.ok(Date.now() < deadline, 'no backup began');
    child.kill('SIGSTOP');
    await sleep(20);
    const fresh = (await temporaries(join(target, '..'))).filter((name) => !before.includes(name));
    if (fresh.length === 1) return [child, fresh[0]!];
    child.kill('SIGCONT');
    await sleep(5);
  }
}

test('what a killed backup left goes with the next backup to the same target, what others write stays', async (t) => {
  if (process.platform !== 'linux') {
    t.skip('needs /proc');
    return;
  }
  await using data = await dataDirectory();
  await using backups = await dataDirectory();
  const target = join(backups.path, 'homing.json');
  const [writing, running] = await stoppedWhileWriting(t, target);
  const [killed, left] = await stoppedWhileWriting(t, target);
  const exit = once(killed, 'exit');
  killed.kill('SIGKILL');
  await exit;
  const others = [
    'homing.json.tmp-mine',
    `other.json.tmp-${left.slice('homing.json.tmp-'.length)}`,
    'homing.json.tmp-0123456789ab',
  ];
  for (const name of others) await writeFile(join(backups.path, name), 'kept');
  assert.deepEqual(await temporaries(backups.path), [left, running, ...others].sort());

  const store = await data.open();
  for (const changes of SAMPLE) await store.commit(changes);
  await store.backup(target);
  await store.close();
  assert.deepEqual(await temporaries(backups.path), [running, ...others].sort());
  writing.kill('SIGKILL');
});

test('what another machine, boot or container wrote is removed once it was not touched for a day', async () => {
  await using directory = await dataDirectory();
  const target = join(directory.path, 'homing.json');
  const own = basename(await temporaryName(target));
  const foreign = (random: string): string => `homing.json.tmp-0123456789abcdef-1-99-${random}`;
  const [old, fresh] = [foreign('00000000000a'), foreign('00000000000b')];
  for (const name of [own, old, fresh]) await writeFile(join(directory.path, name), '');
  const before = (Date.now() - DAY_MS - 60_000) / 1000;
  for (const name of [own, old]) await utimes(join(directory.path, name), before, before);
  await removeAbandoned(target, nodeFileLayer);
  assert.deepEqual(await temporaries(directory.path), [own, fresh].sort());
  await removeAbandoned(join(directory.path, 'missing', 'homing.json'), nodeFileLayer);
});
