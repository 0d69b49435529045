/** The orderly end: reverse order, every step tried, never longer than its limit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../../src/ops/log.ts';
import { createShutdown } from '../../../src/ops/shutdown.ts';

const { log } = createLog({ level: 'silent', pretty: false, sink: { write: () => undefined } });

test('steps stop in reverse order, one after the other, and only once', async () => {
  const order: string[] = [];
  const shutdown = createShutdown({ log, timeoutMs: 1000 });
  for (const name of ['store', 'dns', 'http']) {
    shutdown.add({
      name,
      stop: async () => {
        order.push(`${name}…`);
        await new Promise((resolve) => setImmediate(resolve));
        order.push(name);
      },
    });
  }
  assert.deepEqual(await Promise.all([shutdown.run(), shutdown.run()]), ['clean', 'clean']);
  assert.deepEqual(order, ['http…', 'http', 'dns…', 'dns', 'store…', 'store']);
});

test('a step that fails does not keep the next ones from stopping', async () => {
  const order: string[] = [];
  const shutdown = createShutdown({ log, timeoutMs: 1000 });
  shutdown.add({ name: 'store', stop: () => Promise.resolve(void order.push('store')) });
  shutdown.add({ name: 'http', stop: () => Promise.reject(new Error('stuck')) });
  assert.equal(await shutdown.run(), 'failed');
  assert.deepEqual(order, ['store']);
});

test('a step that hangs ends the wait at the limit', async () => {
  const shutdown = createShutdown({ log, timeoutMs: 30 });
  shutdown.add({ name: 'http', stop: () => new Promise<void>(() => undefined) });
  assert.equal(await shutdown.run(), 'timed-out');
});
