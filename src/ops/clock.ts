/** Time as a dependency, so that tests move it. Invariant: no other module of the core reads the system's clock. */

/** A source of wall-clock time. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => Date.now() };
