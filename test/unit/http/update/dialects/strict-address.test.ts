import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { intentsOf, parseStrictAddress } from '../../../../../src/http/update/dialects/strict-address.ts';
import { formatIpAddress, parseIpAddress } from '../../../../../src/net/ip-address.ts';

describe('address values of strict dialects', () => {
  it('are an address, nothing, or wrong', () => {
    for (const [text, expected] of [
      ['198.51.100.7', '198.51.100.7'],
      [' 198.051.100.007:80 ', '198.51.100.7'],
      ['::ffff:198.51.100.7', '198.51.100.7'],
      ['[2001:DB8::7]', '2001:db8::7'],
      ['2001:db8::7/64', '2001:db8::7'],
      ['', 'absent'],
      ['AUTO', 'absent'],
      ['0.0.0.0', 'absent'],
      ['::', 'absent'],
      ['<ipaddr>', 'absent'],
      ['__MYIP__', 'absent'],
      ['2001:db8::/56', 'invalid'],
      ['198.51.100', 'invalid'],
      ['home', 'invalid'],
      ['no', 'invalid'],
    ] as const) {
      const value = parseStrictAddress(text);
      const shown = value === 'absent' || value === 'invalid' ? value : formatIpAddress(value);
      assert.equal(shown, expected, text);
    }
  });

  it('set their own family, the first of it, and keep the other', () => {
    const [v4, other, v6] = ['198.51.100.7', '198.51.100.8', '2001:db8::7'].map((text) =>
      parseIpAddress(text)!,
    );
    assert.deepEqual(intentsOf([v4!, other!]), {
      ipv4: { kind: 'set', address: v4 },
      ipv6: { kind: 'keep' },
    });
    assert.deepEqual(intentsOf([v6!]), { ipv4: { kind: 'keep' }, ipv6: { kind: 'set', address: v6 } });
    assert.deepEqual(intentsOf([]), { ipv4: { kind: 'keep' }, ipv6: { kind: 'keep' } });
  });
});
