/** Replies that are written together. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outbox } from '../../../../src/http/connection/outbox.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('replies are written in their order, at the end of the turn in which they were added', async () => {
  const outbox = new Outbox();
  const written: number[] = [];
  for (let i = 0; i < 3; i++) outbox.add(() => written.push(i));
  await Promise.resolve();
  assert.equal(written.length, 0, 'what else can be read comes first');
  await turn();
  assert.deepEqual(written, [0, 1, 2]);
  outbox.add(() => written.push(3));
  await turn();
  assert.deepEqual(written, [0, 1, 2, 3]);
});

test('what is added while others are written is written in the next turn', async () => {
  const outbox = new Outbox();
  const written: string[] = [];
  outbox.add(() => {
    written.push('first');
    outbox.add(() => written.push('second'));
  });
  await turn();
  assert.deepEqual(written, ['first']);
  await turn();
  assert.deepEqual(written, ['first', 'second']);
});

test('of thousands in one turn none waits for all the others', async () => {
  const outbox = new Outbox();
  const written: number[] = [];
  for (let i = 0; i < 5000; i++) {
    outbox.add(() => written.push(i));
    assert.ok(i - written.length < 100, `${i - written.length} wait`);
  }
  await turn();
  assert.deepEqual(
    written,
    Array.from({ length: 5000 }, (_, i) => i),
  );
});
