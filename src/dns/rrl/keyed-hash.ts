/**
 * HalfSipHash-1-3 of three 32-bit words: the hash that spreads sources over the table of buckets.
 *
 * Invariant: without the key nobody can choose sources that meet in one place of the table. It is no signature: one
 * compression round and 32 bits are enough here, because the hash never leaves the process.
 */

/** A hash under one key of two 32-bit words. */
export class KeyedHash {
  readonly #k0: number;
  readonly #k1: number;

  constructor(k0: number, k1: number) {
    this.#k0 = k0 | 0;
    this.#k1 = k1 | 0;
  }

  /** The hash of the words' twelve bytes in little-endian order, as a signed 32-bit integer. Allocates nothing. */
  of(a: number, b: number, c: number): number {
    let v0 = this.#k0;
    let v1 = this.#k1;
    let v2 = this.#k0 ^ 0x6c796765;
    let v3 = this.#k1 ^ 0x74656462;
    for (let step = 0; step < 7; step++) {
      // Three words, the length (12 bytes, in the top byte of the last word), then three rounds without input.
      const word = step === 0 ? a : step === 1 ? b : step === 2 ? c : step === 3 ? 0x0c000000 : 0;
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
      if (step === 3) v2 ^= 0xff;
    }
    return v1 ^ v3;
  }
}
