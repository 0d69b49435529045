/**
 * Finds numbers by a hash of what they stand for: open addressing in one typed array, without an object for each.
 * Invariants: each number is entered once, under the hash that `hashOf` gives for as long as it is entered; at most
 * half of the slots are taken, so that every search ends.
 */

const FIRST_SLOTS = 16;

/** The numbers of one kind of key. A search goes from `first` by `next` until `at` gives the number or -1. */
export class NumberIndex {
  readonly #hashOf: (number: number) => number;
  /** A number plus one in each slot, 0 where it is free. */
  #slots = new Uint32Array(FIRST_SLOTS);
  #size = 0;

  /** `hashOf` gives the hash, any 32 bits, of a number that is entered. */
  constructor(hashOf: (number: number) => number) {
    this.#hashOf = hashOf;
  }

  /** The slot in which the search for a hash begins. */
  first(hash: number): number {
    return hash & (this.#slots.length - 1);
  }

  /** The slot after a slot. */
  next(slot: number): number {
    return (slot + 1) & (this.#slots.length - 1);
  }

  /** The number in a slot; -1 where the search ends without one. */
  at(slot: number): number {
    return this.#slots[slot]! - 1;
  }

  /** Enters a number that is not entered. */
  add(number: number): void {
    if (++this.#size * 2 > this.#slots.length) this.#grow();
    this.#enter(number);
  }

  /** Takes away a number that is entered. */
  remove(number: number): void {
    let hole = this.first(this.#hashOf(number));
    while (this.at(hole) !== number) hole = this.next(hole);
    // Whoever was pushed on by it moves up, so that no search ends too early.
    const mask = this.#slots.length - 1;
    for (let slot = this.next(hole); this.#slots[slot] !== 0; slot = this.next(slot)) {
      const home = this.first(this.#hashOf(this.at(slot)));
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.#slots[hole] = this.#slots[slot]!;
      hole = slot;
    }
    this.#slots[hole] = 0;
    this.#size--;
  }

  #enter(number: number): void {
    let slot = this.first(this.#hashOf(number));
    while (this.#slots[slot] !== 0) slot = this.next(slot);
    this.#slots[slot] = number + 1;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Uint32Array(before.length * 2);
    for (const entry of before) if (entry !== 0) this.#enter(entry - 1);
  }
}
