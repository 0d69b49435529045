/**
 * Carries out administrative commands on a store: reads from its view, changes through the one writer.
 * Invariant: every command of the closed set has exactly one handler; the table does not compile otherwise.
 */
import type { Host } from '../../account/host.ts';
import { PasswordError } from '../../account/password.ts';
import { createTokenId, createTokenSecret, digestTokenSecret } from '../../account/token.ts';
import type { Clock } from '../../ops/clock.ts';
import { filterInSteps, mapInSteps, runInTurns } from '../../ops/steps.ts';
import type { StoreView } from '../../store/store.ts';
import { type Name, formatHostname } from '../../zone/name.ts';
import { parseHostname } from '../../zone/hostname.ts';
import { formatZoneFileInSteps } from '../../zone/zone-file/format-zone-file.ts';
import { parseZoneFileInSteps } from '../../zone/zone-file/parse-zone-file.ts';
import type { Committer } from '../commit.ts';
import { createEnrolmentHandlers } from '../enrol/enrolment-handlers.ts';
import { readHostRows } from './bulk/host-rows.ts';
import { planHostImport } from './bulk/plan-host-import.ts';
import { planHostTokens } from './bulk/plan-host-tokens.ts';
import type { AdminCommand, AdminFailure, AdminResult, Administrator, OnProgress } from './command.ts';
import {
  describeAccount,
  describeHost,
  describeToken,
  describeZone,
  exportZone,
  summarizeZone,
} from './info.ts';
import {
  noAccount,
  planAccountAdd,
  planAccountPassword,
  planAccountRemove,
  planTokenAdd,
  planTokenRevoke,
} from './plan-account.ts';
import { findHost, noHost, planHostAdd, planHostBlock, planHostRemove, planHostSet } from './plan-host.ts';
import { planZoneImport } from './plan-import.ts';
import { planRecordRemove, planRecordSet } from './plan-record.ts';
import { noZone, planZoneAdd, planZoneRemove } from './plan-zone.ts';
import { refuse } from './refusal.ts';
import { submitAlone, submitList } from './submit.ts';

/** What the administrator works on. */
export interface AdministratorOptions {
  readonly view: StoreView;
  readonly committer: Committer;
  readonly clock: Clock;
  /** Makes the stored form of a password; never on the event loop. */
  readonly hashPassword: (password: string) => Promise<string>;
}

type Kind = AdminCommand['kind'];
type Handlers = {
  [K in Kind]: (
    command: Extract<AdminCommand, { kind: K }>,
    onProgress?: OnProgress,
  ) => Promise<AdminResult<K>> | AdminResult<K>;
};

const PASSWORD = { least: 6, mostBytes: 1024 } as const;

/** Creates the administrator of a store. */
export function createAdministrator(options: AdministratorOptions): Administrator {
  const handlers: Handlers = {
    ...zoneHandlers(options),
    ...accountHandlers(options),
    ...hostHandlers(options),
    ...tokenHandlers(options),
    ...bulkHandlers(options),
    ...createEnrolmentHandlers(options),
  };
  return {
    async execute<K extends Kind>(
      command: Extract<AdminCommand, { kind: K }>,
      onProgress?: OnProgress,
    ): Promise<AdminResult<K>> {
      // The table pairs each kind with its own command type; TypeScript can't follow that through an index.
      const handler = handlers[command.kind] as (
        command: AdminCommand,
        onProgress?: OnProgress,
      ) => Promise<AdminResult<K>> | AdminResult<K>;
      return await handler(command, onProgress);
    },
  };
}

function zoneHandlers({
  view,
  committer,
}: AdministratorOptions): Pick<
  Handlers,
  | 'zone-add'
  | 'zone-list'
  | 'zone-show'
  | 'zone-remove'
  | 'record-set'
  | 'record-remove'
  | 'zone-import'
  | 'zone-export'
