import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatName, parseName } from '../../../../src/zone/name.ts';
import { formatRdata } from '../../../../src/zone/rdata/rdata.ts';
import { formatRRType } from '../../../../src/zone/rrtype.ts';
import {
  type ZoneFileData,
  parseZoneFile,
  parseZoneFileInSteps,
} from '../../../../src/zone/zone-file/parse-zone-file.ts';

const APEX = parseName('dyn.test')!;
const START = '$TTL 1h\n@ SOA ns1 hostmaster 7 1h 15m 1w 60\n@ NS ns1.example.\n';

function accepted(text: string): ZoneFileData {
  const data = parseZoneFile(text, APEX);
  assert.ok(data.ok, data.ok ? '' : `${data.line}:${data.column}: ${data.reason}`);
  return data;
}

/** The records after the common start, as `owner TTL TYPE rdata`. */
function records(text: string): string[] {
  return accepted(START + text)
    .rrsets.flatMap(({ owner, rrset }) =>
      rrset.rdata.map(
        (rdata) =>
          `${formatName(owner)} ${rrset.ttl} ${formatRRType(rrset.type)} ${formatRdata(rrset.type, rdata)}`,
      ),
    )
    .slice(1);
}

describe('syntax of master files (RFC 1035 §5.1, RFC 2308 §4)', () => {
  const cases: readonly (readonly [what: string, text: string, records: readonly string[]])[] = [
    [
      'relative and absolute owners',
      'a A 192.0.2.1\nb.dyn.test. A 192.0.2.2',
      ['a.dyn.test. 3600 A 192.0.2.1', 'b.dyn.test. 3600 A 192.0.2.2'],
    ],
    [
      'an omitted owner is the one before',
      'a A 192.0.2.1\n\tTXT x\n  AAAA ::1',
      ['a.dyn.test. 3600 A 192.0.2.1', 'a.dyn.test. 3600 TXT "x"', 'a.dyn.test. 3600 AAAA ::1'],
    ],
    [
      'TTL and class in either order',
      'a 60 IN A 192.0.2.1\nb IN 60 A 192.0.2.1\nc in A 192.0.2.1\nd CLASS1 A 192.0.2.1',
      [
        'a.dyn.test. 60 A 192.0.2.1',
        'b.dyn.test. 60 A 192.0.2.1',
        'c.dyn.test. 3600 A 192.0.2.1',
        'd.dyn.test. 3600 A 192.0.2.1',
      ],
    ],
    [
      'TTL units',
      'a 1h30m A 192.0.2.1\nb 1W2D A 192.0.2.1',
      ['a.dyn.test. 5400 A 192.0.2.1', 'b.dyn.test. 777600 A 192.0.2.1'],
    ],
    [
      'an explicit TTL does not outlive its line after $TTL',
      'a 60 A 192.0.2.1\nb A 192.0.2.1',
      ['a.dyn.test. 60 A 192.0.2.1', 'b.dyn.test. 3600 A 192.0.2.1'],
    ],
    [
      '$ORIGIN, relative to the one before',
      '$ORIGIN sub\na A 192.0.2.1\n$ORIGIN x.dyn.test.\n@ A 192.0.2.2',
      ['a.sub.dyn.test. 3600 A 192.0.2.1', 'x.dyn.test. 3600 A 192.0.2.2'],
    ],
    [
      '$ORIGIN . and names below it',
      '$ORIGIN .\na.dyn.test A 192.0.2.1\nb.dyn.test CNAME @',
      ['a.dyn.test. 3600 A 192.0.2.1', 'b.dyn.test. 3600 CNAME .'],
    ],
    [
      'parentheses and comments',
      'a TXT ( one ; first\n "two ; (" ) ; end\n; only a comment\n\nb A 192.0.2.1',
      ['a.dyn.test. 3600 TXT "one" "two ; ("', 'b.dyn.test. 3600 A 192.0.2.1'],
    ],
    [
      'escapes in owners',
      'a\\.b A 192.0.2.1\n\\$x A 192.0.2.1\n\\@ A 192.0.2.1\nc\\032d A 192.0.2.1',
      [
        'a\\.b.dyn.test. 3600 A 192.0.2.1',
        '\\$x.dyn.test. 3600 A 192.0.2.1',
        '\\@.dyn.test. 3600 A 192.0.2.1',
        'c\\032d.dyn.test. 3600 A 192.0.2.1',
      ],
    ],
    ['escapes that hide a comment', 'a TXT x\\;y "\\"z"', ['a.dyn.test. 3600 TXT "x;y" "\\"z"']],
    [
      'owners named like types and numbers',
      'A A 192.0.2.1\n60 A 192.0.2.1\nIN A 192.0.2.1',
      ['a.dyn.test. 3600 A 192.0.2.1', '60.dyn.test. 3600 A 192.0.2.1', 'in.dyn.test. 3600 A 192.0.2.1'],
    ],
    [
      'generic types and rdata (RFC 3597)',
      'a TYPE65280 \\# 2 abcd\nb TYPE1 192.0.2.1\nc A \\# 4 c0000201',
      [
        'a.dyn.test. 3600 TYPE65280 \\# 2 ABCD',
        'b.dyn.test. 3600 A 192.0.2.1',
        'c.dyn.test. 3600 A 192.0.2.1',
      ],
    ],
    [
      'service parameters with quotes',
      'a HTTPS 1 . alpn="h2,h3" port=8443',
      ['a.dyn.test. 3600 HTTPS 1 . alpn="h2,h3" port=8443'],
    ],
    ['wildcards, capitals, no line end', '*.Sub A 192.0.2.1', ['*.sub.dyn.test. 3600 A 192.0.2.1']],
    [
      'line ends of Windows',
      'a A 192.0.2.1\r\n\r\nb A 192.0.2.1\r\n',
      ['a.dyn.test. 3600 A 192.0.2.1', 'b.dyn.test. 3600 A 192.0.2.1'],
    ],
  ];
  for (const [what, text, expected] of cases) {
    test(what, () => {
      assert.deepEqual(records(text), expected);
    });
  }

  test('the SOA with its serial, in several lines and after a byte order mark', () => {
    const data = accepted(
      '\ufeff@ 300 IN SOA ns1 host\\.master.example. (\n 2026112201 ; serial\n 1d 2h 4w ; times\n 5m )\n NS ns1\nns1 A 192.0.2.1\n',
    );
    assert.equal(data.serial, 2026112201);
    assert.deepEqual(data.soa, {
      mname: parseName('ns1.dyn.test'),
      rname: parseName('host\\.master.example'),
      refresh: 86400,
      retry: 7200,
      expire: 2419200,
      minimum: 300,
      ttl: 300,
    });
    assert.equal(data.records, 3);
    assert.deepEqual(
      data.rrsets.map(({ rrset }) => rrset.ttl),
      [300, 300],
    );
    assert.deepEqual(data.warnings, []);
  });

  test('the zone of the root', () => {
    const data = parseZoneFile('. 1 SOA a. b. 1 2 3 4 5\n. NS a.\na A 192.0.2.1\n', parseName('.')!);
    assert.ok(data.ok);
    assert.deepEqual(
      data.rrsets.map(({ owner }) => formatName(owner)),
      ['.', 'a.'],
    );
  });
});

