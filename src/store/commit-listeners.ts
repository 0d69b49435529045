/**
 * Who is told of commits. Invariant: a listener that throws neither keeps the others from hearing nor makes a commit
 * that is durable and visible look as if it had failed.
 */
import type { Change } from './change.ts';

/**
 * Hears the changes of each commit, synchronously after they became visible. The commit is acknowledged, and the next
 * one begins, only after a promise that is returned has settled.
 */
export type CommitListener = (changes: readonly Change[]) => unknown;

/** The listeners of one store. */
export class CommitListeners {
  readonly #listeners = new Set<{ readonly listener: CommitListener }>();

  /** Adds a listener; returns the way to remove it. The same function added twice is two listeners. */
  add(listener: CommitListener): () => void {
    const entry = { listener };
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  /**
   * Tells every listener; resolves when all have heard, and is undefined where none takes longer than the call. What
   * one throws is a bug and surfaces as an uncaught exception of the process.
   */
  announce(changes: readonly Change[]): Promise<unknown> | undefined {
    const slow: Promise<unknown>[] = [];
    for (const { listener } of this.#listeners) {
      try {
        const heard = listener(changes);
        if (heard instanceof Promise) slow.push(heard.catch(surface));
      } catch (error) {
        surface(error);
      }
    }
    return slow.length === 0 ? undefined : Promise.all(slow);
  }
}

function surface(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
