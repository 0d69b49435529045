/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012), the keyed hash of interoperable DNS cookies (RFC 9018 §4.4); node:crypto
 * has none. 64-bit words are pairs of 32-bit numbers, low half first, because that is what JavaScript is fast at.
 */

/** The 8-octet hash of a message of any length under a 16-octet key. */
export function sipHash24(key: Uint8Array, message: Uint8Array): Uint8Array {
  const keys = wordsOf(key, 4);
  const [k0, k1, k2, k3] = keys as unknown as [number, number, number, number];
  const state = Int32Array.of(
    ...[k0 ^ 0x70736575, k1 ^ 0x736f6d65, k2 ^ 0x6e646f6d, k3 ^ 0x646f7261],
    ...[k0 ^ 0x6e657261, k1 ^ 0x6c796765, k2 ^ 0x79746573, k3 ^ 0x74656462],
  );
  // The last word holds what is left of the message and, in its top octet, the message's length.
  const wordCount = 2 * (Math.floor(message.length / 8) + 1);
  const words = wordsOf(message, wordCount);
  words[wordCount - 1]! |= message.length << 24;
  for (let i = 0; i < wordCount; i += 2) {
    state[6]! ^= words[i]!;
    state[7]! ^= words[i + 1]!;
    mix(state, 2);
    state[0]! ^= words[i]!;
    state[1]! ^= words[i + 1]!;
  }
  state[4]! ^= 0xff;
  mix(state, 4);
  const hash = Buffer.alloc(8);
  for (const half of [0, 1])
    hash.writeInt32LE(state[half]! ^ state[half + 2]! ^ state[half + 4]! ^ state[half + 6]!, half * 4);
  return hash;
}

/** SipRounds on v0 to v3. */
function mix(state: Int32Array, rounds: number): void {
  for (let i = 0; i < rounds; i++) {
    addRotateXor(state, 0, 2, 13);
    swapHalves(state, 0);
    addRotateXor(state, 4, 6, 16);
    addRotateXor(state, 0, 6, 21);
    addRotateXor(state, 4, 2, 17);
    swapHalves(state, 4);
  }
}

/** `a += b; b = rotateLeft(b, bits) ^ a` on the 64-bit words at `a` and `b`. */
function addRotateXor(state: Int32Array, a: number, b: number, bits: number): void {
  const [low, high] = [state[b]!, state[b + 1]!];
  const sum = (state[a]! >>> 0) + (low >>> 0);
  state[a] = sum;
  state[a + 1]! += high + (sum > 0xffff_ffff ? 1 : 0);
  state[b] = ((low << bits) | (high >>> (32 - bits))) ^ state[a];
  state[b + 1] = ((high << bits) | (low >>> (32 - bits))) ^ state[a + 1]!;
}

function swapHalves(state: Int32Array, at: number): void {
  const low = state[at]!;
  state[at] = state[at + 1]!;
  state[at + 1] = low;
}

/** The first `count` little-endian 32-bit words of bytes, zeros after their end. */
function wordsOf(bytes: Uint8Array, count: number): Int32Array {
  const words = new Int32Array(count);
  bytes.forEach((byte, i) => (words[i >>> 2]! |= byte << (8 * (i & 3))));
  return words;
}