describe('what is mended, with a warning', () => {
  const cases: readonly (readonly [
    what: string,
    text: string,
    records: readonly string[],
    warning: RegExp,
  ])[] = [
    [
      'several TTLs in one RRset: the lowest',
      'a 60 A 192.0.2.1\na 30 A 192.0.2.2\n',
      ['a.dyn.test. 30 A 192.0.2.1', 'a.dyn.test. 30 A 192.0.2.2'],
      /^line 5: a\.dyn\.test\. A has several TTLs/,
    ],
    [
      'duplicates, also in other spellings',
      'a AAAA ::1\nA AAAA 0::1\na A 192.0.2.1\na CLASS1 A \\# 4 c0000201',
      ['a.dyn.test. 3600 AAAA ::1', 'a.dyn.test. 3600 A 192.0.2.1'],
      /^2 duplicate records/,
    ],
    [
      'records of signatures',
      'a A 192.0.2.1\na RRSIG A 8 3 60 (\n x ) y\na TYPE47 whatever\n',
      ['a.dyn.test. 3600 A 192.0.2.1'],
      /^2 DNSSEC records/,
    ],
  ];
  for (const [what, text, expected, warning] of cases) {
    test(what, () => {
      assert.deepEqual(records(text), expected);
      const { warnings } = accepted(START + text);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]!, warning);
    });
  }

  test('a SOA without TTL takes its last field; a name server of the zone without address is named', () => {
    const { soa, warnings } = accepted('@ SOA ns1 hostmaster 7 1h 15m 1w 90\n 60 NS ns1\n');
    assert.equal(soa.ttl, 90);
    assert.equal(warnings.length, 2);
    assert.match(
      warnings.join(),
      /line 1: no TTL .* 90.*line 2: the name server ns1\.dyn\.test\. has no address/,
    );
  });

  test('a SOA that is repeated at the end, as a zone transfer prints it', () => {
    const text = '$TTL 60\n@ SOA a. b. 1 2 3 4 5\n@ NS a.\n@ SOA a. b. 1 2 3 4 5\n';
    assert.equal(accepted(text).records, 2);
  });

  test('warnings are bounded', () => {
    const lines = Array.from({ length: 100 }, (_, i) => `a${i} 60 A 192.0.2.1\na${i} 30 A 192.0.2.2`);
    const { warnings } = accepted(START + lines.join('\n'));
    assert.equal(warnings.length, 21);
    assert.equal(warnings.at(-1), '80 more of these');
  });
});

