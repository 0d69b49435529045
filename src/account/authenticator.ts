/** The contract between surfaces that receive credentials and the room that proves them. */
import type { IpAddress } from '../net/ip-address.ts';
import type { Principal, TokenPrincipal } from './principal.ts';

/** What a client sent: a user name (empty with a bearer token) and a password or token secret. */
export interface Credentials {
  readonly user: string;
  readonly secret: string;
}

/**
 * Why credentials are bad, where it is known: there were none, or a token came with a user name that is not its own.
 * For the record of the hosts' owners; who sent them is told nothing of it.
 */
export type BadCredentials = 'no-credentials' | 'wrong-user';

/** What came of it. */
export type Authentication =
  | { readonly kind: 'authenticated'; readonly principal: Principal }
  | { readonly kind: 'bad-credentials'; readonly why?: BadCredentials }
  /** Too many failures from this source or for this name; nothing was computed. */
  | { readonly kind: 'locked-out'; readonly retryAfterSeconds: number }
  /** More password checks are waiting than the bounded queue holds. */
  | { readonly kind: 'overloaded'; readonly retryAfterSeconds: number };

/**
 * Proves credentials. `identify` says whose token a secret is, whatever the user name, and nothing of passwords: it
 * computes no password hash, counts nothing, and lets nobody act. Answers at once where no password hash is needed (device tokens, remembered passwords). */
export interface Authenticator {
  authenticate(credentials: Credentials, source: IpAddress): Authentication | Promise<Authentication>;
  identify(secret: string): TokenPrincipal | undefined;
}
