import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type IpAddress, formatIpAddress, parseIpAddress } from '../../../src/net/ip-address.ts';
import { parseIpPrefix } from '../../../src/net/ip-prefix.ts';
import {
  type ForwardedHeaders,
  type SchemeHeaders,
  type SourcePolicy,
  cameOverHttps,
  resolveSourceAddress,
} from '../../../src/net/source-address.ts';

const policy: SourcePolicy = {
  trustedProxies: ['127.0.0.1', '10.0.0.0/8', 'fd00::/8'].map((text) => parseIpPrefix(text)!),
  forwardedHeader: 'either',
};

function ip(text: string): IpAddress {
  return parseIpAddress(text)!;
}

function resolve(peer: string, headers: ForwardedHeaders, chosen: Partial<SourcePolicy> = {}): string {
  return formatIpAddress(resolveSourceAddress(ip(peer), headers, { ...policy, ...chosen }));
}

describe('source address', () => {
  it('is the peer, whatever an untrusted peer says (D-6.1)', () => {
    assert.equal(resolve('198.51.100.9', { 'x-forwarded-for': '203.0.113.66, 10.0.0.1' }), '198.51.100.9');
    assert.equal(resolve('198.51.100.9', { forwarded: 'for=203.0.113.66' }), '198.51.100.9');
    assert.equal(
      resolve('127.0.0.1', { 'x-forwarded-for': '203.0.113.66' }, { trustedProxies: [] }),
      '127.0.0.1',
    );
  });

  it('walks X-Forwarded-For from the right past trusted proxies and stops at the first other (D-6.2)', () => {
    assert.equal(resolve('127.0.0.1', { 'x-forwarded-for': '203.0.113.66, 198.51.100.7' }), '198.51.100.7');
    assert.equal(
      resolve('127.0.0.1', { 'x-forwarded-for': '6.6.6.6, 198.51.100.7, 10.1.2.3' }),
      '198.51.100.7',
    );
    assert.equal(resolve('127.0.0.1', { 'x-forwarded-for': '10.9.9.9, 10.1.2.3' }), '10.9.9.9');
    assert.equal(resolve('127.0.0.1', {}), '127.0.0.1');
    assert.equal(
      resolve('127.0.0.1', { 'x-forwarded-for': ['6.6.6.6', '198.51.100.7'] }),
      '198.51.100.7',
      'several header lines are one list',
    );
  });

  it('reads ports, brackets and mapped addresses of hops', () => {
    assert.equal(resolve('127.0.0.1', { 'x-forwarded-for': '198.51.100.7:4711' }), '198.51.100.7');
    assert.equal(resolve('127.0.0.1', { 'x-forwarded-for': '[2001:db8::7]:4711' }), '2001:db8::7');
    assert.equal(resolve('127.0.0.1', { 'x-forwarded-for': '2001:db8::7' }), '2001:db8::7');
    assert.equal(resolve('127.0.0.1', { 'x-forwarded-for': '::ffff:198.51.100.7' }), '198.51.100.7');
  });

  it('stops at a hop it cannot read, with the nearest proved address (D-6.4)', () => {
    assert.equal(resolve('127.0.0.1', { 'x-forwarded-for': '198.51.100.7, unknown, 10.1.2.3' }), '10.1.2.3');
    assert.equal(resolve('127.0.0.1', { 'x-forwarded-for': '' }), '127.0.0.1');
    assert.equal(resolve('127.0.0.1', { forwarded: 'for=198.51.100.7, for=_hidden' }), '127.0.0.1');
    assert.equal(resolve('127.0.0.1', { forwarded: 'for=198.51.100.7, proto=https' }), '127.0.0.1');
  });

  it('reads Forwarded as RFC 7239 writes it (D-6.3)', () => {
    assert.equal(
      resolve('127.0.0.1', { forwarded: 'For="[2001:db8:cafe::17]:4711";proto=https;by=10.0.0.1' }),
      '2001:db8:cafe::17',
    );
    assert.equal(
      resolve('127.0.0.1', { forwarded: 'for=6.6.6.6, for="198.51.100.7", for=10.0.0.4' }),
      '198.51.100.7',
    );
    assert.equal(
      resolve('127.0.0.1', { forwarded: 'for="a, for=6.6.6.6;b\\"", for=198.51.100.7' }),
      '198.51.100.7',
      'a quoted string is no separator',
    );
  });

  it('believes one header only: X-Forwarded-For first, or the one that is named', () => {
    const both = { 'x-forwarded-for': '198.51.100.7', forwarded: 'for=203.0.113.66' };
    assert.equal(resolve('127.0.0.1', both), '198.51.100.7');
    assert.equal(resolve('127.0.0.1', both, { forwardedHeader: 'forwarded' }), '203.0.113.66');
    assert.equal(
      resolve('127.0.0.1', { forwarded: 'for=6.6.6.6' }, { forwardedHeader: 'x-forwarded-for' }),
      '127.0.0.1',
    );
  });

  it('gives an address for any header, and no header moves an untrusted peer', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (chain, forwarded) => {
        const headers = { 'x-forwarded-for': chain, forwarded };
        assert.notEqual(parseIpAddress(resolve('127.0.0.1', headers)), undefined);
        assert.equal(resolve('198.51.100.9', headers), '198.51.100.9');
      }),
    );
  });

  it('cannot be moved by what a client puts left of what the proxy appended', () => {
    fc.assert(
      fc.property(fc.string(), (spoofed) => {
        assert.equal(resolve('127.0.0.1', { 'x-forwarded-for': `${spoofed}, 198.51.100.7` }), '198.51.100.7');
      }),
    );
  });
});

describe('the way to the proxy', () => {
  const said = (peer: string, headers: SchemeHeaders, chosen: Partial<SourcePolicy> = {}): boolean =>
    cameOverHttps(ip(peer), headers, { ...policy, ...chosen });

  it('was HTTPS where a trusted proxy says so, and nowhere else', () => {
    assert.equal(said('127.0.0.1', { 'x-forwarded-proto': 'https' }), true);
    assert.equal(said('127.0.0.1', { 'x-forwarded-proto': 'HTTPS' }), true);
    assert.equal(said('198.51.100.9', { 'x-forwarded-proto': 'https' }), false);
    assert.equal(said('127.0.0.1', { 'x-forwarded-proto': 'http' }), false);
    assert.equal(said('127.0.0.1', {}), false);
  });

  it('is what the proxy itself says, the last of several', () => {
    assert.equal(said('127.0.0.1', { 'x-forwarded-proto': 'https, http' }), false);
    assert.equal(said('127.0.0.1', { 'x-forwarded-proto': ['http', 'https'] }), true);
    assert.equal(said('127.0.0.1', { forwarded: 'for=192.0.2.1;proto=https' }), true);
    assert.equal(said('127.0.0.1', { forwarded: 'proto="https"; for=192.0.2.1' }), true);
    assert.equal(said('127.0.0.1', { forwarded: 'for=192.0.2.1;proto=https, for=192.0.2.2' }), false);
    assert.equal(said('127.0.0.1', { forwarded: 'for=192.0.2.1;xproto=https' }), false);
  });

  it('is read from the header that is believed', () => {
    const both = { 'x-forwarded-proto': 'https', forwarded: 'proto=http' };
    assert.equal(said('127.0.0.1', both), true);
    assert.equal(said('127.0.0.1', both, { forwardedHeader: 'forwarded' }), false);
    const only = { forwarded: 'proto=https' };
    assert.equal(said('127.0.0.1', only, { forwardedHeader: 'x-forwarded-for' }), false);
  });
});
