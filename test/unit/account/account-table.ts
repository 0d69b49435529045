/** Accounts, tokens and hosts in maps, for the tests of the account room: an AccountDirectory that can be changed. */
import { randomBytes } from 'node:crypto';
import type { AccountDirectory } from '../../../src/account/account-directory.ts';
import type { Account } from '../../../src/account/account.ts';
import type { Host } from '../../../src/account/host.ts';
import {
  type Token,
  createTokenId,
  createTokenSecret,
  digestTokenSecret,
} from '../../../src/account/token.ts';
import { type IpAddress, parseIpAddress } from '../../../src/net/ip-address.ts';
import { type Name, parseName } from '../../../src/zone/name.ts';

/** The directory with the ways to fill it. */
export class AccountTable implements AccountDirectory {
  tokenKey: Uint8Array = randomBytes(32);
  readonly tokens = new Map<string, Token>();
  readonly accounts = new Map<string, Account>();
  readonly hosts = new Map<Name, Host>();

  tokenByDigest(digest: string): Token | undefined {
    return this.tokens.get(digest);
  }

  account(name: string): Account | undefined {
    return this.accounts.get(name);
  }

  host(name: Name): Host | undefined {
    return this.hosts.get(name);
  }

  addAccount(name: string, passwordHash: string | null, admin = false): Account {
    const account = { name, passwordHash, admin, createdAt: 0 };
    this.accounts.set(name, account);
    return account;
  }

  addHost(fqdn: string, account: string): Host {
    const host = createHost(fqdn, account);
    this.hosts.set(host.name, host);
    return host;
  }

  /** Adds a token and returns its secret. */
  addToken(account: string, hosts: readonly string[] | null = null): string {
    const secret = createTokenSecret();
    const digest = digestTokenSecret(secret, this.tokenKey);
    const names = hosts === null ? null : hosts.map(nameOf);
    this.tokens.set(digest, { id: createTokenId(), account, hosts: names, label: '', digest, createdAt: 0 });
    return secret;
  }
}

/** A host of `dyn.test` without addresses. */
export function createHost(fqdn: string, account: string): Host {
  return {
    name: nameOf(fqdn),
    zone: nameOf('dyn.test'),
    account,
    ttl: 60,
    ipv4: null,
    ipv6: null,
    wildcard: false,
    changedAt: null,
    blocked: false,
  };
}

/** The name of a text that is one. */
export function nameOf(text: string): Name {
  return parseName(text)!;
}

/** The address of a text that is one. */
export function addressOf(text: string): IpAddress {
  return parseIpAddress(text)!;
}

/** A clock that stands still until it is moved. */
export class HandClock {
  time = Date.UTC(2026, 0, 1);

  now(): number {
    return this.time;
  }

  advance(milliseconds: number): void {
    this.time += milliseconds;
  }
}
