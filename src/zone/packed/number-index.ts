/**
 * Finds numbers by a hash of what they stand for: open addressing in one typed array, without an object for each.
 * Invariants: each number is entered once; at most half of the slots are taken, so that every search ends. The hash
 * stands beside the number, so that neither a search nor growing reads the memory of anything but what is found.
 */

const FIRST_SLOTS = 16;

/** The numbers of one kind of key. A search goes from `first` by `next` until `at` gives the number or -1. */
export class NumberIndex {
  /** Two words for each slot: the hash, and a number plus one, 0 where it is free. */
  #slots = new Uint32Array(FIRST_SLOTS * 2);
  #size = 0;

  /** The slot in which the search for a hash, any 32 bits without a sign, begins. */
  first(hash: number): number {
    return (hash << 1) & (this.#slots.length - 1);
  }

  /** The slot after a slot. */
  next(slot: number): number {
    return (slot + 2) & (this.#slots.length - 1);
  }

  /** The number in a slot; -1 where the search ends without one. */
  at(slot: number): number {
    return this.#slots[slot + 1]! - 1;
  }

  /** The hash of the number in a slot. */
  hashAt(slot: number): number {
    return this.#slots[slot]!;
  }

  /** Enters a number that is not entered. */
  add(number: number, hash: number): void {
    if (++this.#size * 4 > this.#slots.length) this.#grow();
    this.#enter(number + 1, hash);
  }

  /** Takes away a number that was entered under this hash. */
  remove(number: number, hash: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = this.first(hash);
    while (slots[hole + 1] !== number + 1) hole = this.next(hole);
    // Whoever was pushed on by it moves up, so that no search ends too early.
    for (let slot = this.next(hole); slots[slot + 1] !== 0; slot = this.next(slot)) {
      const home = this.first(slots[slot]!);
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots[hole] = slots[slot]!;
      slots[hole + 1] = slots[slot + 1]!;
      hole = slot;
    }
    slots[hole + 1] = 0;
    this.#size--;
  }

  /** A copy that changes on its own. */
  clone(): NumberIndex {
    const copy = new NumberIndex();
    copy.#slots = this.#slots.slice();
    copy.#size = this.#size;
    return copy;
  }

  #enter(entry: number, hash: number): void {
    const slots = this.#slots;
    let slot = this.first(hash);
    while (slots[slot + 1] !== 0) slot = this.next(slot);
    slots[slot] = hash;
    slots[slot + 1] = entry;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Uint32Array(before.length * 2);
    for (let slot = 0; slot < before.length; slot += 2)
      if (before[slot + 1] !== 0) this.#enter(before[slot + 1]!, before[slot]!);
  }
}
