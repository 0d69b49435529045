import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonPieces } from '../../../src/ops/json-pieces.ts';

test('the pieces joined are what JSON.stringify writes', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal([...jsonPieces(value)].join(''), JSON.stringify(value));
    }),
  );
  const sparse = { a: undefined, b: [undefined, 1], c: {} };
  assert.equal([...jsonPieces(sparse)].join(''), JSON.stringify(sparse));
});

test('long lists and strings come in pieces of a bounded size, and read back whole', () => {
  const list = Array.from({ length: 12_345 }, (_, i) => ({ name: `h${i}`, addresses: [i] }));
  // At an odd place, so that some cut falls within a pair.
  const text = `x${'\u{1f600}\n"'.repeat(100_000)}`;
  const value = { ok: true, value: { list, text } };
  const pieces = [...jsonPieces(value)];
  assert.ok(pieces.length > 20);
  assert.ok(Math.max(...pieces.map((piece) => piece.length)) < 200_000);
  assert.deepEqual(JSON.parse(pieces.join('')), value);
});
