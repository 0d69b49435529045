import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { addressFromBytes, familyOf, formatIpAddress, parseIpAddress } from '../../../src/net/ip-address.ts';
import { formatIpPrefix, parseIpPrefix, prefixContains, prefixOf } from '../../../src/net/ip-prefix.ts';

describe('prefixes', () => {
  const accepted: readonly (readonly [written: string, canonical: string])[] = [
    ['198.51.100.0/24', '198.51.100.0/24'],
    ['198.51.100.77/24', '198.51.100.0/24'],
    [' 10.255.0.0/9 ', '10.128.0.0/9'],
    ['1.2.3.4/0', '0.0.0.0/0'],
    ['192.0.2.1', '192.0.2.1/32'],
    ['2001:DB8::5/32', '2001:db8::/32'],
    ['::1', '::1/128'],
    ['::ffff:192.0.2.1', '192.0.2.1/32'],
  ];
  for (const [written, canonical] of accepted) {
    test(written, () => {
      const prefix = parseIpPrefix(written);
      assert.ok(prefix !== undefined);
      assert.equal(formatIpPrefix(prefix), canonical);
    });
  }

  for (const written of [
    '',
    '/24',
    '10.0.0.0/',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/-1',
    '10.0.0/8',
    '::1/0x8',
    '10.0.0.0/8/8',
  ]) {
    test(`refused: ${written}`, () => {
      assert.equal(parseIpPrefix(written), undefined);
    });
  }

  test('hold the addresses that the system holds to be in them', () => {
    const address = fc
      .oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
      .map(addressFromBytes);
    fc.assert(
      fc.property(address, fc.nat(128), fc.nat(127), address, (base, length, bit, other) => {
        const bits = base.length * 8;
        const prefix = prefixOf(base, length % (bits + 1));
        // A neighbour that differs in one bit tells more than an address drawn at random.
        const at = (bit % bits) >> 3;
        const flipped = base.charCodeAt(at) ^ (0x80 >> (bit & 7));
        const near = base.slice(0, at) + String.fromCharCode(flipped) + base.slice(at + 1);
        const list = new BlockList();
        const family = (size: 4 | 6): 'ipv4' | 'ipv6' => (size === 4 ? 'ipv4' : 'ipv6');
        list.addSubnet(formatIpAddress(prefix.base), prefix.length, family(familyOf(base)));
        for (const each of [base, addressFromBytes(Buffer.from(near, 'latin1')), other]) {
          if (familyOf(each) !== familyOf(base)) assert.equal(prefixContains(prefix, each), false);
          else
            assert.equal(
              prefixContains(prefix, each),
              list.check(formatIpAddress(each), family(familyOf(each))),
            );
        }
        assert.deepEqual(parseIpPrefix(formatIpPrefix(prefix)), prefix);
      }),
      { numRuns: 500 },
    );
  });

  test('another family is never in one', () => {
    assert.equal(prefixContains(parseIpPrefix('0.0.0.0/0')!, parseIpAddress('::1')!), false);
    assert.equal(prefixContains(parseIpPrefix('::/0')!, parseIpAddress('192.0.2.1')!), false);
  });
});
