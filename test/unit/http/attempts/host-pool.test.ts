/** A pool holds what was put into it, and lets go about the least recently used. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HostPool, VALUE, createNameHash } from '../../../../src/http/attempts/host-pool.ts';

const hash = createNameHash();

/** Some are too long for a row. */
const nameOf = (n: number): string => `${'h'.repeat(1 + (n % 50))}${n}.dyn.test`;

test('whatever is added and removed, it finds exactly what is there, by one number', () => {
  const step = fc.record({
    name: fc.integer({ min: 0, max: 60 }).map(nameOf),
    adds: fc.boolean(),
  });
  let made = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const pool = new HostPool();
      const model = new Map<string, { number: number; latest: number }>();
      for (const { name, adds } of steps) {
        const known = model.get(name);
        if (adds && known === undefined) {
          const number = pool.add(name, hash(name));
          assert.equal(pool.get(number, VALUE.LATEST), 0);
          pool.set(number, VALUE.LATEST, ++made);
          model.set(name, { number, latest: made });
        } else if (!adds && known !== undefined) {
          pool.remove(known.number);
          model.delete(name);
        }
        assert.equal(pool.size, model.size);
        for (let n = 0; n <= 60; n++) {
          const expected = model.get(nameOf(n));
          assert.equal(pool.find(nameOf(n), hash(nameOf(n))), expected?.number ?? -1);
          if (expected !== undefined) assert.equal(pool.get(expected.number, VALUE.LATEST), expected.latest);
        }
      }
      assert.equal(new Set([...model.values()].map(({ number }) => number)).size, model.size);
    }),
  );
});

function filled(hosts: number): HostPool {
  const pool = new HostPool();
  for (let i = 0; i < hosts; i++) pool.add(`h${i}`, hash(`h${i}`));
  return pool;
}

test('the oldest goes first, unless it was used since; of many that were used only some get a second chance', () => {
  const pool = filled(30);
  pool.touch(pool.find('h0', hash('h0')));
  pool.touch(pool.find('h2', hash('h2')));
  const gone: number[] = [];
  for (let i = 0; i < 3; i++) {
    const number = pool.nextToGo();
    gone.push(number);
    pool.remove(number);
  }
  assert.deepEqual(gone, [1, 3, 4]);
  assert.equal(pool.find('h1', hash('h1')), -1);
  for (let i = 5; i < 30; i++) pool.touch(i);
  assert.equal(pool.nextToGo(), 13, 'eight were passed over, the ninth goes although it was used');
});

test('of what comes and goes a hundred times over, what is used stays', () => {
  const pool = filled(1000);
  for (let i = 0; i < 100_000; i++) {
    for (let n = 0; n < 5; n++) pool.touch(pool.find(`h${n}`, hash(`h${n}`)));
    pool.remove(pool.nextToGo());
    pool.add(`new${i}`, hash(`new${i}`));
  }
  assert.equal(pool.size, 1000);
  for (let n = 0; n < 5; n++) assert.notEqual(pool.find(`h${n}`, hash(`h${n}`)), -1);
  assert.equal(pool.find('h5', hash('h5')), -1);
  assert.notEqual(pool.find('new99999', hash('new99999')), -1);
});
