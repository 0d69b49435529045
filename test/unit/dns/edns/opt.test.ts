import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { encodeOpt, findOption, parseOpt, payloadLimit } from '../../../../src/dns/edns/opt.ts';
import { extendedError } from '../../../../src/dns/edns/extended-error.ts';
import { words } from '../../../dns/message.ts';

const option = (code: number, data: Uint8Array): Buffer => Buffer.concat([words(code, data.length), data]);
const parse = (udpSize: number, ttl = 0): NonNullable<ReturnType<typeof parseOpt>> =>
  parseOpt(udpSize, ttl, new Uint8Array())!;

void test('version and DO come out of the TTL field (RFC 6891 §6.1.3)', () => {
  const opt = parseOpt(4096, 0xff02_8001, new Uint8Array());
  assert.deepEqual(opt, { udpSize: 4096, version: 2, dnssecOk: true, options: new Uint8Array() });
});

void test('options are found by code, the first of each', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.uint8Array({ maxLength: 12 })), { maxLength: 8 }),
      (options) => {
        const opt = parseOpt(512, 0, Buffer.concat(options.map(([code, data]) => option(code, data))));
        assert.ok(opt);
        for (let code = 1; code <= 20; code++) {
          const expected = options.find(([other]) => other === code)?.[1];
          assert.deepEqual(
            findOption(opt, code) && Buffer.from(findOption(opt, code)!),
            expected && Buffer.from(expected),
          );
        }
      },
    ),
  );
});

void test('options that do not fill the RDATA exactly are refused', () => {
  const whole = Buffer.concat([option(3, Buffer.alloc(0)), option(10, Buffer.alloc(8))]);
  for (let length = 0; length <= whole.length; length++) {
    const isWhole = [0, 4, whole.length].includes(length);
    assert.equal(parseOpt(512, 0, whole.subarray(0, length)) !== undefined, isWhole, `${length} octets`);
  }
});

void test('over UDP at least 512 and at most 1232 octets are sent, whatever is claimed (RFC 6891 §6.2.3, RFC 9715)', () => {
  assert.equal(payloadLimit(undefined, 'udp'), 512);
  for (const [claimed, limit] of [
    [0, 512],
    [511, 512],
    [600, 600],
    [1232, 1232],
    [4096, 1232],
    [65_535, 1232],
  ] as const)
    assert.equal(payloadLimit(parse(claimed), 'udp'), limit);
  assert.equal(payloadLimit(undefined, 'tcp'), 65_535);
  assert.equal(payloadLimit(parse(512), 'tcp'), 65_535);
});

void test('a response has version 0, DO as asked, no other flag, and the upper bits of the rcode', () => {
  const bytes = encodeOpt(parse(512, 0x0005_ffff), 16, [extendedError(20)]);
  assert.equal(Buffer.from(bytes).toString('hex'), '000029' + '04d0' + '01008000' + '0006' + '000f00020014');
  const plain = encodeOpt(parse(512), 3, []);
  assert.equal(Buffer.from(plain).toString('hex'), '000029' + '04d0' + '00000000' + '0000');
});
