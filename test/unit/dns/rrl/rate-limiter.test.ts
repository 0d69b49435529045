import assert from 'node:assert/strict';
import test from 'node:test';
import { ANSWER_CLASS } from '../../../../src/dns/rrl/answer-class.ts';
import type { LimitNotice } from '../../../../src/dns/rrl/limit-notices.ts';
import {
  RATE_VERDICT,
  type RateLimiter,
  type RateVerdict,
  createRateLimiter,
} from '../../../../src/dns/rrl/rate-limiter.ts';
import { addressBytes, parseIpAddress } from '../../../../src/net/ip-address.ts';
import { parseIpPrefix } from '../../../../src/net/ip-prefix.ts';

const { PASS, SLIP, DROP } = RATE_VERDICT;
const CLIENT = '192.0.2.10';

function ask(
  limiter: RateLimiter,
  from: string,
  nowMs: number,
  answerClass: number = ANSWER_CLASS.ANSWER,
): RateVerdict {
  const bytes = addressBytes(parseIpAddress(from)!);
  return limiter.check(bytes, 0, bytes.length as 4 | 16, answerClass, nowMs);
}

/** How many of `count` answers at one time pass. */
function passed(limiter: RateLimiter, from: string, nowMs: number, count: number): number {
  return Array.from({ length: count }, () => ask(limiter, from, nowMs)).filter((verdict) => verdict === PASS)
    .length;
}

void test('two seconds of answers at once, then as many as come in by time', () => {
  const limiter = createRateLimiter();
  assert.equal(passed(limiter, CLIENT, 1_000_000, 1000), 400);
  assert.equal(passed(limiter, CLIENT, 1_000_004, 10), 0);
  assert.equal(passed(limiter, CLIENT, 1_000_005, 10), 1);
  assert.equal(passed(limiter, CLIENT, 1_000_100, 100), 19);
  assert.equal(passed(limiter, CLIENT, 1_100_000, 1000), 400);
});

void test('of what is suppressed every second is slipped, or as set', () => {
  const after = (slip: number): RateVerdict[] => {
    const limiter = createRateLimiter({ rate: 1, burstSeconds: 1, slip });
    return Array.from({ length: 7 }, () => ask(limiter, CLIENT, 5));
  };
  assert.deepEqual(after(2), [PASS, DROP, SLIP, DROP, SLIP, DROP, SLIP]);
  assert.deepEqual(after(1), [PASS, SLIP, SLIP, SLIP, SLIP, SLIP, SLIP]);
  assert.deepEqual(after(3), [PASS, DROP, DROP, SLIP, DROP, DROP, SLIP]);
  assert.deepEqual(after(0), [PASS, DROP, DROP, DROP, DROP, DROP, DROP]);
});

void test('one network has one limit, its neighbour another; an IPv4-mapped address is the IPv4 one', () => {
  const limiter = createRateLimiter({ rate: 1, burstSeconds: 1 });
  assert.equal(ask(limiter, '192.0.2.1', 0), PASS);
  assert.equal(ask(limiter, '192.0.2.254', 0), DROP);
  assert.equal(ask(limiter, '192.0.3.1', 0), PASS);
  const mapped = Buffer.from('00000000000000000000ffffc0000299', 'hex');
  assert.equal(limiter.check(mapped, 0, 16, ANSWER_CLASS.ANSWER, 0), SLIP);
  assert.equal(ask(limiter, '2001:db8:0:ff::1', 0), PASS);
  assert.equal(ask(limiter, '2001:db8:0:ab:1::', 0), DROP);
  assert.equal(ask(limiter, '2001:db8:0:100::', 0), PASS);
  // The same leading bits in the other family.
  assert.equal(ask(limiter, 'c000:200::', 0), PASS);
});

void test('other lengths of a network', () => {
  const limiter = createRateLimiter({ rate: 1, burstSeconds: 1, ipv4Prefix: 32, ipv6Prefix: 20 });
  assert.deepEqual(
    ['192.0.2.1', '192.0.2.2', '192.0.2.1'].map((from) => ask(limiter, from, 0)),
    [PASS, PASS, DROP],
  );
  assert.deepEqual(
    ['2001:db8::', '2001:fff:ffff::', '2001:1000::'].map((from) => ask(limiter, from, 0)),
    [PASS, DROP, PASS],
  );
});

void test('classes are limited apart', () => {
  const limiter = createRateLimiter({ rate: 1, burstSeconds: 1 });
  for (const answerClass of Object.values(ANSWER_CLASS)) {
    assert.equal(ask(limiter, CLIENT, 0, answerClass), PASS);
    assert.equal(ask(limiter, CLIENT, 0, answerClass), DROP);
  }
});

void test('the address is read where it stands', () => {
  const limiter = createRateLimiter({ rate: 1, burstSeconds: 1 });
  const batch = Buffer.concat([Buffer.alloc(3), addressBytes(parseIpAddress(CLIENT)!), Buffer.alloc(3, 9)]);
  assert.equal(limiter.check(batch, 3, 4, ANSWER_CLASS.ANSWER, 0), PASS);
  assert.equal(ask(limiter, CLIENT, 0), DROP);
});

