import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type InterfaceId,
  MAX_SUBNET,
  formatInterfaceId,
  interfaceIdFromMac,
  joinAddress,
  parseInterfaceId,
} from '../../../src/net/interface-id.ts';
import {
  type IpAddress,
  addressBytes,
  addressFromBytes,
  formatIpAddress,
} from '../../../src/net/ip-address.ts';
import { type IpPrefix, parseIpPrefix, prefixOf } from '../../../src/net/ip-prefix.ts';

/** Any 64 bits but zero, read the way a person would have written them. */
const anyId = fc
  .array(fc.constantFrom(0, 1, 0xff, 0x1234, 0xffff), { minLength: 4, maxLength: 4 })
  .filter((groups) => groups.some((group) => group !== 0))
  .map((groups) => parseInterfaceId(groups.map((group) => group.toString(16)).join(':'))!);

/** Any prefix of a site: 16 to 64 bits, not in ::/16. */
const anySite = fc
  .record({
    bytes: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    length: fc.integer({ min: 16, max: 64 }),
  })
  .map(({ bytes, length }) => prefixOf(addressFromBytes(Uint8Array.of(0x20, ...bytes.slice(1))), length));

/** All bits as one number. */
function bitsOf(address: IpAddress): bigint {
  return BigInt(`0x${Buffer.from(addressBytes(address)).toString('hex')}`);
}

function idBits(id: InterfaceId): bigint {
  return BigInt(`0x${Buffer.from(id, 'latin1').toString('hex')}`);
}

function joined(prefix: string, subnet: number, id: string): string {
  const address = joinAddress(parseIpPrefix(prefix)!, subnet, parseInterfaceId(id)!);
  return address.length === 16 ? formatIpAddress(address as IpAddress) : address;
}

describe('interface ids', () => {
  it('are read as people write them', () => {
    for (const text of [
      '::211:32ff:fe12:3456',
      '211:32ff:fe12:3456',
      ' ::0211:32FF:FE12:3456 ',
      'fe80::211:32ff:fe12:3456',
      'fe80::211:32ff:fe12:3456%eth0',
      '::211:32ff:254.18.52.86',
    ]) {
      const id = parseInterfaceId(text);
      assert.equal(id === undefined ? id : formatInterfaceId(id), '::211:32ff:fe12:3456', text);
    }
    assert.equal(formatInterfaceId(parseInterfaceId('::1')!), '::1');
    assert.equal(formatInterfaceId(parseInterfaceId('1:0:0:1')!), '::1:0:0:1');
    assert.equal(formatInterfaceId(parseInterfaceId('::ffff:1.2.3.4')!), '::ffff:102:304', 'no IPv4 address');
  });

  it('are nothing else: not zero, not of another prefix, not a number', () => {
    for (const text of [
      '',
      '::',
      '0:0:0:0',
      'fe80::',
      '1',
      '1.2.3.4',
      '1:2:3:4:5',
      '2001:db8::1',
      'fe80:0:0:1::1',
      '::g',
      'home',
    ])
      assert.equal(parseInterfaceId(text), undefined, text);
  });

  it('come back from their text (any)', () => {
    fc.assert(
      fc.property(anyId, (id) => {
        assert.equal(parseInterfaceId(formatInterfaceId(id)), id);
      }),
    );
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV6()), (text) => {
        const id = parseInterfaceId(text);
        if (id !== undefined) assert.ok(id.length === 8 && idBits(id) !== 0n);
      }),
    );
  });

  it('are made of MAC addresses by turning one bit and putting ff:fe in the middle (RFC 4291, appendix A)', () => {
    for (const mac of [
      '00:11:32:12:34:56',
      '00-11-32-12-34-56',
      '0011.3212.3456',
      '001132123456',
      ' 00:11:32:12:34:56 ',
    ])
      assert.equal(formatInterfaceId(interfaceIdFromMac(mac)!), '::211:32ff:fe12:3456', mac);
    assert.equal(formatInterfaceId(interfaceIdFromMac('02:00:00:00:00:01')!), '::ff:fe00:1');
    for (const text of [
      '',
      '00:11:32:12:34',
      '00:11:32:12:34:5g',
      '00:11-32:12:34:56',
      '01:00:5e:00:00:01',
      '::1',
    ])
      assert.equal(interfaceIdFromMac(text), undefined, text);
  });
});

describe('a joined address', () => {
  it('is the prefix, the subnet and the interface id', () => {
    assert.equal(
      joined('2001:db8:1:200::/56', 3, '::211:32ff:fe12:3456'),
      '2001:db8:1:203:211:32ff:fe12:3456',
    );
    assert.equal(joined('2001:db8:1:200::/56', 255, '::1'), '2001:db8:1:2ff::1');
    assert.equal(joined('2001:db8::/32', MAX_SUBNET, '::1'), '2001:db8:ffff:ffff::1');
    assert.equal(joined('2001:db8:1:2::/64', 0, '::1'), '2001:db8:1:2::1');
  });

  it('is none where the prefix is no site or has no such subnet (D-12.6)', () => {
    assert.equal(joined('2001:db8:1:2::/64', 3, '::1'), 'subnet');
    assert.equal(joined('2001:db8:1:200::/56', 300, '::1'), 'subnet');
    for (const prefix of ['2001:db8::/65', '2001:db8::/128', '2000::/15', '::/16', '0:1::/32', '10.0.0.0/24'])
      assert.equal(joined(prefix, 0, '::ffff:1.2.3.4'), 'no-site', prefix);
  });

  it('has exactly the bits of its three parts, or there is no room (any, D-12.5)', () => {
    fc.assert(
      fc.property(
        anySite,
        fc.oneof(fc.nat(300), fc.nat(MAX_SUBNET)),
        anyId,
        (prefix: IpPrefix, subnet, id) => {
          const address = joinAddress(prefix, subnet, id);
          if (BigInt(subnet) >= 1n << BigInt(64 - prefix.length)) {
            assert.equal(address, 'subnet');
            return;
          }
          const bits = bitsOf(address as IpAddress);
          const below = BigInt(128 - prefix.length);
          assert.equal(bits >> below, bitsOf(prefix.base) >> below);
          assert.equal((bits >> 64n) & ((1n << (below - 64n)) - 1n), BigInt(subnet));
          assert.equal(bits & ((1n << 64n) - 1n), idBits(id));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
