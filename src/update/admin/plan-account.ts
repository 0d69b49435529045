/** Accounts and tokens: what adding, changing and removing them does. Pure; secrets and hashes are made before. */
import { parseAccountName } from '../../account/account.ts';
import { type Token, gnudipKey } from '../../account/token.ts';
import { type Steps, findInSteps } from '../../ops/steps.ts';
import type { Change } from '../../store/change.ts';
import type { StoreView } from '../../store/store.ts';
import { formatHostname, type Name } from '../../zone/name.ts';
import { parseHostname } from '../../zone/hostname.ts';
import type { Plan } from '../commit.ts';
import type { AdminCommand, AdminResult } from './command.ts';
import { describeAccount } from './info.ts';
import { refuse, refused } from './refusal.ts';

type Command<K extends AdminCommand['kind']> = Extract<AdminCommand, { kind: K }>;

/** Adds an account; `passwordHash` is null where only tokens shall act for it. */
export function planAccountAdd(
  view: StoreView,
  command: Command<'account-add'>,
  passwordHash: string | null,
  now: number,
): Plan<AdminResult<'account-add'>> {
  const name = parseAccountName(command.name);
  if (name === undefined) {
    const reason = `"${command.name}" is not an account name: use 1 to 64 letters, digits and . _ @ + -`;
    return refused(refuse('invalid', reason));
  }
  if (view.account(name) !== undefined) {
    return refused(refuse('exists', `account ${name} exists already`));
  }
  const account = { name, passwordHash, admin: command.admin, createdAt: now };
  return {
    changes: [{ kind: 'account-put', account }],
    result: { ok: true, value: describeAccount(account) },
  };
}

/** Gives an account a new password. */
export function planAccountPassword(
  view: StoreView,
  command: Command<'account-passwd'>,
  passwordHash: string,
): Plan<AdminResult<'account-passwd'>> {
  const account = view.account(command.name.toLowerCase());
  if (account === undefined) return refused(noAccount(command.name));
  const changed = { ...account, passwordHash };
  return {
    changes: [{ kind: 'account-put', account: changed }],
    result: { ok: true, value: describeAccount(changed) },
  };
}

/** Removes an account that owns no hosts, and its tokens; its enrolment codes are revoked. */
export function* planAccountRemove(
  view: StoreView,
  command: Command<'account-remove'>,
  now: number,
): Steps<Plan<AdminResult<'account-remove'>>> {
  const account = view.account(command.name.toLowerCase());
  if (account === undefined) return refused(noAccount(command.name));
  for (const zone of view.zones()) {
    const owned = yield* findInSteps(zone.hosts(), (host) => host.account === account.name);
    if (owned === undefined) continue;
    const reason = `account ${account.name} still owns ${formatHostname(owned.name)}: remove its hosts first`;
    return refused(refuse('conflict', reason));
  }
  return {
    changes: [{ kind: 'account-remove', name: account.name }, ...revokedCodes(view, account.name, now)],
    result: { ok: true, value: { removed: account.name } },
  };
}

/** An account of the same name that is made later shall not find its codes in other hands. */
function* revokedCodes({ enrolments }: StoreView, account: string, now: number): Generator<Change> {
  for (const enrolment of enrolments.all())
    if (enrolment.account === account && enrolment.revokedAt === null)
      yield { kind: 'enrolment-put', enrolment: { ...enrolment, revokedAt: now } };
}

/** A token's fields that are made outside the plan, at random. */
export interface NewSecret {
  readonly id: string;
  readonly secret: string;
  readonly digest: string;
}

/** Adds a token for an account's hosts, or for some of them. */
export function planTokenAdd(
  view: StoreView,
  command: Command<'token-add'>,
  made: NewSecret,
  now: number,
): Plan<AdminResult<'token-add'>> {
  const account = view.account(command.account.toLowerCase());
  if (account === undefined) return refused(noAccount(command.account));
  const hosts: Name[] = [];
  for (const fqdn of command.hosts) {
    const name = parseHostname(fqdn);
    const host = name === undefined ? undefined : view.host(name);
    if (host?.account !== account.name) {
      const reason = `account ${account.name} has no host ${fqdn}: add it with "homing host add"`;
      return refused(refuse('not-found', reason));
    }
    hosts.push(host.name);
  }
  const token: Token = {
    id: made.id,
    account: account.name,
    hosts: hosts.length === 0 ? null : [...new Set(hosts)],
    label: command.label,
    digest: made.digest,
    createdAt: now,
    ...(command.gnudip === true ? { gnudip: gnudipKey(made.secret) } : {}),
  };
  return {
    changes: [{ kind: 'token-put', token }],
    result: { ok: true, value: { id: made.id, secret: made.secret } },
  };
}

/** Removes a token; the device that uses it gets `badauth` from the next request on. */
export function planTokenRevoke(
  view: StoreView,
  command: Command<'token-revoke'>,
): Plan<AdminResult<'token-revoke'>> {
  const token = view.token(command.id);
  if (token === undefined) {
    return refused(refuse('not-found', `no token ${command.id}: see "homing token list"`));
  }
  return {
    changes: [{ kind: 'token-remove', id: token.id }],
    result: { ok: true, value: { removed: token.id } },
  };
}

/** The refusal for an account that does not exist. */
export function noAccount(name: string): ReturnType<typeof refuse> {
  return refuse('not-found', `no account ${name}: add it with "homing account add"`);
}
