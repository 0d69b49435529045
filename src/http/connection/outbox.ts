/**
 * Replies of one turn of the event loop, written one after the other at its end. Each that is written between two requests
 * wakes a client's program, which sleeps again before the next; waking takes the processor, and the network card, longer
 * than the reply does.
 * Invariants: in the order in which they were added; none waits for more than `MOST_TOGETHER` others, and only what is added
 * while others are written waits for the end of the next turn.
 */

/** A millisecond of work, because one turn of a flooded loop can be many thousand requests. */
const MOST_TOGETHER = 64;

/** The replies of a server that are due. */
export class Outbox {
  #due: (() => void)[] = [];

  /** Calls `write` when what else can be read in this turn has been. */
  add(write: () => void): void {
    const count = this.#due.push(write);
    if (count === 1) setImmediate(this.#flush);
    else if (count === MOST_TOGETHER) this.#flush();
  }

  readonly #flush = (): void => {
    const due = this.#due;
    this.#due = [];
    for (const write of due) write();
  };
}
