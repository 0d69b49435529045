/**
 * How evenly requests of many agents are spread, for both agents. The window is the time over which the policy spreads the
 * requests. It is cut into bins; the mean is the number of requests in the window by the number of bins, the peak is the
 * fullest bin. For a start the window is `startSpread` and a bin is a second. For a server that returns it is the last step
 * of the back-off (30 min) and a bin is 30 s: full jitter alone makes the beginning of that window twice as busy as its mean.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';

/** A window of time and its bins, in milliseconds. */
export interface SpreadWindow {
  readonly from: number;
  readonly to: number;
  readonly binMs: number;
}

/** The bar for a fleet: the peak by the mean. */
const MOST_BY_MEAN = 3;

/** Fails if the fullest bin of the window holds more than three times the mean, or if the window is empty. */
export function assertSpread(
  t: TestContext,
  times: readonly number[],
  { from, to, binMs }: SpreadWindow,
): void {
  const bins = new Array<number>(Math.ceil((to - from) / binMs)).fill(0);
  for (const at of times) if (at >= from && at < to) bins[Math.floor((at - from) / binMs)]! += 1;
  const mean = bins.reduce((sum, count) => sum + count, 0) / bins.length;
  assert.ok(mean > 0, 'nothing is in the window');
  const peak = Math.max(...bins);
  const ratio = peak / mean;
  t.diagnostic(`peak ${peak}, mean ${mean.toFixed(1)} in ${binMs / 1000} s: ${ratio.toFixed(2)}`);
  assert.ok(ratio <= MOST_BY_MEAN, `peak ${peak} is ${ratio.toFixed(2)} times the mean ${mean.toFixed(1)}`);
}
