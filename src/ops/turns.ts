/** Turns: tasks that must not overlap, one after the other. Invariant: a task that fails does not keep the next from its turn. */

/** A queue of tasks of one kind. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `task` after all tasks given before it have ended; settles as the task does. */
  run<T>(task: () => Promise<T>): Promise<T> {
    // The failure of the task before was told to whoever gave it; here only its end counts.
    const turn = this.#last.then(task, task);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
