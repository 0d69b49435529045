/** Values by name, as a plain map has them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NameMap } from '../../../../src/update/writing/name-map.ts';
import { parseName } from '../../../../src/zone/name.ts';

test('the first value of a name stays, whatever else is entered', () => {
  const labels = fc.array(fc.stringMatching(/^[a-d]{1,3}$/), { maxLength: 200 });
  fc.assert(
    fc.property(labels, (entered) => {
      const map = new NameMap<number>();
      const plain = new Map<string, number>();
      for (const [i, label] of entered.entries()) {
        const name = parseName(`${label}.dyn.test`)!;
        assert.equal(map.has(name), plain.has(label));
        assert.equal(map.add(name, i), plain.get(label));
        if (!plain.has(label)) plain.set(label, i);
      }
    }),
  );
});
