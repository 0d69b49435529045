import assert from 'node:assert/strict';
import test from 'node:test';
import { rateLimits } from '../../../../src/dns/rrl/rate-limits.ts';
import { formatIpPrefix } from '../../../../src/net/ip-prefix.ts';

void test('the defaults', () => {
  const { exempt, ...rest } = rateLimits({});
  assert.deepEqual(rest, {
    rate: 200,
    burst: 400,
    slip: 2,
    ipv4Prefix: 24,
    ipv6Prefix: 56,
    dryRun: false,
    tableSize: 65_536,
  });
  assert.deepEqual(exempt.map(formatIpPrefix), ['127.0.0.0/8', '::1/128']);
});

void test('the burst is the rate for so many seconds, one answer at least; the table a power of two', () => {
  assert.equal(rateLimits({ rate: 50, burstSeconds: 4 }).burst, 200);
  assert.equal(rateLimits({ rate: 1, burstSeconds: 0.1 }).burst, 1);
  assert.deepEqual(
    [8, 9, 1000, 65_536, 1 << 20].map((tableSize) => rateLimits({ tableSize }).tableSize),
    [8, 16, 1024, 65_536, 1 << 20],
  );
});

void test('what is out of range is refused by name', () => {
  const wrong = {
    rate: [-1, 0.5, 100_001, NaN],
    burstSeconds: [0, -1, 61, NaN],
    slip: [-1, 1.5, 101],
    ipv4Prefix: [0, 33, 23.5],
    ipv6Prefix: [0, 65],
    tableSize: [0, 7, 2 ** 21],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values)
      assert.throws(() => rateLimits({ [name]: value }), {
        name: 'RangeError',
        message: new RegExp(`^${name} `),
      });
  }
});
