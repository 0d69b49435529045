/**
 * The only code that runs bcrypt, in a thread of its own: one check takes some hundred milliseconds of pure
 * computation. Invariant: it receives passwords only as digests (see `password.ts`), never as they were typed.
 */
import { compareSync, hashSync } from 'bcryptjs';
import { workerData } from 'node:worker_threads';
import { runInIdleTime, yieldToOtherThreads } from '../ops/system/thread-priority.ts';

/** A tenth of a core that is busy otherwise would go to guesses with 10, a thirtieth does with 15 (sched(7)). */
const STEPS = 15;

/** What a thread is started with. */
export interface PasswordWorkerData {
  /** How many passwords are computed or wait, in shared memory. */
  readonly pending: Int32Array;
  /** With so many it is a crowd. */
  readonly crowd: number;
}

/** A crowd shall not keep those waiting who are logged in: on a busy core it gets what they leave of it. */
class Crowd {
  readonly #data: PasswordWorkerData;
  #hasComeOnce = false;

  constructor(data: PasswordWorkerData) {
    this.#data = data;
  }

  /** To be called before each password: makes way, for good, where it is one of a crowd. */
  makeWay(): void {
    if (this.#hasComeOnce || Atomics.load(this.#data.pending, 0) < this.#data.crowd) return;
    this.#hasComeOnce = true;
    runInIdleTime();
  }
}

const crowd = new Crowd(workerData as PasswordWorkerData);
yieldToOtherThreads(STEPS);

/** A digest to hash at a cost (4 to 31). */
export interface HashTask {
  readonly digest: string;
  readonly cost: number;
}

/** A digest to compare with a bcrypt hash. */
export interface VerifyTask {
  readonly digest: string;
  readonly hash: string;
}

/** The bcrypt hash (`$2b$…`, 60 characters) of a digest with a new random salt. */
export function hash({ digest, cost }: HashTask): string {
  crowd.makeWay();
  return hashSync(digest, cost);
}

/** Whether the hash was made of this digest. Throws where it is not a bcrypt hash. */
export function verify({ digest, hash: expected }: VerifyTask): boolean {
  crowd.makeWay();
  return compareSync(digest, expected);
}
