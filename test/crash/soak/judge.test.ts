/** What the judge of the long soak calls flat, and what it does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Sample, judge, medianSlope } from './judge.ts';

const MIB = 1024 * 1024;

/** Samples of half an hour, one in two seconds; `size` in MiB. */
function samples(
  size: (seconds: number) => number,
  descriptors: (seconds: number) => number = () => 30,
): Sample[] {
  return Array.from({ length: 900 }, (_, i) => {
    const bytes = size(2 * i) * MIB;
    return { seconds: 2 * i, rssBytes: bytes, heapBytes: bytes / 2, descriptors: descriptors(2 * i) };
  });
}

function notFlat(all: readonly Sample[]): string[] {
  return judge(all, 300).flatMap(({ measure, flat }) => (flat ? [] : [measure]));
}

test('a saw-tooth of garbage collection is flat, and so is growth that ends with the warm-up', () => {
  assert.deepEqual(notFlat(samples((seconds) => 150 + (seconds % 60))), []);
  assert.deepEqual(notFlat(samples((seconds) => 100 + Math.min(seconds, 300) / 3)), []);
});

test('a few odd samples, and one step, change nothing', () => {
  assert.deepEqual(notFlat(samples((seconds) => (seconds > 1700 ? 400 : 150))), []);
});

test('a leak shows under the saw-tooth', () => {
  const leaking = samples((seconds) => 150 + (seconds % 60) + seconds * 0.04);
  assert.deepEqual(notFlat(leaking), ['rssBytes', 'heapBytes']);
  assert.deepEqual(
    notFlat(
      samples(
        () => 150,
        (seconds) => 30 + Math.floor(seconds / 200) + (seconds % 9),
      ),
    ),
    ['descriptors'],
  );
});

test('too few samples are no judgement', () => {
  assert.throws(
    () =>
      judge(
        samples(() => 1),
        1790,
      ),
    /too few/,
  );
});

test('the slope is the median of all slopes', () => {
  const line = [0, 1, 2, 3].map((x) => [x, 2 * x] as const);
  assert.equal(medianSlope([...line, [4, 1000]]), 2);
});
