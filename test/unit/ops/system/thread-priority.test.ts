import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { getPriority } from 'node:os';
import test from 'node:test';
import { Worker } from 'node:worker_threads';
import { preferThread } from '../../../../src/ops/system/thread-priority.ts';

/** The threads of this process: name and nice value, from /proc/PID/task/TID/stat. */
function threads(): readonly [name: string, nice: number][] {
  return readdirSync('/proc/self/task').map((id) => {
    const text = readFileSync(`/proc/self/task/${id}/stat`, 'utf8');
    const end = text.lastIndexOf(')');
    return [text.slice(text.indexOf('(') + 1, end), Number(text.slice(end + 2).split(' ')[16])];
  });
}

void test('a thread that is not there is not preferred', () => {
  assert.equal(preferThread('no-such-thread'), false);
});

void test('one thread is preferred to the others, where the system permits it', async (t) => {
  const worker = new Worker('setInterval(() => undefined, 1000)', { eval: true, name: 'preferred' });
  await once(worker, 'online');
  try {
    const before = process.platform === 'linux' ? threads() : [];
    if (!before.some(([name]) => name === 'preferred')) {
      t.skip('needs threads with names in /proc');
      return;
    }
    const usual = getPriority();
    if (!preferThread('preferred')) {
      t.skip('needs the right to raise a priority');
      return;
    }
    for (const [name, nice] of threads())
      assert.equal(nice, name === 'preferred' ? Math.max(-20, usual - 10) : usual, name);
  } finally {
    await worker.terminate();
  }
});