> {
  const zoneOf = (apex: string) => {
    const name = parseHostname(apex);
    return name === undefined ? undefined : view.zone(name);
  };
  return {
    'zone-add': async (command) => {
      const added = await submitAlone(committer, (current, now) => planZoneAdd(current, command, now));
      if (!added.ok) return added;
      const zone = await runInTurns(describeZone(view.zone(added.apex)!));
      return { ok: true, value: { ...zone, warnings: added.warnings } };
    },
    'zone-list': () => ({ ok: true, value: [...view.zones()].map(summarizeZone) }),
    'zone-show': async ({ apex }) => {
      const zone = zoneOf(apex);
      return zone === undefined ? noZone(apex) : { ok: true, value: await runInTurns(describeZone(zone)) };
    },
    'zone-remove': (command) => submitAlone(committer, (current) => planZoneRemove(current, command)),
    'record-set': (command) => submitAlone(committer, (current) => planRecordSet(current, command)),
    'record-remove': (command) => submitAlone(committer, (current) => planRecordRemove(current, command)),
    'zone-import': async ({ apex, text }, onProgress) => {
      const name = parseHostname(apex);
      if (name === undefined)
        return refuse('invalid', `"${apex}" is not a domain name with at least two labels`);
      const file = await runInTurns(
        parseZoneFileInSteps(text, name, (done) => {
          onProgress?.({ stage: 'checking', done });
        }),
      );
      if (!file.ok) return refuse('invalid', `line ${file.line}, column ${file.column}: ${file.reason}`);
      const imported = await submitAlone(committer, (current, now) =>
        planZoneImport(current, name, file, { now, onProgress }),
      );
      if (!imported.ok) return imported;
      const { serial } = view.zone(name)!.settings;
      return {
        ok: true,
        value: { apex: formatHostname(name), records: file.records, serial, warnings: file.warnings },
      };
    },
    'zone-export': async ({ apex }) => {
      const zone = zoneOf(apex);
      if (zone === undefined) return noZone(apex);
      return { ok: true, value: { text: await runInTurns(formatZoneFileInSteps(exportZone(zone))) } };
    },
  };
}

function accountHandlers({
  view,
  committer,
  hashPassword,
}: AdministratorOptions): Pick<
  Handlers,
  'account-add' | 'account-list' | 'account-passwd' | 'account-remove'
> {
  return {
    'account-add': async (command) => {
      const weak = command.password === null ? undefined : weakness(command.password);
      if (weak !== undefined) return weak;
      const hash = command.password === null ? null : await hashed(hashPassword, command.password);
      if (typeof hash === 'object' && hash !== null) return hash;
      return submitAlone(committer, (current, now) => planAccountAdd(current, command, hash, now));
    },
    'account-list': async () => ({
      ok: true,
      value: await runInTurns(mapInSteps(view.accounts(), describeAccount)),
    }),
    'account-passwd': async (command) => {
      const weak = weakness(command.password);
      if (weak !== undefined) return weak;
      const hash = await hashed(hashPassword, command.password);
      if (typeof hash === 'object') return hash;
      return submitAlone(committer, (current) => planAccountPassword(current, command, hash));
    },
    'account-remove': (command) =>
      submitAlone(committer, (current, now) => planAccountRemove(current, command, now)),
  };
}

function hostHandlers({
  view,
  committer,
}: AdministratorOptions): Pick<
  Handlers,
  'host-add' | 'host-list' | 'host-show' | 'host-set' | 'host-block' | 'host-unblock' | 'host-remove'