describe('what is refused, and where', () => {
  const cases: readonly (readonly [text: string, line: number, column: number, reason: RegExp])[] = [
    [START + 'a A 192.0.2.256', 4, 5, /A: one IPv4/],
    [START + 'a A 192.0.2.1\nb TXT (\n "x"\n y', 5, 7, /parenthesis is not closed/],
    [START + 'a TXT x )', 4, 9, /was not opened/],
    [START + 'a TXT "x\n"', 4, 7, /not closed on its line/],
    [START + 'other.example. A 192.0.2.1', 4, 1, /outside the zone dyn\.test\./],
    [START + 'xdyn.test. A 192.0.2.1', 4, 1, /outside the zone/],
    [START + '$INCLUDE other.zone', 4, 1, /\$INCLUDE is not followed/],
    [START + '$GENERATE 1-9 h$ A 192.0.2.$', 4, 1, /\$GENERATE/],
    [START + '$FOO', 4, 1, /no directive/],
    [START + '$TTL', 4, 1, /takes one value/],
    [START + '$TTL soon', 4, 1, /no TTL/],
    [START + '$ORIGIN a..b', 4, 1, /not a domain name/],
    [START + 'a..b A 192.0.2.1', 4, 1, /not a domain name/],
    [START + 'b\u00fccher A 192.0.2.1', 4, 1, /xn--/],
    [START + 'a CH A 192.0.2.1', 4, 3, /only IN/],
    [START + 'a 2147483648 A 192.0.2.1', 4, 3, /no TTL/],
    [START + 'a 60', 4, 3, /the record type is missing/],
    [START + 'a', 4, 1, /the record type is missing/],
    [START + 'a 60 70 A 192.0.2.1', 4, 6, /no record type/],
    [START + 'a FOO bar', 4, 3, /'FOO' is no record type/],
    [START + 'a ANY bar', 4, 3, /only IN/],
    [START + 'a AXFR bar', 4, 3, /cannot be stored/],
    [START + 'a LOC 52 22 23 N', 4, 7, /degrees up to 180/],
    [START + 'a TYPE65280 text', 4, 13, /generic form/],
    [START + 'a CNAME b\na TXT x', 5, 1, /an alias stands alone/],
    [START + 'a TXT x\na CNAME b', 5, 1, /an alias stands alone/],
    [START + '@ CNAME b', 4, 1, /an alias stands alone/],
    [START + 'a CNAME b\na CNAME c', 4, 1, /a\.dyn\.test\. CNAME: a name has one such record/],
    [START + '@ SOA ns1 hostmaster 8 1h 15m 1w 60', 2, 1, /SOA: a name has one such record/],
    [START + 'a SOA ns1 hostmaster 8 1h 15m 1w 60', 4, 1, /belongs to the apex/],
    [
      START + Array.from({ length: 101 }, (_, i) => `a TYPE${1000 + i} \\# 0`).join('\n'),
      104,
      1,
      /over 100 types/,
    ],
    [START + Array.from({ length: 101 }, (_, i) => `a A 192.0.2.${i}`).join('\n'), 4, 1, /at most 100/],
    [
      START + Array.from({ length: 70 }, (_, i) => `a TXT ${i}${'x'.repeat(250)}`).join('\n'),
      4,
      1,
      /at most 16384/,
    ],
    ['@ 60 SOA ns1 hostmaster 1 2 3 4 5\na A 192.0.2.1', 1, 1, /has no NS/],
    ['$TTL 60\n\n@ NS ns1', 3, 1, /has no SOA/],
    ['', 1, 1, /has no SOA/],
    [' 60 NS ns1', 1, 1, /names no owner/],
    ['@ NS ns1', 1, 1, /no TTL: give one/],
  ];
  for (const [text, line, column, reason] of cases) {
    test(JSON.stringify(text.replace(START, '').slice(0, 50)), () => {
      const data = parseZoneFile(text, APEX);
      assert.ok(!data.ok);
      assert.match(data.reason, reason);
      assert.deepEqual([data.line, data.column], [line, column]);
    });
  }
});

test('in steps: the same data, with pauses in between', () => {
  const lines = Array.from({ length: 10_000 }, (_, i) => `h${i} A 192.0.2.${i % 256}`);
  const text = START + lines.join('\n');
  const steps = parseZoneFileInSteps(text, APEX);
  let pauses = 0;
  for (;;) {
    const step = steps.next();
    if (step.done === true) {
      assert.deepEqual(step.value, parseZoneFile(text, APEX));
      break;
    }
    pauses++;
  }
  assert.ok(pauses >= 10);
});
