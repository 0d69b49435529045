import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Packet } from 'dns2';
import fc from 'fast-check';
import { type Name, formatName, labelsOf, parseName } from '../../../../src/zone/name.ts';
import {
  canonicalRdata,
  formatRdata,
  namesInRdata,
  parseRdata,
  rdataNames,
} from '../../../../src/zone/rdata/rdata.ts';
import { RRTYPE, type RRTypeName, formatRRType } from '../../../../src/zone/rrtype.ts';
import { RDATA, anyName, bytesOf } from '../arbitraries.ts';

type DecodedRecord = ReturnType<typeof Packet.parse>['answers'][number];

const ORIGIN = parseName('dyn.test')!;
const KNOWN = [...RDATA.keys()];
const hex = (rdata: Uint8Array): string => Buffer.from(rdata).toString('hex');

function parseOk(type: RRTypeName, text: string): Uint8Array {
  const rdata = parseRdata(RRTYPE[type], text, ORIGIN);
  assert.ok(rdata.ok, rdata.ok ? '' : rdata.reason);
  return rdata.value;
}

describe('rdata as text', () => {
  const cases: readonly (readonly [type: RRTypeName, written: string, canonical?: string])[] = [
    ['A', '192.0.2.1'],
    ['AAAA', '2001:DB8:0:0::1', '2001:db8::1'],
    ['AAAA', '::ffff:192.0.2.1'],
    ['NS', 'ns1', 'ns1.dyn.test.'],
    ['NS', '.'],
    ['CNAME', '@', 'dyn.test.'],
    ['CNAME', 'WWW.Example.', 'www.example.'],
    ['CNAME', 'a\\.b.example.'],
    ['PTR', 'host\\032one.example.'],
    ['DNAME', 'example.org.'],
    ['MX', '10 mail', '10 mail.dyn.test.'],
    ['MX', '0 .'],
    [
      'SOA',
      'ns1 host\\.master 4294967295 1h 15M 1w2d 60',
      'ns1.dyn.test. host\\.master.dyn.test. 4294967295 3600 900 777600 60',
    ],
    ['TXT', 'a "b c" "" \\"d\\;', '"a" "b c" "" "\\"d;"'],
    ['TXT', '"v=DMARC1; p=none"'],
    ['TXT', 'ol\u00e9', '"ol\\195\\169"'],
    ['TXT', '\\000\\255', '"\\000\\255"'],
    ['SRV', '0 5 5060 sip.example.'],
    ['CAA', '0 issue "letsencrypt.org; validationmethods=dns-01"'],
    ['CAA', '128 iodef ""'],
    ['HINFO', '"x y" z', '"x y" "z"'],
    ['NAPTR', '100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .'],
    [
      'DS',
      '60485 5 1 2BB183AF5F22588179A53B0A 98631FAD1A292118',
      '60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118',
    ],
    ['SSHFP', '4 2 aabbcc', '4 2 AABBCC'],
    ['TLSA', '3 1 1 AABB'],
    ['URI', '10 1 "https://example.org/"'],
    ['RP', 'admin txt', 'admin.dyn.test. txt.dyn.test.'],
    ['OPENPGPKEY', 'aGVs bG8=', 'aGVsbG8='],
    ['LOC', '52 14 5 N 0 8 50 E 10m', '52 14 5.000 N 0 8 50.000 E 10.00m 1m 10000m 10m'],
    ['A', '\\# 4 C0 00 02 01', '192.0.2.1'],
  ];
  for (const [type, written, canonical = written] of cases) {
    test(`${type} ${written}`, () => {
      assert.equal(formatRdata(RRTYPE[type], parseOk(type, written)), canonical);
    });
  }

  test('an opaque type has the generic form only', () => {
    const rdata = parseRdata(65280, '\\# 3 0A0b0C', ORIGIN);
    assert.deepEqual(rdata, { ok: true, value: Uint8Array.of(10, 11, 12) });
    assert.equal(formatRdata(65280, Uint8Array.of()), '\\# 0');
    assert.equal(parseRdata(65280, 'text', ORIGIN).ok, false);
  });

  test('a text of over 255 octets is split after every 255, by octets and not by characters', () => {
    const rdata = parseOk('TXT', `"${'x'.repeat(254)}\u00e9${'y'.repeat(255)}"`);
    assert.equal(rdata.length, 3 + 254 + 2 + 255);
    assert.deepEqual([rdata[0], rdata[256], rdata[512]], [255, 255, 1]);
    assert.deepEqual([rdata[255], rdata[257]], [0xc3, 0xa9]);
  });
});