> {
  // By its name, there or not: a host that is still being added is there when this is planned.
  const footprintOf = (fqdn: string): Name[] => {
    const name = parseHostname(fqdn);
    return name === undefined ? [] : [name];
  };
  const block = (command: Extract<AdminCommand, { kind: 'host-block' | 'host-unblock' }>) =>
    submitAlone(committer, (current, now) => planHostBlock(current, command, now), footprintOf(command.fqdn));
  return {
    'host-add': (command) => submitAlone(committer, (current, now) => planHostAdd(current, command, now)),
    'host-list': async ({ account }) => {
      if (account !== undefined && view.account(account.toLowerCase()) === undefined)
        return noAccount(account);
      const chosen: Host[] = [];
      for (const zone of [...view.zones()]) {
        const owned = filterInSteps(zone.hosts(), (host) => isOf(account, host));
        for (const host of await runInTurns(owned)) chosen.push(host);
      }
      return { ok: true, value: await runInTurns(mapInSteps(chosen, (host) => describeHost(view, host))) };
    },
    'host-show': ({ fqdn }) => {
      const host = findHost(view, fqdn);
      return host === undefined ? noHost(fqdn) : { ok: true, value: describeHost(view, host) };
    },
    'host-set': (command) => {
      // Which hosts a prefix moves changes only while nothing else does.
      const footprint = command.derived === undefined ? footprintOf(command.fqdn) : 'everything';
      return submitAlone(committer, (current, now) => planHostSet(current, command, now), footprint);
    },
    'host-block': block,
    'host-unblock': block,
    'host-remove': (command) => submitAlone(committer, (current) => planHostRemove(current, command)),
  };
}

function tokenHandlers({
  view,
  committer,
}: AdministratorOptions): Pick<Handlers, 'token-add' | 'token-list' | 'token-revoke'> {
  return {
    'token-add': (command) => {
      const secret = createTokenSecret();
      const made = { id: createTokenId(), secret, digest: digestTokenSecret(secret, view.tokenKey) };
      return submitAlone(committer, (current, now) => planTokenAdd(current, command, made, now));
    },
    'token-list': async ({ account }) => {
      if (account !== undefined && view.account(account.toLowerCase()) === undefined)
        return noAccount(account);
      const chosen = await runInTurns(filterInSteps(view.tokens(), (token) => isOf(account, token)));
      return { ok: true, value: await runInTurns(mapInSteps(chosen, describeToken)) };
    },
    'token-revoke': (command) => submitAlone(committer, (current) => planTokenRevoke(current, command)),
  };
}

function bulkHandlers({
  committer,
}: AdministratorOptions): Pick<Handlers, 'host-import' | 'token-add-for-hosts'> {
  return {
    'host-import': async ({ rows, existing }, onProgress) => {
      const listed = await runInTurns(readHostRows(rows, onProgress));
      if ('ok' in listed) return listed;
      return submitList(committer, listed.length, (current, now) =>
        planHostImport(current, listed, { existing, now, onProgress }),
      );
    },
    'token-add-for-hosts': async ({ rows, label, skipExisting }, onProgress) => {
      const listed = await runInTurns(readHostRows(rows, onProgress));
      if ('ok' in listed) return listed;
      return submitList(committer, listed.length, (current, now) =>
        planHostTokens(current, listed, { label, skipExisting, now, onProgress }),
      );
    },
  };
}

/** Whether something is an account's, where one is asked for. */
function isOf(account: string | undefined, thing: { readonly account: string }): boolean {
  return account === undefined || thing.account === account.toLowerCase();
}

/** The stored form of a password, or the refusal where too many are waiting for theirs. */
async function hashed(
  hashPassword: AdministratorOptions['hashPassword'],
  password: string,
): Promise<string | AdminFailure> {
  try {
    return await hashPassword(password);
  } catch (error) {
    if (!(error instanceof PasswordError) || error.code === 'failed') throw error;
    return refuse('unavailable', 'too many passwords are being checked: try again in some seconds');
  }
}

function weakness(password: string): AdminFailure | undefined {
  if (password.length < PASSWORD.least)
    return refuse('invalid', `a password has at least ${PASSWORD.least} characters`);
  if (Buffer.byteLength(password) > PASSWORD.mostBytes) {
    return refuse('invalid', `a password has at most ${PASSWORD.mostBytes} bytes`);
  }
  return undefined;
}
