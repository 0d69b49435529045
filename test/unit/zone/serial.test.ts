import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isLaterSerial, nextSerial, serialAfterRestore } from '../../../src/zone/serial.ts';

const serial = fc.oneof(
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff),
);
/** Clocks before 1970, now, after 2106 where seconds no longer fit, and standing still. */
const clock = fc.oneof(
  fc.integer({ min: -1e13, max: 1e13 }),
  fc.constantFrom(0, 4_294_967_295_999, 4_294_967_296_000),
);

describe('serials (RFC 1982)', () => {
  test('order on the circle', () => {
    assert.ok(isLaterSerial(1, 0));
    assert.ok(isLaterSerial(0, 0xffff_ffff));
    assert.ok(isLaterSerial(0x7fff_ffff, 0));
    assert.ok(!isLaterSerial(5, 5));
    assert.ok(!isLaterSerial(0, 1));
    // Opposite each other: neither is later (§3.2).
    assert.ok(!isLaterSerial(0x8000_0000, 0));
    assert.ok(!isLaterSerial(0, 0x8000_0000));
  });

  test('the next is later under any clock', () => {
    fc.assert(
      fc.property(serial, clock, (serial, now) => {
        const next = nextSerial(serial, now);
        assert.ok(Number.isInteger(next) && next >= 0 && next <= 0xffff_ffff);
        assert.ok(isLaterSerial(next, serial));
      }),
      { numRuns: 2000 },
    );
  });

  test('a run of updates never goes back, wherever the clock jumps, also around the wrap', () => {
    fc.assert(
      fc.property(serial, fc.array(clock, { minLength: 2, maxLength: 50 }), (first, clocks) => {
        let last = first;
        for (const now of clocks) {
          const next = nextSerial(last, now);
          assert.ok(isLaterSerial(next, last));
          last = next;
        }
      }),
    );
  });

  test('is the time in seconds while updates are slower than that, and counts where they are not', () => {
    assert.equal(nextSerial(7, 1_795_000_000_999), 1_795_000_000);
    assert.equal(nextSerial(1_795_000_000, 1_795_000_000_999), 1_795_000_001);
    assert.equal(nextSerial(0xffff_ffff, 0), 0);
  });

  test('after a restore it is later than the backup and than what ran ahead of the clock since', () => {
    fc.assert(
      fc.property(serial, clock, fc.nat(1_000_000), (backup, now, updates) => {
        const restored = serialAfterRestore(backup, now);
        const served = (nextSerial(backup, now) + updates) >>> 0;
        assert.ok(isLaterSerial(restored, backup));
        // Two serials that lie half the circle apart leave no room for a third that is later than both.
        const room = isLaterSerial(served, backup) && (served + 1 - backup) >>> 0 < 0x8000_0000;
        if (room) assert.ok(isLaterSerial(restored, served));
      }),
      { numRuns: 2000 },
    );
    // A zone imported with serial 7, its backup restored in 2030.
    assert.equal(serialAfterRestore(7, 1_900_000_000_000), 7 + 0x7fff_ffff);
  });
});
