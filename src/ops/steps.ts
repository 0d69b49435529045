/**
 * Long computations in steps: a generator yields between pieces of work, and whoever runs it decides what happens
 * there. Invariant: run on the event loop, a computation holds up nobody's query for longer than one of its steps.
 */

/** A computation that yields every few milliseconds at most and returns its result. */
export type Steps<T> = Generator<undefined, T>;

/** How many pieces of some microseconds each make a step. */
export const PIECES_PER_STEP = 500;

/** The results of `compute` for all items, in their order. */
export function* mapInSteps<T, U>(items: Iterable<T>, compute: (item: T) => U): Steps<U[]> {
  const results: U[] = [];
  yield* visitInSteps(items, (item) => results.push(compute(item)));
  return results;
}

/** Those of the items that are chosen, in their order. */
export function* filterInSteps<T>(items: Iterable<T>, isChosen: (item: T) => boolean): Steps<T[]> {
  const chosen: T[] = [];
  yield* visitInSteps(items, (item) => {
    if (isChosen(item)) chosen.push(item);
  });
  return chosen;
}

/** The first item that is wanted, or undefined. */
export function* findInSteps<T>(items: Iterable<T>, isWanted: (item: T) => boolean): Steps<T | undefined> {
  let visited = 0;
  for (const item of items) {
    if (isWanted(item)) return item;
    visited++;
    if (visited % PIECES_PER_STEP === 0) yield;
  }
  return undefined;
}

/** Calls `visit` for all items, in their order; they must not change in between. */
export function* visitInSteps<T>(items: Iterable<T>, visit: (item: T) => unknown): Steps<undefined> {
  let visited = 0;
  for (const item of items) {
    visit(item);
    visited++;
    if (visited % PIECES_PER_STEP === 0) yield;
  }
  return undefined;
}

/** Runs a computation to its end, and lets the event loop go on after each step. Rejects with what a step throws. */
export async function runInTurns<T>(steps: Iterator<unknown, T>): Promise<T> {
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return step.value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Runs the first step at once and, where that is not the last, the others as `runInTurns` does. */
export function beginInTurns(steps: Steps<undefined>): Promise<undefined> | undefined {
  return steps.next().done === true ? undefined : runInTurns(steps);
}

/** Runs a computation to its end at once. */
export function runAtOnce<T>(steps: Iterator<unknown, T>): T {
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}
