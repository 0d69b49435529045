/** Chance that can be repeated: numbers from a seed, and what they let survive. */
import type { Survival } from './disk.ts';

/** Numbers from 0 up to but not including `below`. */
export type Random = (below: number) => number;

/** The numbers of a seed (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

/** Nothing that was not synced is there. */
export const NOTHING: Survival = { keeps: () => false, range: () => [0, 0] };

/** Everything is there, as after the end of a process alone. */
export const EVERYTHING: Survival = { keeps: () => true, range: (length) => [0, length] };

/** Some is there: each entry or not, each write whole, not at all, or cut at either end. */
export function someOf(random: Random): Survival {
  return {
    keeps: () => random(2) === 0,
    range: (length) => {
      const from = random(4) === 0 ? random(length + 1) : 0;
      const cut = random(3);
      return [from, cut === 0 ? length : cut === 1 ? from : from + random(length - from + 1)];
    },
  };
}
