/**
 * What password checks came to, remembered for a short time so that a device that logs in every minute costs
 * microseconds.
 *
 * Invariants: neither passwords nor anything that outlives the process is kept, only keyed hashes under a key made at start;
 * each is made over the account's password hash too, so that a changed password is forgotten at once; memory is
 * bounded, the least recently used goes first.
 */
import { hash, randomBytes } from 'node:crypto';
import type { Clock } from '../ops/clock.ts';

/** How much is remembered. */
export interface VerifiedCredentialsOptions {
  readonly clock: Clock;
  /** For how long after the check, milliseconds; default one hour. */
  readonly ttlMs?: number;
  /** How many of either kind; default 10000. */
  readonly capacity?: number;
}

/** A password as tried for an account: the name, what is stored for it now (null: nothing), and what was sent. */
export interface TriedPassword {
  readonly name: string;
  readonly passwordHash: string | null;
  readonly secret: string;
}

/** Remembers passwords that were right, and apart from them (so that guesses push out nothing) those that were wrong. */
export interface VerifiedCredentials {
  /** The key under which a try is remembered. */
  fingerprint(tried: TriedPassword): string;
  /** Whether the try was right or wrong; undefined where that is not remembered (any more). */
  recall(fingerprint: string): boolean | undefined;
  remember(fingerprint: string, right: boolean): void;
}

/** A memory of nothing yet, with a key of its own. */
export function createVerifiedCredentials(options: VerifiedCredentialsOptions): VerifiedCredentials {
  const { clock, ttlMs = 3_600_000, capacity = 10_000 } = options;
  // As hexadecimal digits it fills one block of SHA-256, so what follows is hashed from a secret state.
  const key = randomBytes(32).toString('hex');
  const right = new ExpiringSet(ttlMs, capacity);
  const wrong = new ExpiringSet(ttlMs, capacity);

  return {
    fingerprint: ({ name, passwordHash, secret }) =>
      // Neither a name nor a hash holds a line break, so the parts cannot run into each other.
      hash('sha256', `${key}${name}\n${passwordHash ?? ''}\n${secret}`, 'binary'),
    recall(fingerprint) {
      const now = clock.now();
      if (right.has(fingerprint, now)) return true;
      return wrong.has(fingerprint, now) ? false : undefined;
    },
    remember: (fingerprint, wasRight) => {
      (wasRight ? right : wrong).add(fingerprint, clock.now());
    },
  };
}

/** Keys with the time they were added; a Map iterates in insertion order, so its first key is the least recently used. */
class ExpiringSet {
  readonly #addedAt = new Map<string, number>();
  readonly #ttlMs: number;
  readonly #capacity: number;

  constructor(ttlMs: number, capacity: number) {
    this.#ttlMs = ttlMs;
    this.#capacity = capacity;
  }

  has(key: string, now: number): boolean {
    const addedAt = this.#addedAt.get(key);
    if (addedAt === undefined) return false;
    this.#addedAt.delete(key);
    const age = now - addedAt;
    // A negative age means that the clock was set back, and says nothing about how old it is.
    if (age < 0 || age >= this.#ttlMs) return false;
    this.#addedAt.set(key, addedAt);
    return true;
  }

  add(key: string, now: number): void {
    this.#addedAt.delete(key);
    this.#addedAt.set(key, now);
    if (this.#addedAt.size > this.#capacity) this.#addedAt.delete(this.#addedAt.keys().next().value!);
  }
}