void test('loopback is exempt unless other networks are', () => {
  for (const from of ['127.0.0.1', '::1']) {
    assert.equal(passed(createRateLimiter({ rate: 1 }), from, 0, 1000), 1000);
    assert.equal(passed(createRateLimiter({ rate: 1, exempt: [] }), from, 0, 1000), 2);
  }
  const listed = createRateLimiter({ rate: 1, exempt: [parseIpPrefix('192.0.2.8/29')!] });
  assert.equal(passed(listed, '192.0.2.15', 0, 1000), 1000);
  // Its answers are not counted against the rest of its network either.
  assert.equal(passed(listed, '192.0.2.16', 0, 1000), 2);
});

void test('a rate of 0 limits nobody and keeps no table', () => {
  const limiter = createRateLimiter({ rate: 0 });
  assert.equal(passed(limiter, CLIENT, 0, 10_000), 10_000);
  assert.ok(limiter.stats().bytes < 1000);
});

void test('a dry run counts and tells, and everything passes', () => {
  const notices: LimitNotice[] = [];
  const limiter = createRateLimiter({ rate: 10, dryRun: true, onNotice: (notice) => notices.push(notice) });
  assert.equal(passed(limiter, CLIENT, 0, 100), 100);
  const { dropped, slipped, limited } = limiter.stats();
  assert.deepEqual({ dropped, slipped, limited }, { dropped: 40, slipped: 40, limited: 1 });
  assert.deepEqual(notices, [{ kind: 'started', prefix: '192.0.2.0/24', answerClass: 'answer' }]);
});

void test('a clock that goes back gives nobody more and closes nobody out', () => {
  const limiter = createRateLimiter();
  assert.equal(passed(limiter, CLIENT, 86_400_000, 1000), 400);
  assert.equal(passed(limiter, CLIENT, 86_399_000, 1000), 0);
  assert.equal(passed(limiter, CLIENT, 0, 1000), 0);
  assert.equal(passed(limiter, CLIENT, 1000, 1000), 200);
});

void test('a start and an end are told once, the end when the bucket is full again', () => {
  const notices: LimitNotice[] = [];
  const limiter = createRateLimiter({ onNotice: (notice) => notices.push(notice) });
  passed(limiter, '2001:db8:1:2345::9', 0, 500);
  for (let now = 0; now < 1900; now += 100) limiter.sweep(now);
  passed(limiter, '2001:db8:1:2345::9', 1999, 0);
  const start = { kind: 'started', prefix: '2001:db8:1:2300::/56', answerClass: 'answer' } as const;
  assert.deepEqual(notices, [start]);
  limiter.sweep(2000);
  limiter.sweep(3000);
  const stop = { ...start, kind: 'stopped', suppressed: 100 } as const;
  assert.deepEqual(notices, [start, stop]);
  assert.equal(limiter.stats().limited, 0);

  // Without a sweep in between, the next answer finds out.
  passed(limiter, '2001:db8:1:2345::9', 10_000, 401);
  passed(limiter, '2001:db8:1:2345::9', 20_000, 1);
  assert.deepEqual(notices.slice(2), [start, { ...stop, suppressed: 1 }]);
});

void test('a network that goes on above its rate has started once', () => {
  const notices: LimitNotice[] = [];
  const limiter = createRateLimiter({ onNotice: (notice) => notices.push(notice) });
  for (let now = 0; now < 60_000; now += 2) {
    ask(limiter, CLIENT, now, ANSWER_CLASS.NEGATIVE);
    if (now % 1000 === 0) limiter.sweep(now);
  }
  assert.deepEqual(notices, [{ kind: 'started', prefix: '192.0.2.0/24', answerClass: 'negative' }]);
});

void test('a flood from a thousand networks is told of ten times, and each told start gets its end', () => {
  const notices: LimitNotice[] = [];
  const limiter = createRateLimiter({ rate: 10, onNotice: (notice) => notices.push(notice) });
  for (let i = 0; i < 1000; i++) passed(limiter, `198.${i >> 8}.${i & 255}.1`, 0, 25);
  assert.equal(notices.length, 10);
  assert.deepEqual([limiter.stats().untold, limiter.stats().limited], [990, 1000]);
  limiter.sweep(2000);
  const ends = notices.slice(10);
  assert.deepEqual([ends.length, limiter.stats().limited], [10, 0]);
  assert.ok(ends.every((notice) => notice.kind === 'stopped' && notice.suppressed === 5));
});

void test('a limited network that is forgotten for others has its end told', () => {
  const notices: LimitNotice[] = [];
  const limiter = createRateLimiter({ rate: 10, tableSize: 8, onNotice: (notice) => notices.push(notice) });
  for (let i = 0; i < 9; i++) passed(limiter, `198.51.${i}.1`, i, 25);
  assert.equal(limiter.stats().evicted, 1);
  const ends = notices.filter(({ kind }) => kind === 'stopped');
  assert.deepEqual(
    ends.map(({ prefix }) => prefix),
    ['198.51.0.0/24'],
  );
  assert.equal(limiter.stats().limited, 8);
});
