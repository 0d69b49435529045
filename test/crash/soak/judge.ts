/**
 * Whether a process that did the same for a long time stayed as large as it was. Pure.
 * Invariant: what garbage collection gives back is no growth: of each stretch of time only the lowest sample counts, and the
 * trend is the median of the slopes between all of them (Theil and Sen), which a few odd ones cannot move.
 */

/** The size of a process at one moment. */
export interface Sample {
  /** Since the start of the load. */
  readonly seconds: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly descriptors: number;
}

/** What is judged. */
export type Measure = 'rssBytes' | 'heapBytes' | 'descriptors';

/** The judgement of one measure. */
export interface Verdict {
  readonly measure: Measure;
  /** The lowest sample of the first and of the last stretch after the warm-up. */
  readonly first: number;
  readonly last: number;
  /** The most of all samples. */
  readonly most: number;
  readonly slopePerHour: number;
  /** How much the trend adds in the time that was judged, and how much it may. */
  readonly growth: number;
  readonly allowed: number;
  readonly flat: boolean;
  /** The lowest sample of each stretch. */
  readonly floors: readonly number[];
}

const STRETCHES = 10;
const MIB = 1024 * 1024;
/** What a process may grow by while it is judged: a share of its size, and never less than this. */
const TOLERANCE: Record<Measure, { readonly share: number; readonly least: number }> = {
  rssBytes: { share: 0.05, least: 12 * MIB },
  heapBytes: { share: 0.05, least: 4 * MIB },
  descriptors: { share: 0, least: 3 },
};

/** Judges what came after the warm-up. Throws where there are too few samples to say anything. */
export function judge(samples: readonly Sample[], warmUpSeconds: number): Verdict[] {
  const judged = samples.filter(({ seconds }) => seconds >= warmUpSeconds);
  if (judged.length < STRETCHES) throw new Error(`${judged.length} samples after the warm-up are too few`);
  return (Object.keys(TOLERANCE) as Measure[]).map((measure) => judgeOne(judged, measure));
}

function judgeOne(samples: readonly Sample[], measure: Measure): Verdict {
  const floors = Array.from({ length: STRETCHES }, (_, i) => {
    const stretch = samples.slice(
      Math.floor((i * samples.length) / STRETCHES),
      Math.floor(((i + 1) * samples.length) / STRETCHES),
    );
    return stretch.reduce((lowest, sample) => (sample[measure] < lowest[measure] ? sample : lowest));
  });
  const values = floors.map((sample) => sample[measure]);
  const slope = medianSlope(floors.map((sample) => [sample.seconds, sample[measure]]));
  const { share, least } = TOLERANCE[measure];
  const growth = slope * (samples.at(-1)!.seconds - samples[0]!.seconds);
  const allowed = Math.max(least, share * median(values));
  return {
    measure,
    first: values[0]!,
    last: values.at(-1)!,
    most: Math.max(...samples.map((sample) => sample[measure])),
    slopePerHour: slope * 3600,
    growth,
    allowed,
    flat: growth <= allowed,
    floors: values,
  };
}

/** The median of the slopes between all pairs of points. */
export function medianSlope(points: readonly (readonly [x: number, y: number])[]): number {
  const slopes: number[] = [];
  for (const [i, [x1, y1]] of points.entries()) {
    for (const [x2, y2] of points.slice(i + 1)) if (x2 !== x1) slopes.push((y2 - y1) / (x2 - x1));
  }
  return median(slopes);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
