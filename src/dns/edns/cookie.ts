/**
 * DNS cookies (RFC 7873) in the interoperable form (RFC 9018): proof that an asker receives what is sent to its
 * address. Every server that shares a secret understands the others' cookies.
 * Invariant: a cookie is valid for one address, one client cookie, and from 5 minutes before to 1 hour after it was made.
 */
import { timingSafeEqual } from 'node:crypto';
import { type IpAddress, addressBytes } from '../../net/ip-address.ts';
import { sipHash24 } from './siphash.ts';

/** What a COOKIE option turned out to be. */
export type CookieCheck =
  | { readonly kind: 'malformed' }
  /** `reply` is the option's data for the answer: the client's cookie and a server cookie that is valid now. */
  | { readonly kind: 'valid' | 'unproven'; readonly reply: Uint8Array };

/** Who asks and when, and the secrets of 16 octets: the first makes cookies, all of them are accepted. */
export interface CookieContext {
  readonly address: IpAddress;
  readonly secrets: readonly Uint8Array[];
  /** Seconds since 1970. */
  readonly now: number;
}

const CLIENT_LENGTH = 8;
const WHOLE_LENGTH = 24;
const VERSION = 1;
const MAX_AGE = 3600;
const MAX_AHEAD = 300;
/** From this age on a valid cookie is replaced by a new one (RFC 9018 §4.3). */
const RENEW_AGE = 1800;

/** Checks the data of a COOKIE option. */
export function checkCookie(data: Uint8Array, context: CookieContext): CookieCheck {
  const { length } = data;
  if (length !== CLIENT_LENGTH && (length < 16 || length > 40)) return { kind: 'malformed' };
  const age =
    length === WHOLE_LENGTH && data[CLIENT_LENGTH] === VERSION ? ageOf(data, context.now) : Infinity;
  if (age < -MAX_AHEAD || age > MAX_AGE) return { kind: 'unproven', reply: createCookie(data, context) };
  const secret = context.secrets.findIndex((key) =>
    timingSafeEqual(hash(data.subarray(0, 16), context.address, key), data.subarray(16)),
  );
  if (secret < 0) return { kind: 'unproven', reply: createCookie(data, context) };
  const isFresh = secret === 0 && age <= RENEW_AGE;
  return { kind: 'valid', reply: isFresh ? data : createCookie(data, context) };
}

/** Seconds since a cookie was made, by RFC 1982 arithmetic (RFC 9018 §4.3). */
function ageOf(data: Uint8Array, now: number): number {
  const made = Buffer.from(data.buffer, data.byteOffset, data.length).readUInt32BE(12);
  return (now - made) | 0;
}

function createCookie(data: Uint8Array, { address, secrets, now }: CookieContext): Uint8Array {
  const cookie = Buffer.alloc(WHOLE_LENGTH);
  cookie.set(data.subarray(0, CLIENT_LENGTH));
  cookie[CLIENT_LENGTH] = VERSION;
  cookie.writeUInt32BE(now >>> 0, 12);
  cookie.set(hash(cookie.subarray(0, 16), address, secrets[0]!), 16);
  return cookie;
}

function hash(head: Uint8Array, address: IpAddress, secret: Uint8Array): Uint8Array {
  return sipHash24(secret, Buffer.concat([head, addressBytes(address)]));
}
