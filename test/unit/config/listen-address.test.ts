/** `ADDR:PORT` read and written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatListenAddress, loopbackFor, parseListenAddress } from '../../../src/config/listen-address.ts';

test('what is formatted is read back', () => {
  const address = fc.oneof(fc.ipV4(), fc.constantFrom('::', '::1', '2001:db8::53', 'fe80::1'));
  fc.assert(
    fc.property(address, fc.integer({ min: 0, max: 65_535 }), (host, port) => {
      const text = formatListenAddress({ address: host, port });
      assert.deepEqual(parseListenAddress(text), { ok: true, value: { address: host, port } });
    }),
  );
});

test('names, ports alone, ports out of range and bare IPv6 are refused', () => {
  for (const text of [
    '',
    ':80',
    '8080',
    'localhost:80',
    '*:80',
    '127.0.0.1',
    '127.0.0.1:65536',
    '::1:80',
    '[::1]',
    '[127.0.0.1:1',
    '127.0.0.1:-1',
    '1.2.3.4:80:80',
  ]) {
    const result = parseListenAddress(text);
    assert.ok(!result.ok, text);
    assert.match(result.reason, /ADDR:PORT/);
  }
});

test('an unspecified address is reached by loopback', () => {
  assert.deepEqual(loopbackFor({ address: '0.0.0.0', port: 1 }), { address: '127.0.0.1', port: 1 });
  assert.deepEqual(loopbackFor({ address: '::', port: 1 }), { address: '::1', port: 1 });
  assert.deepEqual(loopbackFor({ address: '192.0.2.1', port: 1 }), { address: '192.0.2.1', port: 1 });
});
