/** One address out of what several sources said. Invariant: each source has one voice. */
import type { SourceAnswer } from '../schedule/host-record.ts';

/**
 * The address that at least `quorum` sources gave; undefined where none has so many, or two have equally many.
 * The answers are in canonical form, so that they are compared by value.
 */
export function agreedAddress(answers: readonly SourceAnswer[], quorum: number): string | undefined {
  const voices = new Map<string, Set<string>>();
  for (const { source, address } of answers) {
    if (address === undefined) continue;
    voices.set(address, (voices.get(address) ?? new Set()).add(source));
  }
  const [first, second] = [...voices].sort(([, a], [, b]) => b.size - a.size);
  if (first === undefined || first[1].size < quorum) return undefined;
  return second?.[1].size === first[1].size ? undefined : first[0];
}
