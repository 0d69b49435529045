/** Rows hold what was put into them, each for itself, whatever the others hold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runAtOnce } from '../../../../src/ops/steps.ts';
import { FIELD, NodeRows } from '../../../../src/zone/packed/node-rows.ts';

const word = fc.integer({ min: 0, max: 0xffff_ffff });
const octet = fc.integer({ min: 0, max: 255 });

const content = fc.record(
  {
    name: fc.uint8Array({ minLength: 1, maxLength: 255 }),
    fields: fc.tuple(word, word, word, word, word, word),
    flags: octet,
    marks: octet,
    time: fc.oneof(fc.double(), fc.constant(Number.NaN)),
  },
  { noNullPrototype: true },
);

type Content = typeof content extends fc.Arbitrary<infer T> ? T : never;

const FIELDS = Object.values(FIELD);
const EMPTY = { fields: FIELDS.map(() => 0), flags: 0, time: 0 };

function put(rows: NodeRows, id: number, { name, fields, flags, marks, time }: Content): void {
  while (rows.room <= id) rows.grow();
  const buffer = Buffer.concat([Buffer.from('xx'), name]);
  rows.setName(id, buffer, 2, name.length);
  assert.ok(rows.isNamed(id, buffer, 2, name.length));
  assert.ok(!rows.isNamed(id, buffer, 1, name.length + 1));
  FIELDS.forEach((field, i) => {
    rows.set(id, field, fields[i]!);
  });
  rows.setFlags(id, flags);
  rows.setMarks(id, marks);
  rows.setTime(id, time);
}

function read(rows: NodeRows, id: number): Content {
  const at = rows.nameAt(id);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = FIELDS.map((field) => rows.get(id, field));
  return {
    name: Uint8Array.from(rows.nameBytes(id).subarray(at, at + rows.nameLength(id))),
    fields: [a, b, c, d, e, f],
    flags: rows.flags(id),
    marks: rows.marks(id),
    time: rows.time(id),
  };
}

test('each row keeps its own name and fields while others are filled, freed and copied', () => {
  fc.assert(
    fc.property(fc.array(content, { minLength: 1, maxLength: 40 }), fc.nat(), (all, seed) => {
      const rows = new NodeRows();
      all.forEach((each, id) => {
        put(rows, id, each);
      });
      const copy = runAtOnce(rows.clone(all.length));
      const freed = seed % all.length;
      rows.free(freed);
      all.forEach((each, id) => {
        assert.deepEqual(read(copy, id), each);
        if (id !== freed) assert.deepEqual(read(rows, id), each);
      });
      assert.equal(rows.nameLength(freed), 0);
      assert.deepEqual(read(rows, freed), { ...EMPTY, name: new Uint8Array(), marks: all[freed]!.marks });
      put(rows, freed, all[0]!);
      assert.deepEqual(read(rows, freed), all[0]);
    }),
    { numRuns: 60 },
  );
});
