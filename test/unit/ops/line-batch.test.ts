/** Lines gathered before they are written: order, wholeness, and how long one may wait. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLineBatch } from '../../../src/ops/line-batch.ts';

function gathering(): { writes: string[]; batch: ReturnType<typeof createLineBatch> } {
  const writes: string[] = [];
  return { writes, batch: createLineBatch({ write: (text) => writes.push(text) }) };
}

test('lines of one moment are one write, in their order, and nobody has to ask for it', async () => {
  const { writes, batch } = gathering();
  for (let i = 0; i < 100; i++) batch.write(`line ${i}\n`);
  assert.deepEqual(writes, []);
  const start = performance.now();
  while (writes.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.ok(performance.now() - start < 1000);
  assert.deepEqual(writes, [Array.from({ length: 100 }, (_, i) => `line ${i}\n`).join('')]);
});

test('much is written at once, and never with a line cut in two', () => {
  const { writes, batch } = gathering();
  const line = `${'x'.repeat(999)}\n`;
  for (let i = 0; i < 200; i++) batch.write(line);
  batch.flush();
  assert.equal(writes.join(''), line.repeat(200));
  assert.ok(writes.length >= 10 && writes.length <= 20, `${writes.length} writes`);
  assert.ok(writes.every((text) => text.length % line.length === 0));
});

test('what was flushed is not written again, and nothing is no write', async () => {
  const { writes, batch } = gathering();
  batch.write('a\n');
  batch.flush();
  batch.flush();
  await new Promise((resolve) => setTimeout(resolve, 40));
  assert.deepEqual(writes, ['a\n']);
});
