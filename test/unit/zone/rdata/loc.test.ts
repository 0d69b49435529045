/** LOC (RFC 1876); that every well-formed octet string comes back is held with the other types. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROOT } from '../../../../src/zone/name.ts';
import { canonicalRdata, formatRdata, parseRdata } from '../../../../src/zone/rdata/rdata.ts';
import { RRTYPE } from '../../../../src/zone/rrtype.ts';

function hexOf(text: string): string {
  const rdata = parseRdata(RRTYPE.LOC, text, ROOT);
  assert.ok(rdata.ok, rdata.ok ? '' : `${text}: ${rdata.reason}`);
  return Buffer.from(rdata.value).toString('hex');
}

function textOf(hex: string): string {
  return formatRdata(RRTYPE.LOC, Buffer.from(hex, 'hex'));
}

test('the places of RFC 1876 §4, octet by octet', () => {
  // 2^31 + 42°21'54" north, 2^31 - 71°6'18" west, 24 m below the spheroid; 30 m, 10 km, 10 m.
  assert.equal(
    hexOf('42 21 54 N 71 06 18 W -24m 30m'),
    '00' + '33' + '16' + '13' + '89172dd0' + '70be15f0' + '00988d20',
  );
});

test('written in several ways, kept in one', () => {
  const cases: readonly (readonly [written: string, canonical: string])[] = [
    ['42 21 54 N 71 06 18 W -24m 30m', '42 21 54.000 N 71 6 18.000 W -24.00m 30m 10000m 10m'],
    ['42 21 43.952 N 71 5 6.344 W -24m 1m 200m', '42 21 43.952 N 71 5 6.344 W -24.00m 1m 200m 10m'],
    ['52 14 05 N 00 08 50 E 10m', '52 14 5.000 N 0 8 50.000 E 10.00m 1m 10000m 10m'],
    ['32 7 19 S 116 2 25 E 10m', '32 7 19.000 S 116 2 25.000 E 10.00m 1m 10000m 10m'],
    ['42 n 71 w 0', '42 0 0.000 N 71 0 0.000 W 0.00m 1m 10000m 10m'],
    ['0 0 0 S 0 W 1.5', '0 0 0.000 N 0 0 0.000 E 1.50m 1m 10000m 10m'],
    [
      '90 N 180 W -100000.00m 0m 0.05m 90000000m',
      '90 0 0.000 N 180 0 0.000 W -100000.00m 0m 0.05m 90000000m',
    ],
    ['90 S 180 E 42849672.95m 0.99m 25m 12345m', '90 0 0.000 S 180 0 0.000 E 42849672.95m 0.90m 20m 10000m'],
  ];
  for (const [written, canonical] of cases) {
    assert.equal(textOf(hexOf(written)), canonical);
    assert.equal(hexOf(canonical), hexOf(written));
  }
});

test('what is no place is refused with what would be right', () => {
  const cases: readonly (readonly [text: string, reason: RegExp])[] = [
    ['', /missing/],
    ['52 22 23 N', /degrees up to 180.* E or W/],
    ['52 22 23 E 4 N 2m', /degrees up to 90.* N or S/],
    ['90 0 0.001 N 4 E 2m', /degrees up to 90/],
    ['52 60 N 4 E 2m', /degrees up to 90/],
    ['52 22 60 N 4 E 2m', /degrees up to 90/],
    ['52 22 23.1234 N 4 E 2m', /degrees up to 90/],
    ['52 22 23 1 N 4 E 2m', /degrees up to 90/],
    ['52.5 N 4 E 2m', /degrees up to 90/],
    ['-52 N 4 E 2m', /degrees up to 90/],
    ['52 N 181 E 2m', /degrees up to 180/],
    ['52 N 4 E', /the altitude is metres/],
    ['52 N 4 E 2km', /the altitude is metres/],
    ['52 N 4 E -100000.01', /the altitude is metres/],
    ['52 N 4 E 42849672.96', /the altitude is metres/],
    ['52 N 4 E 2m 90000000.01m', /sizes are metres/],
    ['52 N 4 E 2m -1m', /sizes are metres/],
    ['52 N 4 E 2m 1m 1m 1m 1m', /unexpected '1m'/],
  ];
  for (const [text, reason] of cases) {
    const rdata = parseRdata(RRTYPE.LOC, text, ROOT);
    assert.equal(rdata.ok, false, text);
    assert.match(rdata.reason, reason, text);
  }
});

test('octets that §2 does not define are not well formed', () => {
  const good = hexOf('52 22 23 N 4 53 32 E -2m');
  const change = (at: number, hex: string): Buffer =>
    Buffer.from(good.slice(0, at * 2) + hex + good.slice(at * 2 + hex.length), 'hex');
  assert.ok(canonicalRdata(RRTYPE.LOC, Buffer.from(good, 'hex')));
  const wrong = [
    [change(0, '01'), 'another version'],
    [change(1, 'a1'), 'a size with the digit 10'],
    [change(2, '1a'), 'a size with the power 10'],
    [change(3, '01'), 'zero with a power'],
    [change(4, '934fd901'), 'a latitude beyond the pole'],
    [change(8, 'ffffffff'), 'a longitude beyond 180 degrees'],
    [Buffer.from(good.slice(2), 'hex'), 'too short'],
    [Buffer.from(`${good}00`, 'hex'), 'too long'],
  ] as const;
  for (const [rdata, what] of wrong) assert.equal(canonicalRdata(RRTYPE.LOC, rdata), undefined, what);
  assert.ok(canonicalRdata(RRTYPE.LOC, change(4, '934fd900')), 'the pole itself');
});
