/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012), the keyed hash of RFC 9018 §4.4, on 32-bit halves of its 64-bit words.
 * Invariant: hashing allocates nothing, and its time depends on the length of the input alone.
 */

/** Bytes of a key. */
export const SIP_KEY_LENGTH = 16;

/** The hash under one key of 16 bytes. */
export class SipHash {
  /** The last result's two words: bytes 0 to 3 and 4 to 7 of the hash, each in little-endian order. */
  readonly digest = new Int32Array(2);
  readonly #key: Int32Array;

  /** Throws RangeError on a key of another length. */
  constructor(key: Uint8Array) {
    if (key.length !== SIP_KEY_LENGTH) throw new RangeError(`a key has 16 bytes, not ${key.length}`);
    this.#key = Int32Array.from([0, 4, 8, 12], (at) => wordAt(key, at, SIP_KEY_LENGTH));
  }

  /** Hashes the bytes from `from` up to `to` and leaves the result in `digest`. */
  hash(bytes: Uint8Array, from: number, to: number): void {
    const key = this.#key;
    // Each word as its lower and its upper half: v0 = (a, b), v1 = (c, d), v2 = (e, f), v3 = (g, h).
    let a = key[0]! ^ 0x70736575;
    let b = key[1]! ^ 0x736f6d65;
    let c = key[2]! ^ 0x6e646f6d;
    let d = key[3]! ^ 0x646f7261;
    let e = key[0]! ^ 0x6e657261;
    let f = key[1]! ^ 0x6c796765;
    let g = key[2]! ^ 0x79746573;
    let h = key[3]! ^ 0x74656462;
    const blocks = ((to - from) >>> 3) + 1;
    for (let block = 0; block <= blocks; block++) {
      // After the blocks, of which the last is filled up with the length, come four rounds without input.
      const isInput = block < blocks;
      const at = from + 8 * block;
      const low = isInput ? wordAt(bytes, at, to) : 0;
      const high = isInput ? wordAt(bytes, at + 4, to) | (block + 1 < blocks ? 0 : (to - from) << 24) : 0;
      g ^= low;
      h ^= high;
      if (!isInput) e ^= 0xff;
      for (let round = isInput ? 2 : 4; round > 0; round--) {
        let sum = (a + c) | 0;
        b = (b + d + (sum >>> 0 < c >>> 0 ? 1 : 0)) | 0;
        a = sum;
        let swap = (c << 13) | (d >>> 19);
        d = ((d << 13) | (c >>> 19)) ^ b;
        c = swap ^ a;
        swap = a;
        a = b;
        b = swap;
        sum = (e + g) | 0;
        f = (f + h + (sum >>> 0 < g >>> 0 ? 1 : 0)) | 0;
        e = sum;
        swap = (g << 16) | (h >>> 16);
        h = ((h << 16) | (g >>> 16)) ^ f;
        g = swap ^ e;
        sum = (a + g) | 0;
        b = (b + h + (sum >>> 0 < g >>> 0 ? 1 : 0)) | 0;
        a = sum;
        swap = (g << 21) | (h >>> 11);
        h = ((h << 21) | (g >>> 11)) ^ b;
        g = swap ^ a;
        sum = (e + c) | 0;
        f = (f + d + (sum >>> 0 < c >>> 0 ? 1 : 0)) | 0;
        e = sum;
        swap = (c << 17) | (d >>> 15);
        d = ((d << 17) | (c >>> 15)) ^ f;
        c = swap ^ e;
        swap = e;
        e = f;
        f = swap;
      }
      a ^= low;
      b ^= high;
    }
    this.digest[0] = a ^ c ^ e ^ g;
    this.digest[1] = b ^ d ^ f ^ h;
  }
}

/** The little-endian word at `at`, with zeros for what lies at `to` or after. */
function wordAt(bytes: Uint8Array, at: number, to: number): number {
  if (at + 4 <= to)
    return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  let word = 0;
  for (let i = 0; i < 4 && at + i < to; i++) word |= bytes[at + i]! << (8 * i);
  return word;
}