describe('rdata that is refused', () => {
  const cases: readonly (readonly [type: RRTypeName, written: string, reason: RegExp])[] = [
    ['A', '192.0.2', /A: one IPv4 address/],
    ['A', '192.0.2.256', /IPv4/],
    ['A', '010.0.0.1', /IPv4/],
    ['A', '192.0.2.1 192.0.2.2', /IPv4/],
    ['A', '::ffff:192.0.2.1', /IPv4/],
    ['AAAA', '192.0.2.1', /IPv6/],
    ['AAAA', 'fe80::1%eth0', /IPv6/],
    ['NS', '', /the name server is missing/],
    ['NS', 'a b', /unexpected 'b'/],
    ['NS', '"a"', /without quotes/],
    ['CNAME', 'a..b', /'a\.\.b' is not a domain name/],
    ['CNAME', `${'a'.repeat(64)}.example.`, /not a domain name/],
    ['CNAME', 'b\u00fccher.example.', /xn--/],
    ['MX', 'mail 10', /the preference: 'mail'/],
    ['MX', '65536 mail', /0 to 65535/],
    ['MX', '10', /the mail server is missing/],
    ['SOA', 'ns1 hostmaster 1 1h 15m 1x 60', /the expire time: '1x'/],
    ['TXT', '', /the text is missing/],
    ['TXT', 'v=DMARC1; p=none', /write it in quotes/],
    ['TXT', '"open', /not closed/],
    ['TXT', 'a=b"c', /not closed/],
    ['TXT', 'a="b"', /must be escaped/],
    ['TXT', '\\256', /no escape/],
    ['TXT', '\\12', /no escape/],
    ['TXT', 'a\nb', /has a meaning/],
    ['SRV', '1 2 99999 x.', /the port/],
    ['CAA', '0 is-sue x', /letters and digits/],
    ['CAA', '256 issue x', /the flags/],
    ['HINFO', `${'x'.repeat(256)} y`, /at most 255/],
    ['DS', '1 2 3 ABC', /hexadecimal/],
    ['OPENPGPKEY', 'aGVsbG8', /base64/],
    ['A', '\\# 4 010203', /announces 4 octets and 3 follow/],
    ['A', '\\# 3 010203', /not well formed/],
    ['NS', '\\# 2 C00C', /not well formed/],
    ['TXT', '\\# 0', /not well formed/],
    ['ANY', '\\# 0', /cannot be stored/],
    ['OPT', '\\# 0', /cannot be stored/],
  ];
  for (const [type, written, reason] of cases) {
    test(`${type} ${JSON.stringify(written.slice(0, 40))}`, () => {
      const rdata = parseRdata(RRTYPE[type], written, ORIGIN);
      assert.ok(!rdata.ok);
      assert.match(rdata.reason, reason);
      assert.ok(rdata.reason.startsWith(`${type}: `));
    });
  }

  test('more than fits into a record', () => {
    const text = Array.from({ length: 300 }, () => `"${'x'.repeat(255)}"`).join(' ');
    assert.equal(parseRdata(RRTYPE.TXT, text, ORIGIN).ok, false);
  });
});

