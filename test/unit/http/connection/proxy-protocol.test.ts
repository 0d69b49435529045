import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeProxyHeader } from '../../../../src/http/connection/proxy-protocol.ts';
import { formatIpAddress } from '../../../../src/net/ip-address.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';

function decode(bytes: Buffer | string): string {
  const header = decodeProxyHeader(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  if (header.kind !== 'header') return header.kind;
  return `${header.length} ${header.source === undefined ? 'own' : formatIpAddress(header.source)}`;
}

function version2(rest: string): Buffer {
  return Buffer.from(SIGNATURE + rest, 'hex');
}

describe('PROXY protocol', () => {
  it('reads version 1 (D-6.7)', () => {
    assert.equal(decode('PROXY TCP4 198.51.100.7 127.0.0.1 4711 80\r\nGET /'), '43 198.51.100.7');
    assert.equal(decode('PROXY TCP6 2001:db8::7 ::1 4711 80\r\n'), '36 2001:db8::7');
    assert.equal(decode('PROXY TCP6 ::ffff:198.51.100.7 ::1 4711 80\r\n'), '44 198.51.100.7');
    assert.equal(decode('PROXY UNKNOWN\r\n'), '15 own');
    assert.equal(decode('PROXY UNKNOWN ffff:f:f f:f 1 2\r\n'), '32 own');
  });

  it('reads version 2 with extensions behind the addresses (D-6.7)', () => {
    assert.equal(decode(version2('2111000c' + 'c6336407' + '7f000001' + '12670050')), '28 198.51.100.7');
    assert.equal(
      decode(version2('2111000f' + 'c6336407' + '7f000001' + '12670050' + '040000')),
      '31 198.51.100.7',
    );
    const v6 = '20010db8000000000000000000000007';
    assert.equal(decode(version2('21210024' + v6 + v6 + '12670050')), '52 2001:db8::7');
    assert.equal(decode(version2('20000000')), '16 own', 'LOCAL');
    assert.equal(decode(version2('21000000')), '16 own', 'unspecified family');
  });

  it('waits for the rest of a header and refuses every other beginning', () => {
    for (const whole of [
      Buffer.from('PROXY TCP4 198.51.100.7 127.0.0.1 4711 80\r\n'),
      version2('2111000cc63364077f00000112670050'),
    ]) {
      for (let cut = 0; cut < whole.length; cut++) assert.equal(decode(whole.subarray(0, cut)), 'incomplete');
    }
    for (const other of [
      'GET / HTTP/1.1\r\n',
      'PROXY TCP4 198.51.100.7 127.0.0.1 4711\r\n',
      'PROXY TCP4 2001:db8::7 ::1 4711 80\r\n',
      'PROXY TCP4 nobody 127.0.0.1 4711 80\r\n',
      'PROXY TCP5 198.51.100.7 127.0.0.1 4711 80\r\n',
      `PROXY UNKNOWN ${'x'.repeat(107)}`,
      version2('1111000cc63364077f00000112670050'),
      version2('2211000cc63364077f00000112670050'),
      version2('21110004c6336407'),
      version2('2111ffff'),
    ]) {
      assert.equal(decode(other), 'malformed', String(other));
    }
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, signed) => {
        decodeProxyHeader(signed ? Buffer.concat([version2(''), bytes]) : Buffer.from(bytes));
      }),
    );
  });
});
