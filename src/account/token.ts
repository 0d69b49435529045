/**
 * Device tokens: long random secrets that a device sends as its password.
 *
 * Invariants: the secret itself is never stored, only its keyed digest; it is found by that digest in one look-up,
 * so a known and an unknown secret cost the same. 24 characters, because FRITZ!Box does not escape what it inserts
 * into a URL and some recorders break Basic credentials above 57 bytes.
 */
import { createHmac, hash, randomBytes } from 'node:crypto';
import type { Name } from '../zone/name.ts';

/** A token as stored. */
export interface Token {
  readonly id: string;
  readonly account: string;
  /** The hosts it may update; null for all of its account's. */
  readonly hosts: readonly Name[] | null;
  readonly label: string;
  /** HMAC-SHA256 of the secret under the store's token key, base64url. */
  readonly digest: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const SECRET_LENGTH = 24; // 142 bits
const ID_LENGTH = 10;

/** Of SHA-256, in bytes. */
const HASH_BLOCK = 64;
const HASH_LENGTH = 32;
/** Bytes of a secret that are hashed without an Hmac object: every token's, and most passwords'. */
const LONGEST_QUICK = 384;

/** A new secret: 24 ASCII alphanumerics from the system's generator. */
export function createTokenSecret(): string {
  return randomText(SECRET_LENGTH);
}

/** A new token id: ten lower-case alphanumerics, safe to show and to type. */
export function createTokenId(): string {
  return randomText(ID_LENGTH * 2)
    .toLowerCase()
    .slice(0, ID_LENGTH);
}

/** The stored form of a secret under `key` (32 bytes). */
export function digestTokenSecret(secret: string, key: Uint8Array): string {
  return createHmac('sha256', key).update(secret, 'utf8').digest('base64url');
}

/**
 * The same digest for many secrets under one key of at most 64 bytes: HMAC as RFC 2104 §2 defines it, from one-shot
 * hashes, because setting up Node's Hmac object takes longer than both of them.
 */
export function createTokenDigester(key: Uint8Array): (secret: string) => string {
  const inner = Buffer.alloc(HASH_BLOCK + LONGEST_QUICK, 0x36);
  const outer = Buffer.alloc(HASH_BLOCK + HASH_LENGTH, 0x5c);
  key.forEach((byte, i) => {
    inner[i]! ^= byte;
    outer[i]! ^= byte;
  });
  return (secret) => {
    // In UTF-8 a UTF-16 unit takes three bytes at most.
    if (secret.length * 3 > LONGEST_QUICK) return digestTokenSecret(secret, key);
    const length = inner.write(secret, HASH_BLOCK, 'utf8');
    outer.write(hash('sha256', inner.subarray(0, HASH_BLOCK + length), 'binary'), HASH_BLOCK, 'latin1');
    inner.fill(0, HASH_BLOCK, HASH_BLOCK + length);
    return hash('sha256', outer, 'base64url');
  };
}

function randomText(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      // 248 is the largest multiple of 62 below 256: the rest would favour the first letters.
      if (byte < 248 && text.length < length) text += ALPHABET[byte % ALPHABET.length]!;
    }
  }
  return text;
}
