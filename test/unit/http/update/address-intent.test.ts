import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  parseAddressValue,
  parsePrefixValue,
  resolveAddressUpdate,
} from '../../../../src/http/update/address-intent.ts';
import { parseUpdateParameters } from '../../../../src/http/update/parameters.ts';
import { formatIpAddress, parseIpAddress } from '../../../../src/net/ip-address.ts';
import { type IpPrefix, formatIpPrefix } from '../../../../src/net/ip-prefix.ts';
import type { AddressIntent } from '../../../../src/update/request.ts';

const V4_SOURCE = parseIpAddress('203.0.113.9')!;
const V6_SOURCE = parseIpAddress('2001:db8:f::9')!;

function shown(intent: AddressIntent): string {
  return intent.kind === 'set' ? formatIpAddress(intent.address) : intent.kind;
}

/** `v4 v6 families` of a query from a source. */
function resolve(query: string, source = V4_SOURCE): string {
  const { ipv4, ipv6, families } = resolveAddressUpdate(parseUpdateParameters(query), source);
  return `${shown(ipv4)} ${shown(ipv6)} ${families.join('')}`;
}

/** The prefix of a query. */
function prefixOf(query: string): string | undefined {
  const { prefix } = resolveAddressUpdate(parseUpdateParameters(query), V4_SOURCE);
  return shownPrefix(prefix);
}

function shownPrefix(prefix: IpPrefix | undefined): string | undefined {
  return prefix === undefined ? undefined : formatIpPrefix(prefix);
}

