/**
 * DNS server cookies of version 1 (RFC 7873, RFC 9018): who sends one back has received it, so its address is no
 * forged one. Nothing is remembered about anybody; servers that have the same secret take each other's cookies.
 *
 * Enforces RFC 7873 §5.2 (lengths) and RFC 9018 §4.2 to §4.4 (layout, time, hash).
 * Invariants: hashes are compared in constant time; checking and writing allocate nothing.
 */
import { SipHash } from './sip-hash.ts';

/** Bytes of a client cookie. */
export const CLIENT_COOKIE_LENGTH = 8;

/** Bytes of the option's data that Homing sends: the client cookie and a server cookie of 16 bytes. */
export const COOKIE_LENGTH = 24;

/** Seconds for which a cookie is valid (RFC 9018 §4.3). */
export const COOKIE_LIFETIME = 3600;

/** Seconds by which the clock of another server with the same secret may be ahead (RFC 9018 §4.3). */
export const COOKIE_FUTURE = 300;

/** Seconds after which a client gets a new cookie for its valid one (RFC 9018 §4.3). */
export const COOKIE_RENEWAL = 1800;

/** What a COOKIE option holds: the client's cookie, that and one of a server, or what must be answered with FORMERR. */
export type CookieOptionKind = 'client' | 'client-and-server' | 'malformed';

/** What a server cookie is worth. `renew` is valid too, but the answer should bring a new one. */
export type CookieVerdict = 'valid' | 'renew' | 'invalid';

/** Bytes within a larger array. A caller that is in a hurry keeps one and changes it. */
export interface ByteRange {
  bytes: Uint8Array;
  at: number;
  length: number;
}

const VERSION = 1;

/** What a COOKIE option is, from the length of its data (RFC 7873 §5.2.2). */
export function parseCookieOption({ length }: { readonly length: number }): CookieOptionKind {
  if (length === CLIENT_COOKIE_LENGTH) return 'client';
  return length >= 16 && length <= 40 ? 'client-and-server' : 'malformed';
}

/** Makes and checks server cookies under the secrets of one server or of several. State belongs to one thread. */
export class ServerCookies {
  #hashes: readonly SipHash[];
  /** What is hashed: client cookie, version, reserved, time, address (RFC 9018 §4.4). */
  readonly #input = new Uint8Array(32);

  /** Secrets of 16 bytes: the first one makes cookies, all of them are taken. Throws RangeError where there is none. */
  constructor(secrets: readonly Uint8Array[]) {
    if (secrets.length === 0) throw new RangeError('cookies need a secret');
    this.#hashes = secrets.map((secret) => new SipHash(secret));
  }

  /** Makes cookies under a new secret from now on. Those of the secret before are still taken, older ones no more. */
  rotate(secret: Uint8Array): void {
    this.#hashes = [new SipHash(secret), ...this.#hashes.slice(0, 1)];
  }

  /**
   * What the server cookie in the data of a COOKIE option is worth, sent by the client with this address (4 or 16
   * network bytes). `nowSeconds` are seconds since 1970.
   */
  check(option: ByteRange, client: ByteRange, nowSeconds: number): CookieVerdict {
    const { bytes, at } = option;
    if (option.length !== COOKIE_LENGTH || bytes[at + CLIENT_COOKIE_LENGTH] !== VERSION) return 'invalid';
    // Seconds are counted modulo 2^32 (RFC 9018 §4.3, RFC 1982).
    const age = (Math.floor(nowSeconds) - readWord(bytes, at + 12)) | 0;
    if (age > COOKIE_LIFETIME || age < -COOKIE_FUTURE) return 'invalid';

    // The reserved bytes are hashed as they came, whatever they are (RFC 9018 §4.2).
    for (let i = 0; i < 16; i++) this.#input[i] = bytes[at + i]!;
    const end = this.#readClient(client);
    const current = this.#hashes[0]!;
    current.hash(this.#input, 0, end);
    if (matches(current, bytes, at + 16)) return age > COOKIE_RENEWAL ? 'renew' : 'valid';
    for (let i = 1; i < this.#hashes.length; i++) {
      const other = this.#hashes[i]!;
      other.hash(this.#input, 0, end);
      if (matches(other, bytes, at + 16)) return 'renew';
    }
    return 'invalid';
  }

  /** Completes the option's data at `at`, where the client's cookie stands already, with 16 bytes of server cookie. */
  write(option: Uint8Array, at: number, client: ByteRange, nowSeconds: number): void {
    writeWord(option, at + 8, VERSION << 24);
    writeWord(option, at + 12, Math.floor(nowSeconds));
    for (let i = 0; i < 16; i++) this.#input[i] = option[at + i]!;
    const hash = this.#hashes[0]!;
    hash.hash(this.#input, 0, this.#readClient(client));
    for (let i = 0; i < 8; i++) option[at + 16 + i] = hash.digest[i >>> 2]! >>> (8 * (i & 3));
  }

  /** The data of the COOKIE option for an answer: the client's cookie, which `option` begins with, and a new one of ours. */
  make(option: Uint8Array, client: ByteRange, nowSeconds: number): Uint8Array {
    const data = new Uint8Array(COOKIE_LENGTH);
    data.set(option.subarray(0, CLIENT_COOKIE_LENGTH));
    this.write(data, 0, client, nowSeconds);
    return data;
  }

  /** Puts the address behind the sixteen bytes before it and returns where it ends. */
  #readClient({ bytes, at, length }: ByteRange): number {
    // On a socket of both families IPv4 clients look like this (RFC 4291 §2.5.5.2), on another server they do not.
    const from = length === 16 && isMapped(bytes, at) ? 12 : 0;
    for (let i = from; i < length; i++) this.#input[16 + i - from] = bytes[at + i]!;
    return 16 + length - from;
  }
}

function matches({ digest }: SipHash, bytes: Uint8Array, at: number): boolean {
  let difference = 0;
  for (let i = 0; i < 8; i++) difference |= bytes[at + i]! ^ ((digest[i >>> 2]! >>> (8 * (i & 3))) & 0xff);
  return difference === 0;
}

function isMapped(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[at + i] !== 0) return false;
  return bytes[at + 10] === 0xff && bytes[at + 11] === 0xff;
}

function readWord(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = word >>> (24 - 8 * i);
}
