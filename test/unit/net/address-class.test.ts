import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  ACCEPT_POLICIES,
  type AddressClass,
  classifyAddress,
  isPublishable,
} from '../../../src/net/address-class.ts';
import { addressFromBytes, parseIpAddress } from '../../../src/net/ip-address.ts';

describe('what kind of address it is', () => {
  const cases: Readonly<Record<AddressClass, readonly string[]>> = {
    global: [
      '1.1.1.1',
      '9.255.255.255',
      '100.63.255.255',
      '100.128.0.0',
      '172.15.255.255',
      '172.32.0.0',
      '192.0.1.0',
      '223.255.255.255',
      '2000::',
      '2001:200::',
      '2600::1',
      '2a00::1',
      '3ffe:ffff::',
      '64:ff9b::1.1.1.1',
    ],
    private: [
      '10.0.0.0',
      '10.255.255.255',
      '100.64.0.0',
      '100.127.255.255',
      '172.16.0.0',
      '172.31.255.255',
      '192.168.0.0',
      'fc00::',
      'fdff::1',
    ],
    documentation: [
      '192.0.2.0',
      '198.18.0.0',
      '198.19.255.255',
      '198.51.100.1',
      '203.0.113.255',
      '2001:db8::1',
      '3fff::1',
      '3fff:fff::1',
    ],
    loopback: ['127.0.0.1', '127.255.255.255', '::1', '::ffff:127.0.0.1'],
    'link-local': ['169.254.0.1', 'fe80::1', 'febf::1'],
    reserved: [
      '0.0.0.1',
      '192.0.0.8',
      '240.0.0.1',
      '255.255.255.254',
      '::2',
      '100::1',
      '2001::1',
      '2001:1ff::1',
      '4000::1',
      'fec0::1',
    ],
    unspecified: ['0.0.0.0', '::'],
    multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
    broadcast: ['255.255.255.255'],
  };
  for (const [kind, addresses] of Object.entries(cases)) {
    for (const text of addresses) {
      test(`${text} is ${kind}`, () => {
        assert.equal(classifyAddress(parseIpAddress(text)!), kind);
      });
    }
  }
});

test('what each policy publishes', () => {
  const published = ACCEPT_POLICIES.map((policy) =>
    [
      '1.1.1.1',
      '10.0.0.1',
      '192.0.2.1',
      '127.0.0.1',
      'fe80::1',
      '240.0.0.1',
      '0.0.0.0',
      '224.0.0.1',
      '255.255.255.255',
      '::',
      'ff02::1',
    ].map((text) => isPublishable(parseIpAddress(text)!, policy)),
  );
  const row = (count: number): boolean[] => Array.from({ length: 11 }, (_, i) => i < count);
  assert.deepEqual(published, [row(1), row(3), row(6)]);
});

test('a laxer policy publishes all that a stricter one does', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  fc.assert(
    fc.property(bytes, (bytes) => {
      const answers = ACCEPT_POLICIES.map((policy) => isPublishable(addressFromBytes(bytes), policy));
      assert.deepEqual(answers, [...answers].sort());
    }),
    { numRuns: 1000 },
  );
});
