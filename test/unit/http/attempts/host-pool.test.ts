/** A pool holds what was put into it, and lets go about the least recently used. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HostAttempts } from '../../../../src/http/attempts/host-attempts.ts';
import { HostPool } from '../../../../src/http/attempts/host-pool.ts';

test('whatever is added and removed, it finds exactly what is there, by one number', () => {
  const step = fc.record({
    name: fc.integer({ min: 0, max: 60 }).map((n) => `h${n}.dyn.test`),
    adds: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const pool = new HostPool();
      const model = new Map<string, { number: number; attempts: HostAttempts }>();
      for (const { name, adds } of steps) {
        const known = model.get(name);
        if (adds && known === undefined) {
          const attempts = new HostAttempts();
          model.set(name, { number: pool.add(name, attempts), attempts });
        } else if (!adds && known !== undefined) {
          pool.remove(known.number);
          model.delete(name);
        }
        assert.equal(pool.size, model.size);
        for (let n = 0; n <= 60; n++) {
          const expected = model.get(`h${n}.dyn.test`);
          assert.equal(pool.find(`h${n}.dyn.test`), expected?.number ?? -1);
          if (expected !== undefined) assert.equal(pool.at(expected.number), expected.attempts);
        }
      }
      assert.equal(new Set([...model.values()].map(({ number }) => number)).size, model.size);
    }),
  );
});

function filled(hosts: number): HostPool {
  const pool = new HostPool();
  for (let i = 0; i < hosts; i++) pool.add(`h${i}`, new HostAttempts());
  return pool;
}

test('the oldest goes first, unless it was used since; of many that were used only some get a second chance', () => {
  const pool = filled(30);
  pool.touch(pool.find('h0'));
  pool.touch(pool.find('h2'));
  const gone: number[] = [];
  for (let i = 0; i < 3; i++) {
    const number = pool.nextToGo();
    gone.push(number);
    pool.remove(number);
  }
  assert.deepEqual(gone, [1, 3, 4]);
  assert.equal(pool.find('h1'), -1);
  for (let i = 5; i < 30; i++) pool.touch(i);
  assert.equal(pool.nextToGo(), 13, 'eight were passed over, the ninth goes although it was used');
});

test('of what comes and goes a hundred times over, what is used stays', () => {
  const pool = filled(1000);
  for (let i = 0; i < 100_000; i++) {
    for (let n = 0; n < 5; n++) pool.touch(pool.find(`h${n}`));
    pool.remove(pool.nextToGo());
    pool.add(`new${i}`, new HostAttempts());
  }
  assert.equal(pool.size, 1000);
  for (let n = 0; n < 5; n++) assert.notEqual(pool.find(`h${n}`), -1);
  assert.equal(pool.find('h5'), -1);
  assert.notEqual(pool.find('new99999'), -1);
});
