import assert from 'node:assert/strict';
import test from 'node:test';
import { ANSWER_CLASS } from '../../../../src/dns/rrl/answer-class.ts';
import { RATE_VERDICT, type RateVerdict } from '../../../../src/dns/rrl/rate-limiter.ts';
import type { RateLimitOptions } from '../../../../src/dns/rrl/rate-limits.ts';
import { RateLimiting } from '../../../../src/dns/server/rate-limiting.ts';

const LIMITS: RateLimitOptions = { rate: 10, burstSeconds: 1, slip: 0 };

function limitingWith(options: RateLimitOptions) {
  const clock = { ms: 50_000_000 };
  const lines: string[] = [];
  const line =
    (level: string) =>
    (fields: object, message: string): void => {
      lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
    };
  const log = { info: line('info'), warn: line('warn'), error: line('error') };
  const limiting = new RateLimiting(options, { clock: { now: () => clock.ms }, log });
  const ask = (network = 2): RateVerdict =>
    limiting.limiter.check(
      Uint8Array.of(192, network >> 8, network & 255, 1),
      0,
      4,
      ANSWER_CLASS.ANSWER,
      clock.ms,
    );
  return { clock, lines, limiting, ask };
}

void test('the log tells when limiting of a network starts and when it has ended, and no answer', () => {
  const { clock, lines, limiting, ask } = limitingWith(LIMITS);
  for (let i = 0; i < 15; i++) ask();
  limiting.sweep();
  assert.deepEqual(lines, [
    'warn a network is rate limited {"prefix":"192.0.2.0/24","answerClass":"answer"}',
  ]);
  clock.ms += 1000;
  limiting.sweep();
  assert.deepEqual(lines.slice(1), [
    'info rate limiting of a network ended {"prefix":"192.0.2.0/24","answerClass":"answer","suppressed":5}',
  ]);
  assert.equal(limiting.stats.limited, 0);
});

void test('a dry run says what would be', () => {
  const { lines, ask } = limitingWith({ ...LIMITS, dryRun: true });
  for (let i = 0; i < 15; i++) assert.equal(ask(), RATE_VERDICT.PASS);
  assert.match(lines.join('\n'), /^warn a network would be rate limited/);
});

void test('starts that were too many to be told are told as a number, once a minute', () => {
  const { clock, lines, limiting, ask } = limitingWith(LIMITS);
  const limit = (from: number, to: number): void => {
    for (let network = from; network < to; network++) for (let i = 0; i < 11; i++) ask(network);
  };
  const sums = (): string[] => lines.filter((line) => line.includes('more networks'));
  limit(0, 30);
  limiting.sweep();
  assert.deepEqual(sums(), ['warn more networks are rate limited than were told {"networks":20}']);
  limit(30, 50);
  clock.ms += 1000;
  limiting.sweep();
  assert.equal(sums().length, 1);
  clock.ms += 60_000;
  limiting.sweep();
  assert.deepEqual(sums().slice(1), ['warn more networks are rate limited than were told {"networks":20}']);
  clock.ms += 60_000;
  limiting.sweep();
  assert.equal(sums().length, 2);
});

void test('other limits start with full buckets, the same ones keep what was counted, counters go on', () => {
  const { limiting, ask } = limitingWith(LIMITS);
  for (let i = 0; i < 12; i++) ask();
  limiting.reconfigure({ ...LIMITS });
  assert.equal(ask(), RATE_VERDICT.DROP);
  limiting.reconfigure({ ...LIMITS, slip: 1 });
  for (let i = 0; i < 10; i++) assert.equal(ask(), RATE_VERDICT.PASS);
  assert.equal(ask(), RATE_VERDICT.SLIP);
  const { dropped, slipped, limited } = limiting.stats;
  assert.deepEqual({ dropped, slipped, limited }, { dropped: 3, slipped: 1, limited: 1 });
  assert.throws(() => {
    limiting.reconfigure({ ...LIMITS, ipv6Prefix: 128 });
  }, RangeError);
  assert.equal(ask(), RATE_VERDICT.SLIP, 'the limits before stay in force');
});
