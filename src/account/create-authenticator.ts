/**
 * Proves credentials, cheapest first: device token, remembered password, lockout, bcrypt.
 *
 * Invariants: a valid token and a remembered password are answered at once, from a locked-out source too; an account
 * that exists and one that does not cost the same and get the same answers; an empty secret proves nothing; the
 * answer holds for the account as it is when it is given, not as it was when the check began.
 */
import type { IpAddress } from '../net/ip-address.ts';
import type { Clock } from '../ops/clock.ts';
import type { AccountDirectory } from './account-directory.ts';
import { type Account, parseAccountName } from './account.ts';
import type { Authentication, Authenticator, Credentials } from './authenticator.ts';
import type { TokenPrincipal } from './principal.ts';
import { KnownSources } from './lockout/known-sources.ts';
import { type Lockout, createLockout } from './lockout/lockout.ts';
import { PasswordError, type PasswordHasher, type PasswordSource } from './password.ts';
import { type TokenResolver, createTokenResolver } from './resolve-token.ts';
import { sourceNetwork } from './lockout/source-network.ts';
import {
  type TriedPassword,
  type VerifiedCredentials,
  createVerifiedCredentials,
} from './verified-credentials.ts';

/** What an authenticator works with. */
export interface AuthenticatorOptions {
  readonly accounts: AccountDirectory;
  readonly passwords: PasswordHasher;
  readonly clock: Clock;
  /** Default: one with the default policies. */
  readonly lockout?: Lockout;
  /** Default: one of the default size. */
  readonly verified?: VerifiedCredentials;
}

const BAD_CREDENTIALS: Authentication = { kind: 'bad-credentials' };
const WRONG_USER: Authentication = { kind: 'bad-credentials', why: 'wrong-user' };
const OVERLOADED: Authentication = { kind: 'overloaded', retryAfterSeconds: 10 };

/** An authenticator. Its promises reject with PasswordError `failed` only. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  return new DirectoryAuthenticator(options);
}

class DirectoryAuthenticator implements Authenticator {
  readonly #accounts: AccountDirectory;
  readonly #passwords: PasswordHasher;
  readonly #lockout: Lockout;
  readonly #verified: VerifiedCredentials;
  readonly #resolveToken: TokenResolver;
  readonly #known = new KnownSources();
  /** Checks under way by fingerprint: a client that sends several requests at once is checked once. */
  readonly #checks = new Map<string, Promise<Authentication>>();

  constructor({ accounts, passwords, clock, lockout, verified }: AuthenticatorOptions) {
    this.#accounts = accounts;
    this.#passwords = passwords;
    this.#lockout = lockout ?? createLockout({ clock });
    this.#verified = verified ?? createVerifiedCredentials({ clock });
    this.#resolveToken = createTokenResolver(accounts);
  }

  authenticate(credentials: Credentials, source: IpAddress): Authentication | Promise<Authentication> {
    // Not counted either: what a form left empty is no guess.
    if (credentials.secret === '') return BAD_CREDENTIALS;
    const token = this.#resolveToken(credentials);
    if (token.kind === 'resolved') {
      this.#known.note(sourceNetwork(source));
      return { kind: 'authenticated', principal: token.principal };
    }
    const name = parseAccountName(credentials.user) ?? '';
    // No account can have such a name, and whoever holds a token's secret learns nothing new: no need to compute.
    if (token.kind === 'wrong-user') return this.#admit(source, name) ?? WRONG_USER;
    if (name === '') return this.#admit(source, name) ?? BAD_CREDENTIALS;
    return this.#authenticatePassword(name, credentials.secret, source);
  }

  identify(secret: string): TokenPrincipal | undefined {
    const token = this.#resolveToken({ user: '', secret });
    return token.kind === 'resolved' ? token.principal : undefined;
  }

  #authenticatePassword(
    name: string,
    secret: string,
    source: IpAddress,
  ): Authentication | Promise<Authentication> {
    const account = this.#accounts.account(name);
    const tried = { name, passwordHash: account?.passwordHash ?? null, secret };
    const fingerprint = this.#verified.fingerprint(tried);
    const remembered = this.#verified.recall(fingerprint);
    if (remembered === true && account !== undefined) return authenticated(account);
    // The same wrong password again (clients retry it for ever) is no further guess: not computed, not counted.
    if (remembered === false) return BAD_CREDENTIALS;
    // Whoever sends what is being checked already learns what the first one learns.
    const underWay = this.#checks.get(fingerprint);
    if (underWay !== undefined) return underWay;
    // Asked first, because a flood of guesses must cost less than the checks that it is not given.
    if (!this.#passwords.hasRoom(this.#placeOf(source))) return OVERLOADED;
    const refused = this.#admit(source, name);
    if (refused !== undefined) return refused;
    const check = this.#check(tried, fingerprint, source).finally(() => this.#checks.delete(fingerprint));
    this.#checks.set(fingerprint, check);
    return check;
  }

  #admit(source: IpAddress, name: string): Authentication | undefined {
    const retryAfterSeconds = this.#lockout.admit(source, name);
    return retryAfterSeconds === 0 ? undefined : { kind: 'locked-out', retryAfterSeconds };
  }

  #placeOf(source: IpAddress): PasswordSource {
    const network = sourceNetwork(source);
    return { network, isKnown: this.#known.has(network) };
  }

  async #check(tried: TriedPassword, fingerprint: string, source: IpAddress): Promise<Authentication> {
    let right: boolean;
    try {
      right = await this.#passwords.verify(tried.secret, tried.passwordHash, this.#placeOf(source));
    } catch (error) {
      this.#lockout.withdraw(source, tried.name);
      // Closed means that the process is about to end: what comes after it will answer.
      if (error instanceof PasswordError && error.code !== 'failed') return OVERLOADED;
      throw error;
    }
    this.#verified.remember(fingerprint, right);
    if (!right) return BAD_CREDENTIALS;
    this.#lockout.succeed(source, tried.name);
    this.#known.note(sourceNetwork(source));
    const account = this.#accounts.account(tried.name);
    return account?.passwordHash === tried.passwordHash ? authenticated(account) : BAD_CREDENTIALS;
  }
}

function authenticated(account: Account): Authentication {
  return {
    kind: 'authenticated',
    principal: { kind: 'account', account: account.name, admin: account.admin },
  };
}
