/**
 * A token's digest between its text (base64url of 32 octets, RFC 4648 §5 without padding) and eight words; its id
 * between its text (ten digits of base 36, in lower case) and a whole number below 2^53.
 * Invariant: only the one canonical text is taken, so that the text made of a number is the one that was put.
 */

/** Words of 32 bits of a digest. */
export const DIGEST_WORDS = 8;
/** Octets of its text. */
export const DIGEST_LENGTH = 43;
const OCTETS = 32;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The six bits that a character stands for; 64 where it stands for none. */
const BITS = Uint8Array.from({ length: 256 }, (_, code) => {
  const bits = ALPHABET.indexOf(String.fromCharCode(code));
  return bits === -1 ? 64 : bits;
});

/** Writes the words of the digest of which the text begins at `start`; false, with any words written, where it is none. */
export function readDigest(octets: Uint8Array, start: number, words: Uint32Array): boolean {
  let seen = 0;
  let word = 0;
  let room = 32;
  let to = 0;
  for (let i = start; i < start + DIGEST_LENGTH; i++) {
    const bits = BITS[octets[i]!]!;
    seen |= bits;
    if (room >= 6) {
      room -= 6;
      word |= bits << room;
    } else {
      const left = 6 - room;
      words[to++] = word | (bits >>> left);
      room = 32 - left;
      word = bits << room;
    }
  }
  // 43 characters hold two bits more than 32 octets: they are zeros in canonical text, and the rest of the last word.
  return seen < 64 && word === 0;
}

/** The text of the digest whose eight words begin at `words[at]`. */
export function digestText(words: Uint32Array, at: number): string {
  const octets = Buffer.allocUnsafe(OCTETS);
  for (let i = 0; i < DIGEST_WORDS; i++) octets.writeUInt32BE(words[at + i]!, i * 4);
  return octets.toString('base64url');
}

/** Octets of the text of an id. */
export const ID_LENGTH = 10;
const HALF = ID_LENGTH / 2;
const BASE = 36;
/** BASE to the power of HALF: either half of an id is a small integer. */
const HALF_RANGE = BASE ** HALF;
const ZERO = 0x30;
const LETTER_A = 0x61;

/** The number of the id of which the text begins at `start`; -1 where it is none of lower-case letters and digits. */
export function readId(octets: Uint8Array, start: number): number {
  const upper = readHalf(octets, start);
  const lower = readHalf(octets, start + HALF);
  return upper === -1 || lower === -1 ? -1 : upper * HALF_RANGE + lower;
}

/** The text of an id. Written digit by digit, because `toString(36)` takes five times as long. */
export function idText(id: number): string {
  const octets = Buffer.allocUnsafe(ID_LENGTH);
  const upper = Math.floor(id / HALF_RANGE);
  writeHalf(upper, octets, 0);
  writeHalf(id - upper * HALF_RANGE, octets, HALF);
  return octets.toString('latin1');
}

function readHalf(octets: Uint8Array, start: number): number {
  let value = 0;
  for (let i = start; i < start + HALF; i++) {
    const code = octets[i]!;
    const digit = code >= LETTER_A ? code - LETTER_A + 10 : code - ZERO;
    if (digit < 0 || digit >= BASE || (digit > 9 && code < LETTER_A)) return -1;
    value = value * BASE + digit;
  }
  return value;
}

function writeHalf(value: number, octets: Buffer, start: number): void {
  let rest = value;
  for (let i = start + HALF - 1; i >= start; i--) {
    const next = (rest / BASE) | 0;
    const digit = rest - next * BASE;
    octets[i] = digit < 10 ? ZERO + digit : LETTER_A + digit - 10;
    rest = next;
  }
}
