/**
 * The store without a disk: the reference implementation, and the store of tests that are not about durability.
 * Invariant: it behaves as every other store does; only what it holds ends with the process.
 */
import { randomBytes } from 'node:crypto';
import type { Change } from './change.ts';
import { type CommitListener, CommitListeners } from './commit-listeners.ts';
import { State } from './state.ts';
import { stageCommit } from './staging/staged-commit.ts';
import { type PreparedCommit, type Store, StoreError, type StoreHealth } from './store.ts';
import { Turns } from '../ops/turns.ts';

/** What can be chosen of a memory store. */
export interface MemoryStoreOptions {
  /** The key of the token digests, 32 bytes; random where absent. */
  readonly tokenKey?: Uint8Array;
}

/** An empty store in memory. Rejects commits with `closed` after `close`, and for no other reason. */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options.tokenKey ?? randomBytes(32));
}

class MemoryStore implements Store {
  readonly view: State;
  readonly #listeners = new CommitListeners();
  readonly #committing = new Turns();
  #closed = false;

  constructor(tokenKey: Uint8Array) {
    this.view = new State(tokenKey);
  }

  get health(): StoreHealth {
    return this.#closed ? { writable: false, reason: 'the store is closed' } : { writable: true };
  }

  // Waits a turn before anything is visible, as a store with a disk does, so that callers cannot come to rely on less.
  commit(changes: readonly Change[]): Promise<void> {
    return this.#committing.run(async () => {
      await this.#refuseWhereClosed();
      await this.view.show(changes);
      await this.#listeners.announce(changes);
    });
  }

  async prepare(changes: readonly Change[]): Promise<PreparedCommit> {
    await this.#refuseWhereClosed();
    return stageCommit(
      {
        view: this.view,
        listeners: this.#listeners,
        alone: (task) => this.#committing.run(task),
        makeDurable: () => this.#refuseWhereClosed(),
        discard: () => Promise.resolve(),
      },
      changes,
    );
  }

  onCommit(listener: CommitListener): () => void {
    return this.#listeners.add(listener);
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  async #refuseWhereClosed(): Promise<void> {
    await Promise.resolve();
    if (this.#closed) throw new StoreError('closed', 'the store is closed');
  }
}
