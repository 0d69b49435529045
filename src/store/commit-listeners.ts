/**
 * Who is told of commits. Invariant: a listener that throws neither keeps the others from hearing nor makes a commit
 * that is durable and visible look as if it had failed.
 */
import type { Change } from './change.ts';

/** Hears the changes of each commit, synchronously after they became visible. */
export type CommitListener = (changes: readonly Change[]) => void;

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

  /** Tells every listener. What one throws is a bug and surfaces as an uncaught exception of the process. */
  announce(changes: readonly Change[]): void {
    for (const { listener } of this.#listeners) {
      try {
        listener(changes);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
