/** One address out of what several sources said. Invariant: each source has one voice. */
import type { ServerConfig } from '../config/agent-config.ts';
import { isThisMachine } from '../config/cross-check.ts';
import type { SourceAnswer } from '../schedule/host-record.ts';

/** What came of asking a source. */
export interface Voice {
  readonly answer: SourceAnswer;
  /** No reply of it came at all: the name, the connection, TLS or the time failed. */
  readonly unreachable: boolean;
}

/**
 * The address that at least `quorum` sources gave; undefined where none has so many, or two have equally many, or where
 * the `left` sources that have not answered yet could still take its lead away.
 * The answers are in canonical form, so that they are compared by value.
 */
export function agreedAddress(
  answers: readonly SourceAnswer[],
  quorum: number,
  left = 0,
): string | undefined {
  const voices = new Map<string, Set<string>>();
  for (const { source, address } of answers) {
    if (address === undefined) continue;
    voices.set(address, (voices.get(address) ?? new Set()).add(source));
  }
  const [first, second] = [...voices].sort(([, a], [, b]) => b.size - a.size);
  if (first === undefined || first[1].size < quorum) return undefined;
  return first[1].size - (second?.[1].size ?? 0) > left ? first[0] : undefined;
}

/**
 * The address that the server gave where it is the only one of the default sources that is reached; undefined
 * where another one replied, whatever it said, or where the server's word may be anybody's.
 */
export function loneAddress(voices: readonly Voice[], server: ServerConfig): string | undefined {
  const url = new URL(server.url);
  if (url.protocol !== 'https:' && !isThisMachine(url)) return undefined;
  const others = voices.filter(({ answer }) => answer.source !== 'server');
  if (!others.every(({ unreachable }) => unreachable)) return undefined;
  return voices.find(({ answer }) => answer.source === 'server')?.answer.address;
}
