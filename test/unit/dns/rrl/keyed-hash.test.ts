import assert from 'node:assert/strict';
import test from 'node:test';
import { KeyedHash } from '../../../../src/dns/rrl/keyed-hash.ts';

void test("the bytes 0 to 11 under the key 0 to 7: the Linux kernel's vector for HalfSipHash-1-3", () => {
  const hash = new KeyedHash(0x03020100, 0x07060504);
  assert.equal(hash.of(0x03020100, 0x07060504, 0x0b0a0908) >>> 0, 0x6b28096c);
});

void test('neighbouring networks spread evenly over the rows, under each key in another way', () => {
  const rows = 1024;
  const placements = [1, 2].map((key) => {
    const hash = new KeyedHash(key, 0);
    return Array.from({ length: 8 * rows }, (_, network) => hash.of(4, network << 8, 0) & (rows - 1));
  });
  for (const placement of placements) {
    const load = new Map<number, number>();
    for (const row of placement) load.set(row, (load.get(row) ?? 0) + 1);
    // Eight a row on average; of evenly spread ones fewer than 1 row in 10,000 has over 24.
    assert.ok(Math.max(...load.values()) <= 24, `${Math.max(...load.values())} in one row`);
    assert.ok(load.size > 0.99 * rows);
  }
  const same = placements[0]!.filter((row, i) => row === placements[1]![i]).length;
  assert.ok(same < 40, `${same} networks of 8192 are in the same row under both keys`);
});
