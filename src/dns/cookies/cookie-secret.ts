/** The secret of server cookies where none is set (RFC 9018 §5). */
import { randomBytes } from 'node:crypto';
import { SIP_KEY_LENGTH } from './sip-hash.ts';

/** A new secret, for a server that shares its cookies with no other. All threads of one server need the same. */
export function randomCookieSecret(): Uint8Array {
  return randomBytes(SIP_KEY_LENGTH);
}
