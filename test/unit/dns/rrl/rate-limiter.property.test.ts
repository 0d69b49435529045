import assert from 'node:assert/strict';
import { PerformanceObserver } from 'node:perf_hooks';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { ANSWER_CLASS } from '../../../../src/dns/rrl/answer-class.ts';
import { RATE_VERDICT, createRateLimiter } from '../../../../src/dns/rrl/rate-limiter.ts';

const { PASS, DROP, SLIP } = RATE_VERDICT;

/** Answers to one of four networks, each some milliseconds after the one before. */
const ANSWERS = fc.array(
  fc.record({
    network: fc.nat({ max: 3 }),
    answerClass: fc.constantFrom(ANSWER_CLASS.ANSWER, ANSWER_CLASS.NEGATIVE),
    wait: fc.oneof(fc.constant(0), fc.nat({ max: 20 }), fc.nat({ max: 3000 })),
  }),
  { maxLength: 300 },
);
const SETTINGS = fc.record({
  rate: fc.integer({ min: 1, max: 300 }),
  burstSeconds: fc.constantFrom(0.01, 0.1, 1, 2),
  slip: fc.nat({ max: 3 }),
});

void test('in no stretch of time does more pass than burst + rate × time', () => {
  fc.assert(
    fc.property(SETTINGS, ANSWERS, (settings, answers) => {
      const limiter = createRateLimiter(settings);
      const burst = Math.max(1, Math.round(settings.rate * settings.burstSeconds));
      const times = new Map<number, number[]>();
      let now = 0;
      for (const { network, answerClass, wait } of answers) {
        now += wait;
        if (limiter.check(Uint8Array.of(198, 51, network, 1), 0, 4, answerClass, now) !== PASS) continue;
        const key = network * 4 + answerClass;
        times.set(key, [...(times.get(key) ?? []), now]);
      }
      for (const passes of times.values()) {
        for (const [i, from] of passes.entries()) {
          for (let j = i; j < passes.length; j++) {
            const allowed = burst + (settings.rate * (passes[j]! - from)) / 1000;
            assert.ok(j - i + 1 <= allowed, `${j - i + 1} in ${passes[j]! - from} ms`);
          }
        }
      }
    }),
    { numRuns: 200 },
  );
});

void test('each network and class is treated as if it were alone, like a bucket of tokens', () => {
  fc.assert(
    fc.property(SETTINGS, ANSWERS, (settings, answers) => {
      const limiter = createRateLimiter(settings);
      const full = Math.max(1, Math.round(settings.rate * settings.burstSeconds)) * 1000;
      const buckets = new Map<number, { tokens: number; at: number; suppressed: number }>();
      let now = 0;
      for (const { network, answerClass, wait } of answers) {
        now += wait;
        const key = network * 4 + answerClass;
        const bucket = buckets.get(key) ?? { tokens: full, at: now, suppressed: 0 };
        buckets.set(key, bucket);
        bucket.tokens = Math.min(full, bucket.tokens + (now - bucket.at) * settings.rate);
        bucket.at = now;
        if (bucket.tokens === full) bucket.suppressed = 0;
        let expected: number = PASS;
        if (bucket.tokens >= 1000) bucket.tokens -= 1000;
        else expected = settings.slip > 0 && ++bucket.suppressed % settings.slip === 0 ? SLIP : DROP;
        const address = Uint8Array.of(198, 51, network, 1);
        assert.equal(limiter.check(address, 0, 4, answerClass, now), expected);
      }
    }),
    { numRuns: 300 },
  );
});

void test('ten million networks: no more memory, the flooding one stays limited, the quiet one is not touched', () => {
  const limiter = createRateLimiter();
  const before = process.memoryUsage().arrayBuffers;
  const { bytes } = limiter.stats();
  const stranger = new Uint8Array(16);
  stranger.set([0x20, 0x01]);
  const flooding = Uint8Array.of(192, 0, 2, 1);
  const quiet = Uint8Array.of(203, 0, 113, 1);
  let [strangersSuppressed, floodPassed, flood, quietSuppressed] = [0, 0, 0, 0];
  // 300,000 answers a second, of them 15,000 to the flooding network and 150 to the quiet one.
  for (let i = 0; i < 10_000_000; i++) {
    const now = Math.floor(i / 300);
    for (let byte = 0; byte < 4; byte++) stranger[2 + byte] = i >>> (8 * byte);
    if (limiter.check(stranger, 0, 16, ANSWER_CLASS.ANSWER, now) !== PASS) strangersSuppressed++;
    if (i % 20 === 0) {
      flood++;
      if (limiter.check(flooding, 0, 4, ANSWER_CLASS.ANSWER, now) === PASS) floodPassed++;
    }
    if (i % 2000 === 0 && limiter.check(quiet, 0, 4, ANSWER_CLASS.ANSWER, now) !== PASS) quietSuppressed++;
  }
  assert.equal(strangersSuppressed, 0);
  assert.equal(quietSuppressed, 0);
  assert.equal(flood, 500_000);
  // 33.3 seconds at 200 a second, and the burst.
  assert.ok(floodPassed <= 400 + 6667 && floodPassed >= 400 + 6665, `${floodPassed} passed`);
  assert.equal(limiter.stats().evicted, 0);
  assert.equal(limiter.stats().bytes, bytes);
  assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000);
});

void test('more flooding networks than places: those that are kept stay limited, the rest are let through', () => {
  const limiter = createRateLimiter({ rate: 10, tableSize: 64 });
  let passes = 0;
  for (let round = 0; round < 1000; round++) {
    for (let network = 0; network < 128; network++) {
      if (limiter.check(Uint8Array.of(198, 18, network, 1), 0, 4, ANSWER_CLASS.ANSWER, round) === PASS)
        passes++;
    }
  }
  // 128,000 answers in a second; were all limited, 128 × 30 would pass. At least seven of the eight places of a row
  // keep what is limited, so some 56 networks stay limited.
  const { evicted, limited } = limiter.stats();
  assert.ok(evicted > 0 && limited >= 50, `${evicted} forgotten, ${limited} limited`);
  assert.ok(passes < 80 * 1000 + 64 * 30, `${passes} passed`);
});

void test('checks make no garbage', async () => {
  const limiter = createRateLimiter();
  const address = Uint8Array.of(198, 51, 100, 1);
  let verdicts = 0;
  const run = (count: number): void => {
    for (let i = 0; i < count; i++) {
      address[1] = i;
      address[2] = i >>> 8;
      verdicts += limiter.check(address, 0, 4, i & 3, i >>> 8);
    }
  };
  run(300_000);
  let collections = 0;
  const observer = new PerformanceObserver((list) => (collections += list.getEntries().length));
  observer.observe({ entryTypes: ['gc'] });
  // The smallest object for each check would be 64 MB and several collections.
  run(4_000_000);
  await setImmediate();
  await setImmediate();
  collections += observer.takeRecords().length;
  observer.disconnect();
  assert.ok(collections <= 2, `${collections} garbage collections; sum of verdicts ${verdicts}`);
});
