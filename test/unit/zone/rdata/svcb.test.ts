import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ROOT } from '../../../../src/zone/name.ts';
import { formatRdata, parseRdata } from '../../../../src/zone/rdata/rdata.ts';
import { RRTYPE } from '../../../../src/zone/rrtype.ts';

describe('the test vectors of RFC 9460, appendix D', () => {
  const vectors: readonly (readonly [text: string, hex: string])[] = [
    ['0 foo.example.com.', '000003666f6f076578616d706c6503636f6d00'],
    ['1 .', '000100'],
    ['16 foo.example.com. port=53', '001003666f6f076578616d706c6503636f6d00' + '000300020035'],
    ['1 foo.example.com. key667=hello', '000103666f6f076578616d706c6503636f6d00' + '029b000568656c6c6f'],
    [
      '1 foo.example.com. key667="hello\\210qoo"',
      '000103666f6f076578616d706c6503636f6d00' + '029b000968656c6c6fd2716f6f',
    ],
    [
      '1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1"',
      '000103666f6f076578616d706c6503636f6d00' +
        '0006002020010db800000000000000000000000120010db8000000000000000000530001',
    ],
    [
      '1 example.com. ipv6hint="2001:db8:122:344::192.0.2.33"',
      '0001076578616d706c6503636f6d00' + '0006001020010db8012203440000' + '0000c0000221',
    ],
    [
      '16 foo.example.org. (alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1)'.replace(/[()]/g, ''),
      '001003666f6f076578616d706c65036f726700' +
        '0000000400010004' +
        '0001000902683205' +
        '68332d3139' +
        '00040004c0000201',
    ],
    [
      '16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
      '001003666f6f076578616d706c65036f726700' + '0001000c08665c6f6f2c626172026832',
    ],
    [
      '16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2',
      '001003666f6f076578616d706c65036f726700' + '0001000c08665c6f6f2c626172026832',
    ],
  ];
  for (const [text, hex] of vectors) {
    test(text, () => {
      for (const type of [RRTYPE.SVCB, RRTYPE.HTTPS]) {
        const rdata = parseRdata(type, text, ROOT);
        assert.ok(rdata.ok, rdata.ok ? '' : rdata.reason);
        assert.equal(Buffer.from(rdata.value).toString('hex'), hex);
        assert.deepEqual(parseRdata(type, formatRdata(type, rdata.value), ROOT), rdata);
      }
    });
  }

  const failures: readonly (readonly [text: string, reason: RegExp])[] = [
    ['1 foo.example.com. key123=abc key123=def', /key123 is given twice/],
    ['1 foo.example.com. mandatory', /mandatory lists keys/],
    ['1 foo.example.com. alpn', /alpn lists protocols/],
    ['1 foo.example.com. port', /port is a port/],
    ['1 foo.example.com. ipv4hint', /ipv4hint lists IPv4/],
    ['1 foo.example.com. ipv6hint', /ipv6hint lists IPv6/],
    ['1 foo.example.com. no-default-alpn=abc', /no-default-alpn takes no value/],
    ['1 foo.example.com. mandatory=key123', /all of them must be given/],
    ['1 foo.example.com. mandatory=mandatory', /must list other keys/],
    ['1 foo.example.com. mandatory=key123,key123 key123=abc', /each once/],
    ['1 foo.example.com. port=65536', /port is a port/],
    ['1 foo.example.com. ipv4hint=2001:db8::1', /IPv4/],
    ['1 foo.example.com. ipv6hint=192.0.2.1', /IPv6/],
    ['1 foo.example.com. ech=not*base64', /ech is base64/],
    ['1 foo.example.com. key65535=x', /no parameter key/],
    ['1 foo.example.com. key01=x', /no parameter key/],
    ['1 foo.example.com. colour=red', /no parameter key/],
    ['1 foo.example.com. alpn="h2"x', /escaped/],
    ['1', /the target is missing/],
  ];
  for (const [text, reason] of failures) {
    test(`refused: ${text}`, () => {
      const rdata = parseRdata(RRTYPE.SVCB, text, ROOT);
      assert.ok(!rdata.ok);
      assert.match(rdata.reason, reason);
    });
  }
});

test('parameters out of order on the wire are malformed, so such a record has generic text only', () => {
  const rdata = Buffer.from('000100' + '000300020035' + '00020000', 'hex');
  assert.match(formatRdata(RRTYPE.HTTPS, rdata), /^\\# 13 /);
});

test('canonical text: keys ascending, lists and opaque values quoted', () => {
  const rdata = parseRdata(RRTYPE.HTTPS, '1 . port=443 alpn=h3,h2 ech="AEX+DQ==" mandatory=port,alpn', ROOT);
  assert.ok(rdata.ok);
  assert.equal(
    formatRdata(RRTYPE.HTTPS, rdata.value),
    '1 . mandatory=alpn,port alpn="h3,h2" port=443 ech=AEX+DQ==',
  );
});
