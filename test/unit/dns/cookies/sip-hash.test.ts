import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { SipHash } from '../../../../src/dns/cookies/sip-hash.ts';

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i);
const MESSAGE = Uint8Array.from({ length: 64 }, (_, i) => i);

/** Result n is that of the bytes 0 to n - 1 under the key 00..0f; from the authors' reference implementation. */
const VECTORS = [
  '310e0edd47db6f72',
  'fd67dc93c539f874',
  '5a4fa9d909806c0d',
  '2d7efbd796666785',
  'b7877127e09427cf',
  '8da699cd64557618',
  'cee3fe586e46c9cb',
  '37d1018bf50002ab',
  '6224939a79f5f593',
  'b0e4a90bdf82009e',
  'f3b9dd94c5bb5d7a',
  'a7ad6b22462fb3f4',
  'fbe50e86bc8f1e75',
  '903d84c02756ea14',
  'eef27a8e90ca23f7',
  'e545be4961ca29a1',
];

function hexOf(hash: SipHash): string {
  const bytes = Buffer.alloc(8);
  hash.digest.forEach((word, i) => bytes.writeInt32LE(word, 4 * i));
  return bytes.toString('hex');
}

function hashHex(key: Uint8Array, bytes: Uint8Array): string {
  const hash = new SipHash(key);
  hash.hash(bytes, 0, bytes.length);
  return hexOf(hash);
}

/** The algorithm as the paper writes it, on 64-bit integers. */
function model(key: Uint8Array, bytes: Uint8Array): string {
  const mask = (1n << 64n) - 1n;
  const rotate = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (64n - by))) & mask;
  const [k0, k1] = [Buffer.from(key).readBigUInt64LE(0), Buffer.from(key).readBigUInt64LE(8)];
  let [v0, v1, v2, v3] = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ];
  const round = (): void => {
    v0 = (v0 + v1) & mask;
    v1 = rotate(v1, 13n) ^ v0;
    v0 = rotate(v0, 32n);
    v2 = (v2 + v3) & mask;
    v3 = rotate(v3, 16n) ^ v2;
    v0 = (v0 + v3) & mask;
    v3 = rotate(v3, 21n) ^ v0;
    v2 = (v2 + v1) & mask;
    v1 = rotate(v1, 17n) ^ v2;
    v2 = rotate(v2, 32n);
  };
  const padded = Buffer.alloc((Math.floor(bytes.length / 8) + 1) * 8);
  padded.set(bytes);
  padded[padded.length - 1] = bytes.length & 0xff;
  for (let at = 0; at < padded.length; at += 8) {
    const word = padded.readBigUInt64LE(at);
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
  v2 ^= 0xffn;
  for (let i = 0; i < 4; i++) round();
  const result = Buffer.alloc(8);
  result.writeBigUInt64LE(v0 ^ v1 ^ v2 ^ v3);
  return result.toString('hex');
}

void test("the authors' test vectors, among them that of the paper's appendix A (15 bytes)", () => {
  VECTORS.forEach((expected, length) => {
    assert.equal(hashHex(KEY, MESSAGE.subarray(0, length)), expected, `${length} bytes`);
  });
  // Appendix A gives the result as the integer a129ca6149be45e5.
  assert.equal(Buffer.from(VECTORS[15]!, 'hex').reverse().toString('hex'), 'a129ca6149be45e5');
});

void test('any key and any bytes give what the algorithm on 64-bit integers gives', () => {
  const key = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(key, fc.uint8Array({ maxLength: 300 }), (k, bytes) => {
      assert.equal(hashHex(k, bytes), model(k, bytes));
    }),
    { numRuns: 500 },
  );
});

void test('a part of a larger array hashes like its copy, and what surrounds it does not matter', () => {
  const hash = new SipHash(KEY);
  for (const [from, to] of [
    [0, 20],
    [3, 23],
    [7, 7],
    [11, 43],
  ] as const) {
    hash.hash(MESSAGE, from, to);
    assert.equal(hexOf(hash), hashHex(KEY, MESSAGE.slice(from, to)));
  }
});

void test('a key has 16 bytes', () => {
  for (const length of [0, 15, 17, 32]) assert.throws(() => new SipHash(new Uint8Array(length)), RangeError);
});