describe('address intent', () => {
  it('sets what is given and keeps the family that is not mentioned (D-5.1, D-5.2)', () => {
    assert.equal(resolve('myip=198.51.100.7'), '198.51.100.7 keep 4');
    assert.equal(resolve('myip=2001:db8::7'), 'keep 2001:db8::7 6');
    assert.equal(resolve('myip=198.51.100.7,2001:db8::7'), '198.51.100.7 2001:db8::7 46');
    assert.equal(resolve('myip=2001:db8::7,198.51.100.7'), '198.51.100.7 2001:db8::7 64');
    assert.equal(resolve('myip=198.51.100.7&myipv6=2001%3adb8%3a%3a7'), '198.51.100.7 2001:db8::7 46');
    assert.equal(resolve('myipv6=::ffff:198.51.100.7'), '198.51.100.7 keep 4', 'by syntax, not by name');
    assert.equal(
      resolve('ip=%i&myip=198.51.100.7&ipaddr=192.0.2.1'),
      '198.51.100.7 keep 4',
      'first that is one',
    );
  });

  it('takes the source where no address is given at all (D-5.4)', () => {
    for (const query of [
      '',
      'myip=',
      'myip=auto',
      'myip=0.0.0.0',
      'myip=%3A%3A',
      'myip=<ipaddr>',
      'myip=300.1.2.3',
    ]) {
      assert.equal(resolve(query), '203.0.113.9 keep 4', query);
      assert.equal(resolve(query, V6_SOURCE), 'keep 2001:db8:f::9 6', query);
    }
  });

  it('leaves the other family alone where one is given (D-5.4)', () => {
    assert.equal(resolve('myip=&myipv6=2001:db8::7'), 'keep 2001:db8::7 6');
    assert.equal(resolve('myip=198.51.100.7&myipv6=<ip6addr>', V6_SOURCE), '198.51.100.7 keep 4');
  });

  it('keeps a family that says no or preserve, the source notwithstanding (D-5.5)', () => {
    assert.equal(resolve('myip=no&myipv6=2001:db8::7'), 'keep 2001:db8::7 6');
    assert.equal(resolve('myip=no&myipv6='), 'keep keep ');
    assert.equal(resolve('myip=no&myipv6=', V6_SOURCE), 'keep 2001:db8:f::9 6');
    assert.equal(resolve('myip=preserve', V6_SOURCE), 'keep keep ');
    assert.equal(resolve('myip=&myipv6=preserve'), '203.0.113.9 keep 4');
  });

  it('never publishes a prefix, nor the source in its stead (D-5.6)', () => {
    assert.equal(resolve('myipv6=2001:db8:0:100::/64'), 'keep keep ');
    assert.equal(resolve('ip6prefix=2001:db8:0:100::/56', V6_SOURCE), 'keep keep ');
    assert.equal(resolve('myip=198.51.100.7&ip6lanprefix=2001:db8:0:100::/56'), '198.51.100.7 keep 4');
    assert.equal(
      resolve('myip=&myipv6=&ip6lanprefix='),
      '203.0.113.9 keep 4',
      'an empty prefix says nothing',
    );
  });

  it('takes an IPv6 value for a prefix whose interface id is all zero or lies outside its length (D-5.6)', () => {
    for (const [text, expected] of [
      ['2001:db8:0:100::', '2001:db8:0:100::/64'],
      ['[2001:db8:0:100::]:80', '2001:db8:0:100::/64'],
      ['2001:db8:0:100::%br0', '2001:db8:0:100::/64'],
      ['2001:db8:0:100::/56', '2001:db8:0:100::/56'],
      ['[2001:db8:0:100::/56]', '2001:db8:0:100::/56'],
      ['2001:db8:0:101::/56', '2001:db8:0:100::/56'],
      ['2001:db8:0:100::/129', '2001:db8:0:100::/64'],
      ['2001:db8::1:0/112', '2001:db8::1:0/112'],
    ] as const) {
      assert.equal(resolve(`myipv6=${text}`, V6_SOURCE), 'keep keep ', text);
      assert.equal(prefixOf(`myip=${text}`), expected);
    }
    for (const text of [
      '2001:db8:0:100::/128',
      '2001:db8::7',
      '2001:db8::7/64',
      '2001:db8:0:0:1::/64',
      '2001:db8::6/129',
    ])
      assert.equal(parseAddressValue(text).kind, 'address', text);
    assert.equal(parseAddressValue('::/0').kind, 'unset');
  });

  it('reads a prefix parameter in any syntax, before any value (D-12.1, D-12.2)', () => {
    for (const [text, expected] of [
      ['2001:db8:0:100::/56', '2001:db8:0:100::/56'],
      ['2001:DB8:0:01ff::1/56', '2001:db8:0:100::/56'],
      ['2001:db8:0:100::', '2001:db8:0:100::/64'],
      ['2001:db8:0:100::1', '2001:db8:0:100::/64'],
      ['[2001:db8:0:100::]/56', '2001:db8:0:100::/56'],
      ['[2001:db8:0:100::/56]', '2001:db8:0:100::/56'],
      [' 2001:db8:0:100::%eth0/56 ', '2001:db8:0:100::/56'],
      ['198.51.100.0/24,2001:db8:0:100::/56,2001:db8:1::/48', '2001:db8:0:100::/56'],
    ] as const) {
      for (const name of ['ip6lanprefix', 'ip6prefix', 'ipv6prefix', 'prefix'])
        assert.equal(prefixOf(`${name}=${text}&myipv6=2001:db8:9::/48`), expected, text);
    }
    for (const text of [
      '<ip6lanprefix>',
      '::',
      '::/0',
      '::/56',
      '198.51.100.0/24',
      '::ffff:198.51.100.0/120',
      '2001:db8::/129',
      'no',
      '/56',
      'x',
    ])
      assert.equal(prefixOf(`prefix=${text}`), undefined, text);
    assert.equal(
      prefixOf('myip=198.51.100.7&myipv6=2001:db8::7/64'),
      undefined,
      'an address tells no prefix',
    );
    assert.equal(prefixOf('prefix=&myipv6=2001:db8::/48'), '2001:db8::/48');
    assert.equal(prefixOf('offline=yes&prefix=2001:db8::/48'), undefined);
  });

  it('finds in a prefix parameter nothing but IPv6 prefixes with zero host bits (any)', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.ipV6(),
      fc.tuple(fc.ipV6(), fc.nat(140)).map(([ip, n]) => `${ip}/${n}`),
    );
    fc.assert(
      fc.property(anything, (text) => {
        const prefix = parsePrefixValue(text);
        if (prefix === undefined) return;
        assert.equal(prefix.base.length, 16);
        assert.deepEqual(parsePrefixValue(formatIpPrefix(prefix)), prefix);
      }),
    );
  });

  it('clears both families for offline=yes and nothing else (D-5.7)', () => {
    assert.equal(resolve('offline=YES&myip=198.51.100.7'), 'clear clear ');
    for (const value of ['no', 'NO', '', '1', 'true']) {
      assert.equal(resolve(`offline=${value}&myip=198.51.100.7`), '198.51.100.7 keep 4', value);
    }
  });

  it('strips what is not the address from a value (D-5.3)', () => {
    const address = (text: string): string => {
      const value = parseAddressValue(text);
      return value.kind === 'address' ? formatIpAddress(value.address) : value.kind;
    };
    assert.equal(address('198.51.100.7/24'), '198.51.100.7');
    assert.equal(address('198.51.100.7/32'), '198.51.100.7');
    assert.equal(address('198.51.100.7:8080'), '198.51.100.7');
    assert.equal(address(' 198.51.100.7 '), '198.51.100.7');
    assert.equal(address('198.051.100.007'), '198.51.100.7');
    assert.equal(address('010.0.0.8'), '10.0.0.8', 'decimal, not octal');
    assert.equal(address('[2001:db8::7]'), '2001:db8::7');
    assert.equal(address('[2001:db8::7]:8080'), '2001:db8::7');
    assert.equal(address('[fe80::7%eth0]:8080'), 'fe80::7');
    assert.equal(address('fe80::7%eth0/64'), 'fe80::7');
    assert.equal(address('2001:db8::7/64'), '2001:db8::7', 'with an interface id it is an address');
    assert.equal(address('2001:db8::7/128'), '2001:db8::7');
    assert.equal(address('2001:0DB8:0000:0000:0000:0000:0000:0007'), '2001:db8::7');
    for (const text of [
      '256.1.1.1',
      '1.2.3',
      '0x7f.1',
      '2001:db8::g',
      '198.51.100.7/24/24',
      'localhost',
      '%i',
    ]) {
      assert.equal(address(text), 'unset', text);
    }
  });

  it('never throws, and never gives an unspecified address', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.ipV4(),
          fc.ipV6(),
          fc.ipV6().map((v6) => `${v6}/64`),
        ),
        (text) => {
          const value = parseAddressValue(text);
          if (value.kind === 'address')
            assert.ok(!['0.0.0.0', '::'].includes(formatIpAddress(value.address)));
        },
      ),
    );
  });
});
