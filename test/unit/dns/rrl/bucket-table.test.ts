import assert from 'node:assert/strict';
import test from 'node:test';
import { type BucketKey, BucketTable, WAYS } from '../../../../src/dns/rrl/bucket-table.ts';
import { KeyedHash } from '../../../../src/dns/rrl/keyed-hash.ts';

const HASH = new KeyedHash(1, 2);
const key = (high: number, low = 0, tag = 4): BucketKey => ({ tag, high, low });

function claim(table: BucketTable, wanted: BucketKey, due: number): number {
  const found = table.find(wanted);
  assert.ok(found < 0);
  table.claim(~found, wanted);
  table.setDue(~found, due);
  return ~found;
}

void test('a key has the place that it claimed, and only with all of its parts', () => {
  const table = new BucketTable(64, HASH);
  const place = claim(table, key(1, 2, 4), 10);
  assert.equal(table.find(key(1, 2, 4)), place);
  for (const other of [key(1, 2, 5), key(1, 3, 4), key(0, 2, 4)]) assert.ok(table.find(other) < 0);
  assert.deepEqual(table.keyAt(place), key(1, 2, 4));
});

void test('a claimed place begins with a full bucket and nothing suppressed, whatever was there', () => {
  const table = new BucketTable(WAYS, HASH);
  for (let i = 0; i < WAYS; i++) {
    const place = claim(table, key(i), 100);
    table.setSuppressed(place, 7);
    table.setAnnounced(place, true);
  }
  const place = ~table.find(key(99));
  table.claim(place, key(99));
  assert.deepEqual(
    [table.due(place), table.suppressed(place), table.isAnnounced(place)],
    [-Infinity, 0, false],
  );
});

void test('free places are taken first, then the one whose bucket is nearest to full', () => {
  const table = new BucketTable(WAYS, HASH);
  const places = [50, 30, 80, 20, 90, 60, 70, 40].map((due, i) => claim(table, key(i), due));
  assert.equal(new Set(places).size, WAYS);
  assert.equal(table.find(key(99)), ~places[3]!);
  table.setDue(places[3]!, 95);
  assert.equal(table.find(key(99)), ~places[1]!);
});

void test('what is written to one place changes no other', () => {
  const table = new BucketTable(WAYS, HASH);
  const places = Array.from({ length: WAYS }, (_, i) => claim(table, key(-7 - i, 1 << (24 + i)), i));
  table.setDue(places[3]!, 1e15 + 1);
  table.setSuppressed(places[3]!, 2 ** 40);
  table.setAnnounced(places[3]!, true);
  for (const [i, place] of places.entries()) {
    assert.equal(table.due(place), i === 3 ? 1e15 + 1 : i);
    assert.equal(table.suppressed(place), i === 3 ? 2 ** 40 : 0);
    assert.equal(table.isAnnounced(place), i === 3);
    assert.deepEqual(table.keyAt(place), key(-7 - i, 1 << (24 + i)));
  }
});

void test('sizes that are no power of two, or smaller than a row', () => {
  for (const size of [0, 1, 4, 12, 100, 8.5]) assert.throws(() => new BucketTable(size, HASH), RangeError);
});
