/** Account names: which are taken, and in which form. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseAccountName } from '../../../src/account/account.ts';

test('account names are folded to lower case', () => {
  assert.equal(parseAccountName('Alice'), 'alice');
  assert.equal(parseAccountName('A.b_c+D@Example.ORG'), 'a.b_c+d@example.org');
});

for (const [text, why] of [
  ['', 'empty'],
  ['a:b', 'a colon ends the user name of Basic credentials'],
  ['.alice', 'starts with a sign'],
  ['alice.', 'ends with a sign'],
  ['al ice', 'holds a blank'],
  ['alicé', 'is not ASCII'],
  ['alice\n', 'holds a line break'],
  ['a'.repeat(65), 'longer than 64'],
] as const) {
  test(`not an account name: ${JSON.stringify(text)} (${why})`, () => {
    assert.equal(parseAccountName(text), undefined);
  });
}

test('the longest and the shortest name', () => {
  assert.equal(parseAccountName('a'), 'a');
  assert.equal(parseAccountName('a'.repeat(64)), 'a'.repeat(64));
});

test('a parsed name is canonical and safe in Basic credentials', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 70 }), (text) => {
      const name = parseAccountName(text);
      if (name === undefined) return;
      assert.equal(parseAccountName(name), name);
      assert.match(name, /^[!-9;-~]{1,64}$/);
    }),
    { numRuns: 2000 },
  );
});
