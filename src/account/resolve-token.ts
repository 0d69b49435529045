/**
 * From a device's credentials to the token they hold.
 *
 * Invariants: one look-up by digest decides whether a secret is a token, whatever the user name says; the user name
 * must then be the account's, the token's id, a host's that the token may update, or empty. Devices fill that field
 * with what their form asks for, so a trailing dot and capitals are tolerated (RFC 4343).
 */
import { timingSafeEqual } from 'node:crypto';
import { parseName } from '../zone/name.ts';
import type { AccountDirectory } from './account-directory.ts';
import type { Authentication, Credentials } from './authenticator.ts';
import { hostAccess } from './permission.ts';
import type { TokenPrincipal } from './principal.ts';
import { type Token, createTokenDigester, gnudipProof } from './token.ts';

/** What the secret is: a token's used rightly, a token's with a user name that is not its own, or no token's. */
export type TokenResolution =
  | { readonly kind: 'resolved'; readonly principal: TokenPrincipal }
  | { readonly kind: 'wrong-user' }
  | { readonly kind: 'no-token' };

/** Resolves credentials to a token. Synchronous, some microseconds. */
export type TokenResolver = (credentials: Credentials) => TokenResolution;

const WRONG_USER: TokenResolution = { kind: 'wrong-user' };
const NO_TOKEN: TokenResolution = { kind: 'no-token' };

/** A resolver of the tokens of a directory. */
export function createTokenResolver(directory: AccountDirectory): TokenResolver {
  // A store's key is made with the store; another one means that another state was put in its place.
  let keyBytes = directory.tokenKey;
  let digest = createTokenDigester(keyBytes);

  return ({ user, secret }) => {
    if (secret === '') return NO_TOKEN;
    if (directory.tokenKey !== keyBytes) {
      keyBytes = directory.tokenKey;
      digest = createTokenDigester(keyBytes);
    }
    const token = directory.tokenByDigest(digest(secret));
    if (token === undefined || directory.account(token.account) === undefined) return NO_TOKEN;
    // Made each time: remembering it by the token takes longer, and holds memory for each token that was ever used.
    const principal = tokenPrincipal(token);
    return mayBeUsedAs(user, principal, directory) ? { kind: 'resolved', principal } : WRONG_USER;
  };
}

/** Who acts with a token. */
export function tokenPrincipal(token: Token): TokenPrincipal {
  return {
    kind: 'token',
    account: token.account,
    tokenId: token.id,
    hosts: token.hosts === null ? null : new Set(token.hosts),
  };
}

function mayBeUsedAs(user: string, principal: TokenPrincipal, directory: AccountDirectory): boolean {
  if (user === '' || user === principal.tokenId) return true;
  const withoutDot = user.endsWith('.') ? user.slice(0, -1) : user;
  if (withoutDot.toLowerCase() === principal.account) return true;
  const name = parseName(user);
  const host = name === undefined ? undefined : directory.host(name);
  const access = host === undefined ? 'none' : hostAccess(principal, host);
  // A blocked host's token is a good one: it is the update that is refused, and its device is to be told so.
  return access === 'update' || access === 'blocked';
}

/** Where tokens are found by their ids. */
export interface TokenDirectory {
  token(id: string): Token | undefined;
}

/** What a client of the GnuDIP protocol sends to prove that it knows the secret of token `id`. */
export interface GnudipClaim {
  readonly id: string;
  readonly salt: string;
  /** 32 hexadecimal digits. */
  readonly proof: string;
}

/**
 * Resolves a claim; the salt's own validity is the caller's to know. An unknown token, one that was not made for
 * GnuDIP and a wrong proof are not told apart. MD5 hides a secret of 142 random bits still, though collisions of it
 * are cheap.
 */
export function resolveGnudip(directory: TokenDirectory, { id, salt, proof }: GnudipClaim): Authentication {
  const token = directory.token(id);
  const expected = Buffer.from(gnudipProof(token?.gnudip ?? '', salt));
  const given = Buffer.from(proof.toLowerCase());
  const isRight = given.length === expected.length && timingSafeEqual(given, expected);
  if (token?.gnudip === undefined || !isRight) return { kind: 'bad-credentials' };
  return { kind: 'authenticated', principal: tokenPrincipal(token) };
}
