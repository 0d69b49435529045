/**
 * The secrets of DNS cookies as a setting, which servers behind one name or address share (RFC 9018 §5).
 * Invariant: no reason repeats what was written.
 */
import { type Parsed, parsed, unparsable } from '../ops/parsed.ts';

/** How many secrets can be known at once: that which makes cookies, the one before it, the one that comes next. */
export const MAX_COOKIE_SECRETS = 3;

/**
 * Reads one to three secrets of 32 hexadecimal digits, separated by commas: the first one makes cookies, the others
 * are only taken.
 */
export function parseCookieSecrets(text: string): Parsed<readonly Uint8Array[]> {
  const digits = text.split(',').map((part) => part.trim().toLowerCase());
  if (digits.length > MAX_COOKIE_SECRETS) return unparsable(`at most ${MAX_COOKIE_SECRETS} secrets`);
  if (new Set(digits).size < digits.length) return unparsable('the same secret twice');
  for (const [i, secret] of digits.entries()) {
    if (!/^[0-9a-f]{32}$/.test(secret))
      return unparsable(
        `secret ${i + 1} is not 32 hexadecimal digits (openssl rand -hex 16 makes such a one)`,
      );
  }
  return parsed(digits.map((secret) => Uint8Array.from(Buffer.from(secret, 'hex'))));
}
