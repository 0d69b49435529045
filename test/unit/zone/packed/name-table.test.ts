import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runAtOnce } from '../../../../src/ops/steps.ts';
import { type Name, parseName } from '../../../../src/zone/name.ts';
import { NameTable } from '../../../../src/zone/packed/name-table.ts';
import { NodeRows } from '../../../../src/zone/packed/node-rows.ts';
import { CellCursor, cellLength, encodeCell } from '../../../../src/zone/packed/record-cell.ts';
import type { RRset } from '../../../../src/zone/rrset.ts';

const nth = (i: number): Name => parseName(`${'n'.repeat(i % 40)}${i}.test`)!;

test('names keep their numbers while others come and go, as in a Map', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(60)), { maxLength: 400 }), (steps) => {
      const rows = new NodeRows();
      const table = new NameTable(rows);
      const expected = new Map<Name, number>();
      for (const [isAdded, i] of steps) {
        const name = nth(i);
        const known = expected.get(name);
        if (isAdded && known === undefined) {
          const id = table.obtain(name);
          assert.ok(id < rows.room && ![...expected.values()].includes(id));
          expected.set(name, id);
        } else if (!isAdded && known !== undefined) {
          table.remove(known);
          expected.delete(name);
        }
        for (let j = 0; j <= 60; j++) assert.equal(table.find(nth(j)), expected.get(nth(j)) ?? -1);
        for (const [each, id] of expected) assert.equal(table.nameOf(id), each);
      }
      const numbers = new Set(expected.values());
      for (let id = 0; id < table.end; id++) assert.equal(table.has(id), numbers.has(id));
    }),
    { numRuns: 60 },
  );
});

test('a copy of rows with their names changes on its own', () => {
  const rows = new NodeRows();
  const table = new NameTable(rows);
  for (let i = 0; i < 1000; i++) table.obtain(nth(i));
  table.remove(table.find(nth(7)));
  const copy = table.clone(runAtOnce(rows.clone(table.end)));
  for (let i = 0; i < 1000; i += 2) table.remove(table.find(nth(i)));
  for (let i = 1000; i < 1500; i++) table.obtain(nth(i));
  for (let i = 0; i < 1500; i++) {
    assert.equal(copy.find(nth(i)) !== -1, i < 1000 && i !== 7, `${i}`);
    assert.equal(table.find(nth(i)) !== -1, i >= 1000 || (i % 2 === 1 && i !== 7), `${i}`);
  }
  copy.obtain(nth(7));
  assert.equal(table.find(nth(7)), -1);
});

test('a thousand names that come and go again and again take no more memory than once', () => {
  const rows = new NodeRows();
  const table = new NameTable(rows);
  const round = (): void => {
    for (let i = 0; i < 1000; i++) table.obtain(nth(i));
    for (let i = 0; i < 1000; i++) table.remove(table.find(nth(i)));
  };
  round();
  const { length } = rows.arena.bytes;
  for (let i = 0; i < 20; i++) round();
  assert.equal(rows.arena.bytes.length, length);
  assert.equal(rows.room, 1024);
  assert.equal(table.end, 1000);
});

test('RRsets come back from a cell as they went in, as copies', () => {
  const rrset = fc.record(
    {
      type: fc.integer({ min: 1, max: 0xffff }),
      ttl: fc.nat(0x7fff_ffff),
      rdata: fc.array(
        fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ minLength: 100, maxLength: 400 })),
        {
          minLength: 1,
          maxLength: 200,
        },
      ),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.uniqueArray(rrset, { selector: ({ type }) => type, maxLength: 5 }), (rrsets) => {
      const bytes = Buffer.alloc(cellLength(rrsets) + 6, 0xee);
      encodeCell(rrsets, bytes, 3);
      const read: RRset[] = [];
      const end = bytes.length - 3;
      for (const cursor = new CellCursor(bytes, 3, end); cursor.type !== -1;) read.push(cursor.take());
      const skipped = rrsets.map(({ type }) => new CellCursor(bytes, 3, end).find(type));
      assert.deepEqual([bytes.subarray(0, 3), bytes.subarray(-3)], Array(2).fill(Buffer.alloc(3, 0xee)));
      bytes.fill(0);
      assert.deepEqual(read, rrsets);
      assert.deepEqual(skipped, rrsets);
    }),
    { numRuns: 50 },
  );
});
