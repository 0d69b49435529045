import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  addressBytes,
  addressFromBytes,
  familyOf,
  formatIpAddress,
  parseIpAddress,
} from '../../../src/net/ip-address.ts';

describe('IP addresses', () => {
  const canonical: readonly (readonly [written: string, canonical: string])[] = [
    ['192.0.2.1', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:0db8::0001', '2001:db8::1'],
    // RFC 5952 §4.2.2: one zero group is written out; §4.2.3: the longest run, the first of equals.
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['::192.0.2.1', '::c000:201'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
    ['::fffe:192.0.2.1', '::fffe:c000:201'],
  ];
  for (const [written, text] of canonical) {
    test(written, () => {
      const address = parseIpAddress(written);
      assert.ok(address !== undefined);
      assert.equal(formatIpAddress(address), text);
      assert.equal(familyOf(address), text.includes(':') ? 6 : 4);
    });
  }

  const refused = [
    '',
    ' 192.0.2.1',
    '192.0.2.1 ',
    '192.0.2',
    '192.0.2.256',
    '192.0.2.01',
    '0x7f.0.0.1',
    '192.0.2.1:53',
    '192.0.2.1/32',
  ].concat([
    'fe80::1%eth0',
    '[::1]',
    '::1::',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    '::g',
    '::256.0.0.1',
    'home.test',
    '::1\n',
  ]);
  for (const written of refused) {
    test(`refused: ${JSON.stringify(written)}`, () => {
      assert.equal(parseIpAddress(written), undefined);
    });
  }

  test('bytes, value and text give one another back, and the text is the one other software writes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc
        .array(fc.constantFrom(0, 0, 0, 1), { minLength: 16, maxLength: 16 })
        .map((list) => Uint8Array.from(list)),
    );
    fc.assert(
      fc.property(bytes, (bytes) => {
        const address = addressFromBytes(bytes);
        const text = formatIpAddress(address);
        assert.equal(parseIpAddress(text), address);
        if (bytes.length === address.length) assert.deepEqual(Uint8Array.from(addressBytes(address)), bytes);
        // The URL parser serialises IPv6 after RFC 5952 too.
        if (isIPv6(text)) assert.equal(new URL(`http://[${text}]/`).hostname, `[${text}]`);
      }),
    );
  });

  test('a mapped address is the IPv4 address, from bytes too', () => {
    const mapped = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1);
    assert.equal(addressFromBytes(mapped), parseIpAddress('192.0.2.1'));
  });

  test('bytes of no address', () => {
    assert.throws(() => addressFromBytes(Uint8Array.of(1, 2, 3)), RangeError);
  });
});

test('a text is an IPv4 address exactly where Node takes it for one', () => {
  const text = fc.oneof(
    fc.ipV4(),
    fc.string({ unit: fc.constantFrom('0', '1', '2', '5', '.', '9'), maxLength: 16 }),
    fc
      .array(fc.integer({ min: 0, max: 300 }), { minLength: 3, maxLength: 5 })
      .map((parts) => parts.join('.')),
  );
  fc.assert(
    fc.property(text, (candidate) => {
      const address = parseIpAddress(candidate);
      assert.equal(address !== undefined, isIPv4(candidate), candidate);
      if (address !== undefined) assert.equal(formatIpAddress(address), candidate);
    }),
    { numRuns: 5000 },
  );
});
