/** How long to wait: exponential back-off with full jitter, and rounds that do not beat together. */
import { ExponentialBackoff, type GeneratorFn } from 'cockatiel';
import type { Random } from './moment.ts';

/** The first step of the back-off and its last, in milliseconds. */
export const BACK_OFF = { firstMs: 30_000, lastMs: 30 * 60_000, leastMs: 1000 } as const;

/** The number of failures at which `dnserr` and `911` begin: the server has told that it is in trouble. */
export const TROUBLED = 2;

/** The largest delay of the n-th try, n from 0. */
export function backOffStep(n: number): number {
  return Math.min(BACK_OFF.lastMs, BACK_OFF.firstMs * 2 ** Math.min(n, 16));
}

/** The delay before the n-th try, n from 0: `random(0, step)`, at least a second. */
export function backOffDelay(n: number, random: Random): number {
  const generator: GeneratorFn<number> = (state = n) => [random() * backOffStep(state), state + 1];
  const backOff = new ExponentialBackoff({
    generator,
    initialDelay: BACK_OFF.firstMs,
    maxDelay: BACK_OFF.lastMs,
    exponent: 2,
  });
  return Math.max(BACK_OFF.leastMs, Math.round(backOff.next().duration));
}

/** The time until the next round: the interval, moved by up to `jitter` of it either way. */
export function roundDelay(intervalMs: number, jitter: number, random: Random): number {
  return Math.round(intervalMs * (1 + jitter * (2 * random() - 1)));
}
