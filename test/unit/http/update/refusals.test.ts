/** Refusals that are told together, with a clock that the test moves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainReply } from '../../../../src/http/reply.ts';
import { Refusals } from '../../../../src/http/update/refusals.ts';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('refusals wait for the first of them, and each gets its own', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const refusals = new Refusals();
  const told: string[] = [];
  const hold = (body: string): void =>
    void refusals.hold(plainReply(body)).then((reply) => told.push(reply.body));
  hold('a');
  t.mock.timers.tick(9);
  hold('b');
  await settled();
  assert.deepEqual(told, []);
  t.mock.timers.tick(1);
  await settled();
  assert.deepEqual(told, ['a', 'b']);

  hold('c');
  t.mock.timers.tick(9);
  await settled();
  assert.deepEqual(told, ['a', 'b'], 'the next ones wait anew');
  t.mock.timers.tick(1);
  await settled();
  assert.deepEqual(told, ['a', 'b', 'c']);
});
