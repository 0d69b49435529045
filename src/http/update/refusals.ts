/**
 * Replies to whoever could not prove who he is wait a moment for each other and are written together: one by one, each
 * would wake the guessing program or start the network card, which costs the thread more than everything else about it.
 * Invariants: a reply waits for `LONGEST_WAIT_MS` and a turn of the loop at most; none is lost.
 */
import type { Reply } from '../reply.ts';

/** At 2,000 guesses a second twenty are written together; nobody who mistyped a password notices. */
const LONGEST_WAIT_MS = 10;

/** The refusals of a server. */
export class Refusals {
  #together: Promise<void> | undefined;

  /** Resolves to the reply when the first of those that wait has waited long enough. */
  async hold(reply: Reply): Promise<Reply> {
    this.#together ??= new Promise((resolve) => {
      setTimeout(() => {
        this.#together = undefined;
        resolve();
      }, LONGEST_WAIT_MS);
    });
    await this.#together;
    return reply;
  }
}
