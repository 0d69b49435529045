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
export const NOTHING: Survival = { keeps: () => false, ranges: () => [] };

/** Everything is there, as after the end of a process alone. */
export const EVERYTHING: Survival = { keeps: () => true, ranges: (length) => [[0, length]] };

/** What a disk writes as a whole, by what it calls itself. */
const SECTORS = [512, 4096] as const;

/** Some is there: each entry or not, each write whole, not at all, cut at either end, or with sectors of it missing. */
export function someOf(random: Random): Survival {
  return {
    keeps: () => random(2) === 0,
    ranges: (length, at) => {
      if (random(2) === 0) return someSectors(random, length, at);
      const from = random(4) === 0 ? random(length + 1) : 0;
      const cut = random(3);
      const to = cut === 0 ? length : cut === 1 ? from : from + random(length - from + 1);
      return from === to ? [] : [[from, to]];
    },
  };
}

function someSectors(random: Random, length: number, at: number): [from: number, to: number][] {
  const size = SECTORS[random(SECTORS.length)]!;
  const ranges: [from: number, to: number][] = [];
  for (let from = 0; from < length;) {
    const to = Math.min(length, from + size - ((at + from) % size));
    if (random(2) === 0) ranges.push([from, to]);
    from = to;
  }
  return ranges;
}
