import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { NOTICE_BURST, NOTICE_INTERVAL_MS, NoticeGate } from '../../../../src/dns/rrl/limit-notices.ts';

void test('ten at once, then one a second', () => {
  const gate = new NoticeGate();
  const admitted = (count: number, nowMs: number): number =>
    Array.from({ length: count }, () => gate.admit(nowMs)).filter(Boolean).length;
  assert.deepEqual(
    [admitted(100, 0), admitted(100, 999), admitted(100, 1000), admitted(100, 3500)],
    [10, 0, 1, 2],
  );
  assert.equal(admitted(100, 1e9), 10);
});

void test('any sequence of floods is told of at most so often', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 3000 }), { maxLength: 200 }), (steps) => {
      const gate = new NoticeGate();
      let [now, told] = [0, 0];
      for (const step of steps) {
        now += step;
        if (gate.admit(now)) told++;
      }
      assert.ok(told <= NOTICE_BURST + now / NOTICE_INTERVAL_MS);
    }),
  );
});

void test('a clock that goes back a day does not silence it for a day', () => {
  const gate = new NoticeGate();
  for (let i = 0; i < 20; i++) gate.admit(86_400_000);
  assert.equal(gate.admit(0), false);
  assert.equal(gate.admit(2000), true);
});
