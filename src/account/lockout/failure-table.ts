/**
 * Counts of failed attempts by key, in memory that never grows.
 *
 * Each count leaks away steadily; beyond the free ones each further attempt locks its key, twice as long each time up
 * to the time in which one attempt is forgiven. So whoever goes on for ever gets one attempt in that time, and whoever
 * is slower than that is never locked.
 * Invariants: the table has a fixed size; a newcomer replaces the weakest count of its set, so a flood of new keys
 * pushes out other newcomers and not those who are locked; no lock outlasts `forgiveMs`, whatever the clock does.
 */
import { randomBytes } from 'node:crypto';

/** How attempts are counted. */
export interface FailurePolicy {
  /** How many attempts in a row are free. */
  readonly free: number;
  /** In how many milliseconds one attempt is forgiven; also the longest lock. */
  readonly forgiveMs: number;
  /** How long the first attempt beyond the free ones locks, milliseconds. */
  readonly firstLockMs: number;
}

const WAYS = 8;

/** A table of counts. Keys are pairs of strings, hashed to 64 bits under a random seed. */
export class FailureTable {
  readonly #policy: FailurePolicy;
  readonly #sets: number;
  readonly #seed: Uint32Array;
  /** Two halves of the key's hash for each slot; both zero where the slot is empty. */
  readonly #keys: Uint32Array;
  readonly #scores: Float64Array;
  readonly #countedAt: Float64Array;
  readonly #lockedUntil: Float64Array;
  #low = 0;
  #high = 0;

  /** `slots` is how many keys are counted at most, rounded up to a power of two (at least 8). */
  constructor(policy: FailurePolicy, slots: number) {
    this.#policy = policy;
    this.#sets = 2 ** Math.max(0, Math.ceil(Math.log2(slots / WAYS)));
    const size = this.#sets * WAYS;
    this.#seed = new Uint32Array(new Uint8Array(randomBytes(8)).buffer);
    this.#keys = new Uint32Array(size * 2);
    this.#scores = new Float64Array(size);
    this.#countedAt = new Float64Array(size);
    this.#lockedUntil = new Float64Array(size);
  }

  /** The memory of the table in bytes; constant. */
  get byteLength(): number {
    const { byteLength } = this.#scores;
    return this.#keys.byteLength + byteLength * 3;
  }

  /** For how many more milliseconds the key is locked; 0 if it is not. */
  lockedFor(a: string, b: string, now: number): number {
    const slot = this.#find(a, b);
    if (slot === -1) return 0;
    const left = this.#lockedUntil[slot]! - now;
    // A lock that lasts longer than any is left from before the clock was set back.
    return left > 0 && left <= this.#policy.forgiveMs ? left : 0;
  }

  /** Counts an attempt, and locks the key where it was one too many. */
  count(a: string, b: string, now: number): void {
    let slot = this.#find(a, b);
    if (slot === -1) slot = this.#replaceWeakest(now);
    const { free, forgiveMs, firstLockMs } = this.#policy;
    const score = this.#scoreAt(slot, now) + 1;
    this.#scores[slot] = score;
    this.#countedAt[slot] = now;
    if (score <= free) return;
    const lock = firstLockMs * 2 ** Math.max(0, score - free - 1);
    this.#lockedUntil[slot] = now + Math.min(forgiveMs, lock);
  }

  /** Takes one counted attempt back, and the lock that it caused. */
  uncount(a: string, b: string, now: number): void {
    const slot = this.#find(a, b);
    if (slot === -1) return;
    this.#scores[slot] = Math.max(0, this.#scoreAt(slot, now) - 1);
    this.#countedAt[slot] = now;
    if (this.#scores[slot] <= this.#policy.free) this.#lockedUntil[slot] = 0;
  }

  /** Forgets the key. */
  clear(a: string, b: string): void {
    const slot = this.#find(a, b);
    if (slot !== -1) this.#write(slot, 0, 0);
  }

  /** The slot of a key or -1; leaves the key's hash in `#low` and `#high`. */
  #find(a: string, b: string): number {
    this.#hash(a, b);
    const first = this.#firstSlot();
    for (let slot = first; slot < first + WAYS; slot++) {
      if (this.#keys[slot * 2] === this.#low && this.#keys[slot * 2 + 1] === this.#high) return slot;
    }
    return -1;
  }

  #firstSlot(): number {
    return ((this.#high >>> 1) & (this.#sets - 1)) * WAYS;
  }

  #replaceWeakest(now: number): number {
    const first = this.#firstSlot();
    let weakest = first;
    for (let slot = first + 1; slot < first + WAYS; slot++) {
      if (this.#scoreAt(slot, now) < this.#scoreAt(weakest, now)) weakest = slot;
    }
    this.#write(weakest, this.#low, this.#high);
    return weakest;
  }

  #write(slot: number, low: number, high: number): void {
    this.#keys[slot * 2] = low;
    this.#keys[slot * 2 + 1] = high;
    this.#scores[slot] = 0;
    this.#countedAt[slot] = 0;
    this.#lockedUntil[slot] = 0;
  }

  #scoreAt(slot: number, now: number): number {
    const elapsed = Math.max(0, now - this.#countedAt[slot]!);
    return Math.max(0, this.#scores[slot]! - elapsed / this.#policy.forgiveMs);
  }

  #hash(a: string, b: string): void {
    this.#low = this.#seed[0]!;
    this.#high = this.#seed[1]!;
    this.#mix(a);
    this.#step(0x10000); // no character: keeps ('ab', 'c') and ('a', 'bc') apart
    this.#mix(b);
    const low = Math.imul(this.#low ^ (this.#low >>> 16), 0x85ebca6b);
    const high = Math.imul(this.#high ^ (this.#high >>> 13), 0xc2b2ae35);
    this.#low = (low ^ (high >>> 15)) >>> 0;
    this.#high = ((high ^ (low >>> 16)) | 1) >>> 0; // never zero, which marks an empty slot
  }

  #mix(text: string): void {
    for (let i = 0; i < text.length; i++) this.#step(text.charCodeAt(i));
  }

  #step(value: number): void {
    this.#low = Math.imul(this.#low ^ value, 0x9e3779b1);
    this.#low ^= this.#low >>> 15;
    this.#high = Math.imul(this.#high ^ value, 0x5f356495);
    this.#high ^= this.#high >>> 14;
  }
}
