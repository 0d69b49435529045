import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { splitJoinedUrls } from '../../../../src/http/update/joined-urls.ts';

describe('joined URLs (D-1.7)', () => {
  it('are split where a blank and another URL stand', () => {
    for (const [query, parts] of [
      ['a=1&b=2', ['a=1&b=2']],
      ['a=1%20http://d/nic/update?a=2&b=3', ['a=1', 'a=2&b=3']],
      ['a=1+https://d/x?a=2%20%20HTTP%3A%2F%2fd?c', ['a=1', 'a=2', 'c']],
      ['a=1%20http://d/x', ['a=1', '']],
      ['url=http://d/x?y&b=1', ['url=http://d/x?y&b=1']],
    ] as const)
      assert.deepEqual(splitJoinedUrls(query), parts, query);
  });

  it('are at most four, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('%20http://', '+', 'https://', '?', '&', 'x', '%20'), { maxLength: 60 }),
        (parts) => {
          const split = splitJoinedUrls(parts.join(''));
          assert.ok(split.length >= 1 && split.length <= 4);
        },
      ),
    );
  });
});
