import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hasParameter, parseParameters } from '../../../../src/http/update/query.ts';

describe('parameters by name', () => {
  it('are read in any case, the first value that is not empty counting, the query before the form', () => {
    const parameters = parseParameters(
      'IP=&ip=1&ip=2&amp;Token=%41+b&bare&=x&k%65y=v',
      'token=form&only=form',
    );
    assert.deepEqual(Object.fromEntries(parameters), {
      ip: '1',
      token: 'A b',
      bare: '',
      '': 'x',
      key: 'v',
      only: 'form',
    });
  });

  it('never throw, and are at most 128', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (query, form) => {
        assert.ok(parseParameters(query, form).size <= 128);
      }),
    );
    assert.equal(parseParameters(Array.from({ length: 500 }, (_, i) => `p${i}=1`).join('&')).size, 128);
  });

  it('are found at the start and behind a separator only', () => {
    const zone = /[&?](?:amp;)*zone=[^&]/i;
    for (const query of ['zone=a', 'x=1&Zone=a', 'x=1&amp;zone=a', 'x?zone=a'])
      assert.ok(hasParameter(query, zone), query);
    for (const query of ['zone=', 'timezone=a', 'x=zone', 'zone'])
      assert.ok(!hasParameter(query, zone), query);
  });
});
