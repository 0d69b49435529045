/**
 * The credentials of an update: the Authorization header in every form devices send it, or parameters (D-3).
 * Invariants: never throws; empty credentials (`Og==`, which some clients always send) are none at all; nothing
 * here decides whether they are right. Basic: RFC 7617 §2, Bearer: RFC 6750 §2.1.
 */
import { isUtf8 } from 'node:buffer';
import type { Credentials } from '../../account/authenticator.ts';

/** The credentials among the parameters; absent ones are empty. */
export interface ParameterCredentials {
  readonly user: string;
  readonly secret: string;
}

const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;
/** As RFC 4648 §4 writes it, given that its length is a multiple of four. */
const STRICT_BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** The credentials that count: a usable Authorization header before parameters; undefined where there are none. */
export function parseCredentials(
  authorization: string | undefined,
  parameters: ParameterCredentials,
): Credentials | undefined {
  const header = authorization === undefined ? undefined : parseAuthorization(authorization);
  if (header !== undefined) return header;
  return parameters.secret === '' ? undefined : { user: parameters.user, secret: parameters.secret };
}

function parseAuthorization(header: string): Credentials | undefined {
  if (header.startsWith('Basic ')) return parseBasic(header.slice(6).trim());
  const text = header.trim();
  const blank = text.search(/\s/);
  if (blank < 0) return undefined;
  const value = text.slice(blank).trim();
  switch (text.slice(0, blank).toLowerCase()) {
    case 'basic':
      return parseBasic(value);
    case 'bearer':
    case 'token':
      return { user: '', secret: value };
    default:
      return undefined;
  }
}

/** Base64 of `user:secret`, padded or not; or, as No-IP's documentation shows it, `user:secret` itself. */
function parseBasic(value: string): Credentials | undefined {
  const octets =
    value.length % 4 === 0 && STRICT_BASE64.test(value)
      ? atob(value)
      : Buffer.from(value, BASE64.test(value) ? 'base64' : 'latin1').toString('latin1');
  const pair = textOf(octets);
  const colon = pair.indexOf(':');
  if (colon < 0 || colon === pair.length - 1) return undefined;
  return { user: pair.slice(0, colon), secret: pair.slice(colon + 1) };
}

/** A header is octets: UTF-8 by RFC 7617, Latin-1 from routers that know nothing else. */
function textOf(octets: string): string {
  if (!/[\x80-\xff]/.test(octets)) return octets;
  const bytes = Buffer.from(octets, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : octets;
}