describe('round trips', () => {
  for (const [type, wire] of RDATA) {
    test(`${formatRRType(type)}: the text of well-formed rdata gives the same octets`, () => {
      fc.assert(
        fc.property(wire, (octets) => {
          const rdata = bytesOf(octets);
          assert.deepEqual(canonicalRdata(type, rdata), rdata);
          assert.deepEqual(parseRdata(type, formatRdata(type, rdata), ORIGIN), { ok: true, value: rdata });
        }),
      );
    });
  }

  test('any octets of any type: the same octets again, or generic text that is refused as malformed', () => {
    const type = fc.oneof(fc.constantFrom(...KNOWN), fc.constantFrom(65280, 1));
    const rdata = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 40, max: 4 }));
    fc.assert(
      fc.property(type, rdata, (type, rdata) => {
        const text = formatRdata(type, rdata);
        const again = parseRdata(type, text, ORIGIN);
        if (canonicalRdata(type, rdata) !== undefined) {
          assert.deepEqual(again, { ok: true, value: rdata });
        } else {
          assert.ok(text.startsWith('\\# '));
          assert.equal(again.ok, false);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('names in capitals: kept by the generic form, folded by the canonical one', () => {
    const rdata = bytesOf('\0\x0a\x04MAIL\x02DE\0');
    const text = formatRdata(RRTYPE.MX, rdata);
    assert.equal(text, '\\# 11 000A044D41494C02444500');
    assert.deepEqual(parseRdata(RRTYPE.MX, text, ORIGIN), { ok: true, value: rdata });
    assert.deepEqual(canonicalRdata(RRTYPE.MX, rdata), bytesOf('\0\x0a\x04mail\x02de\0'));
  });

  test('parsing never throws, whatever is typed', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KNOWN), fc.string({ unit: 'binary', maxLength: 60 }), (type, text) => {
        const rdata = parseRdata(type, text, ORIGIN);
        if (rdata.ok) assert.notEqual(canonicalRdata(type, rdata.value), undefined);
        else assert.match(rdata.reason, /^[A-Z]+: ./);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('names in rdata', () => {
  test('only the types of RFC 1035 may be compressed', () => {
    const compressible = KNOWN.filter((type) => rdataNames(type)?.compressible === true).map(formatRRType);
    assert.deepEqual(compressible, ['NS', 'CNAME', 'SOA', 'PTR', 'MX']);
  });

  const cases: readonly (readonly [RRTypeName, string, readonly string[]])[] = [
    ['A', '192.0.2.1', []],
    ['NS', 'a.', ['a.']],
    ['SOA', 'a. b. 1 2 3 4 5', ['a.', 'b.']],
    ['MX', '258 a.b.', ['a.b.']],
    ['SRV', '1 2 3 a.', ['a.']],
    ['NAPTR', '1 2 "" "abc" "x" a.', ['a.']],
    ['HTTPS', '1 . port=1', ['.']],
    ['RP', '. b.', ['.', 'b.']],
  ];
  for (const [type, text, names] of cases) {
    test(type, () => {
      assert.deepEqual(namesInRdata(RRTYPE[type], parseOk(type, text)).map(formatName), names);
    });
  }

  test('are found without throwing in any octets', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KNOWN), fc.uint8Array({ maxLength: 30, max: 8 }), (type, rdata) => {
        const names = namesInRdata(type, rdata);
        if (canonicalRdata(type, rdata) !== undefined)
          assert.equal(names.length, rdataNames(type)?.count ?? 0);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('dns2 reads the same from our octets', () => {
  /** The record that dns2 decodes from a message of ours with this one answer. */
  function decode(type: number, rdata: Uint8Array): DecodedRecord {
    const header = Buffer.from('000184000000000100000000', 'hex');
    const fixed = Buffer.alloc(11);
    fixed.writeUInt16BE(type, 1);
    fixed.writeUInt16BE(1, 3);
    fixed.writeUInt32BE(60, 5);
    fixed.writeUInt16BE(rdata.length, 9);
    const packet = Packet.parse(Buffer.concat([header, fixed, rdata]));
    assert.deepEqual(packet.errors, []);
    return packet.answers[0]!;
  }
  const dotted = (name: Name): string => labelsOf(name).join('.');
  const wire = (type: number): fc.Arbitrary<Uint8Array> => RDATA.get(type)!.map(bytesOf);
  const u16 = fc.integer({ min: 0, max: 0xffff });

  test('A and AAAA', () => {
    fc.assert(
      fc.property(wire(RRTYPE.A), (rdata) => {
        assert.equal(decode(RRTYPE.A, rdata).address, formatRdata(RRTYPE.A, rdata));
      }),
    );
    assert.equal(decode(RRTYPE.AAAA, parseOk('AAAA', '2001:db8::1')).address, '2001:db8::1');
    assert.equal(hex(parseOk('AAAA', '::ffff:192.0.2.1')), '00000000000000000000ffffc0000201');
  });

  test('NS, CNAME, PTR, MX and SRV', () => {
    fc.assert(
      fc.property(anyName, u16, (name, number) => {
        const text = formatName(name);
        assert.equal(decode(RRTYPE.NS, parseOk('NS', text)).ns, dotted(name));
        assert.equal(decode(RRTYPE.CNAME, parseOk('CNAME', text)).domain, dotted(name));
        assert.equal(decode(RRTYPE.PTR, parseOk('PTR', text)).domain, dotted(name));
        const { priority, exchange } = decode(RRTYPE.MX, parseOk('MX', `${number} ${text}`));
        assert.deepEqual([priority, exchange], [number, dotted(name)]);
        const srv = decode(RRTYPE.SRV, parseOk('SRV', `${number} 7 ${number} ${text}`));
        assert.deepEqual([srv.priority, srv.weight, srv.port, srv.target], [number, 7, number, dotted(name)]);
      }),
    );
  });

  test('SOA, TXT and CAA', () => {
    const soa = decode(RRTYPE.SOA, parseOk('SOA', 'ns1 host 1 2 3 4 4294967295'));
    assert.deepEqual(
      [soa.primary, soa.admin, soa.serial, soa.refresh, soa.retry, soa.expiration, soa.minimum],
      ['ns1.dyn.test', 'host.dyn.test', 1, 2, 3, 4, 4294967295],
    );
    assert.deepEqual(decode(RRTYPE.TXT, parseOk('TXT', `"${'x'.repeat(300)}" "" b`)).data, [
      'x'.repeat(255),
      'x'.repeat(45),
      '',
      'b',
    ]);
    const caa = decode(RRTYPE.CAA, parseOk('CAA', '128 issue "ca.example; a=b"'));
    assert.deepEqual([caa.flags, caa.tag, caa.value], [128, 'issue', 'ca.example; a=b']);
  });
});
