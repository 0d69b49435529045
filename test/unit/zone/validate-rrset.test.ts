import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RRSET_LIMITS } from '../../../src/zone/rrset.ts';
import { RRTYPE } from '../../../src/zone/rrtype.ts';
import { validateRRset } from '../../../src/zone/validate-rrset.ts';
import { bytesOf } from './arbitraries.ts';

const address = (i: number): Uint8Array => Uint8Array.of(10, 0, i >> 8, i & 255);
const texts = (count: number, size: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => bytesOf(String.fromCharCode(size - 1, i).padEnd(size, 'x')));

describe('RRsets', () => {
  test('duplicates are dropped, also where only the case of a name differs; the order is kept', () => {
    const rrset = validateRRset(RRTYPE.NS, 60, ['\x01b\0', '\x01A\0', '\x01B\0'].map(bytesOf));
    assert.deepEqual(rrset, {
      ok: true,
      value: { type: RRTYPE.NS, ttl: 60, rdata: ['\x01b\0', '\x01a\0'].map(bytesOf) },
    });
  });

  test('capitals in rdata that is no name are kept', () => {
    const rrset = validateRRset(RRTYPE.TXT, 60, [bytesOf('\x01A'), bytesOf('\x01a')]);
    assert.ok(rrset.ok);
    assert.equal(rrset.value.rdata.length, 2);
  });

  test('as many records and octets as the limits allow', () => {
    const most = Array.from({ length: RRSET_LIMITS.records }, (_, i) => address(i));
    assert.ok(validateRRset(RRTYPE.A, 0, most).ok);
    assert.ok(validateRRset(RRTYPE.A, 0, [...most, address(0)]).ok);
    assert.ok(validateRRset(RRTYPE.TXT, 0x7fff_ffff, texts(64, 256)).ok);
    assert.ok(validateRRset(65280, 0, [new Uint8Array(RRSET_LIMITS.bytes)]).ok);
  });

  const refused: readonly (readonly [
    what: string,
    type: number,
    ttl: number,
    rdata: Uint8Array[],
    reason: RegExp,
  ])[] = [
    ['no record', RRTYPE.A, 60, [], /at least one/],
    ['malformed', RRTYPE.A, 60, [Uint8Array.of(1, 2, 3)], /A: a record is not well formed/],
    ['a compression pointer', RRTYPE.NS, 60, [Uint8Array.of(0xc0, 0x0c)], /not well formed/],
    ['two CNAMEs', RRTYPE.CNAME, 60, [bytesOf('\x01a\0'), bytesOf('\x01b\0')], /one such record/],
    ['two DNAMEs', RRTYPE.DNAME, 60, [bytesOf('\x01a\0'), bytesOf('\x01b\0')], /one such record/],
    [
      'too many',
      RRTYPE.A,
      60,
      Array.from({ length: RRSET_LIMITS.records + 1 }, (_, i) => address(i)),
      /101 records .* at most 100/,
    ],
    ['too large', RRTYPE.TXT, 60, [...texts(64, 256), bytesOf('\x01x')], /16386 octets .* at most 16384/],
    ['a question type', RRTYPE.ANY, 60, [address(1)], /cannot be stored/],
    ['TTL below 0', RRTYPE.A, -1, [address(1)], /TTL/],
    ['TTL above 2^31-1', RRTYPE.A, 0x8000_0000, [address(1)], /TTL/],
    ['half a second', RRTYPE.A, 0.5, [address(1)], /TTL/],
  ];
  for (const [what, type, ttl, rdata, reason] of refused) {
    test(`refused: ${what}`, () => {
      const rrset = validateRRset(type, ttl, rdata);
      assert.ok(!rrset.ok);
      assert.match(rrset.reason, reason);
    });
  }
});
