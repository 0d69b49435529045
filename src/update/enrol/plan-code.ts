/** Enrolment codes: what making and revoking them does, and how they are shown. Pure; secrets are made before. */
import type { Enrolment, EnrolmentEvent } from '../../account/enrolment/enrolment.ts';
import { asksFor, parsePattern } from '../../account/enrolment/pattern.ts';
import type { StoreView } from '../../store/store.ts';
import { parseHostname } from '../../zone/hostname.ts';
import { type Name, formatHostname } from '../../zone/name.ts';
import type { AdminCommand, AdminFailure, AdminResult } from '../admin/command.ts';
import { noAccount } from '../admin/plan-account.ts';
import { DEFAULT_HOST_TTL, HOST_TTL, findHost, noHost } from '../admin/plan-host.ts';
import { noZone } from '../admin/plan-zone.ts';
import { refuse, refused } from '../admin/refusal.ts';
import type { Plan } from '../commit.ts';
import type { EnrolmentEventInfo, EnrolmentInfo, EnrolmentState } from './enrolment-command.ts';

type Create = Extract<AdminCommand, { kind: 'enroll-create' }>;

/** How many machines one code may enrol. */
export const ENROLMENT_USES = { least: 1, most: 100_000 } as const;

const DAY = 86_400;

/** How long a code may be valid, in seconds. */
export const ENROLMENT_LIFETIME = { least: 60, most: 3650 * DAY } as const;

/** What a code is for. */
type Target = Pick<Enrolment, 'account' | 'zone' | 'pattern' | 'host'>;

/** Makes a code, for hosts that it will make or for one that is there. */
export function planEnrolmentCreate(
  view: StoreView,
  command: Create,
  made: { readonly id: string; readonly code: string; readonly digest: string },
  now: number,
): Plan<AdminResult<'enroll-create'>> {
  const { uses, lifetimeSeconds, ttl = DEFAULT_HOST_TTL } = command;
  if (uses < ENROLMENT_USES.least || uses > ENROLMENT_USES.most)
    return refused(refuse('invalid', `a code has ${ENROLMENT_USES.least} to ${ENROLMENT_USES.most} uses`));
  if (lifetimeSeconds < ENROLMENT_LIFETIME.least || lifetimeSeconds > ENROLMENT_LIFETIME.most)
    return refused(refuse('invalid', 'a code is valid for one minute to 3650 days'));
  if (ttl < HOST_TTL.least || ttl > HOST_TTL.most)
    return refused(
      refuse('invalid', `a host's TTL is ${HOST_TTL.least} to ${HOST_TTL.most} seconds, not ${ttl}`),
    );
  const target = command.host === undefined ? patternTarget(view, command) : hostTarget(view, command);
  if ('ok' in target) return refused(target);
  const enrolment: Enrolment = {
    ...target,
    id: made.id,
    ttl,
    uses,
    used: 0,
    nextNumber: 1,
    events: 0,
    digest: made.digest,
    createdBy: command.by,
    createdAt: now,
    expiresAt: now + lifetimeSeconds * 1000,
    revokedAt: null,
    lastUsedAt: null,
  };
  return {
    changes: [{ kind: 'enrolment-put', enrolment }],
    result: { ok: true, value: { ...describeEnrolment(enrolment, now), code: made.code } },
  };
}

function patternTarget(view: StoreView, command: Create): Target | AdminFailure {
  if (command.account === undefined || command.zone === undefined || command.pattern === undefined)
    return refuse('invalid', 'say --account, --zone and --pattern for hosts to be made, or --host for one');
  const account = view.account(command.account.toLowerCase());
  if (account === undefined) return noAccount(command.account);
  const apex = parseHostname(command.zone);
  const zone = apex === undefined ? undefined : view.zone(apex);
  if (zone === undefined) return noZone(command.zone);
  const pattern = parsePattern(command.pattern);
  if (!pattern.ok) return refuse('invalid', pattern.reason);
  if (!asksFor(pattern.value) && command.uses > 1) {
    const reason = `"${command.pattern}" gives every machine the same name: put {serial}, {name} or {n} into it`;
    return refuse('invalid', reason);
  }
  return { account: account.name, zone: zone.apex, pattern: pattern.value.text, host: null };
}

function hostTarget(view: StoreView, command: Create): Target | AdminFailure {
  if (command.zone !== undefined || command.pattern !== undefined)
    return refuse('invalid', 'a code is for one --host, or for hosts that --zone and --pattern make');
  if (command.uses !== 1) return refuse('invalid', 'a code for one host has one use');
  const host = findHost(view, command.host!);
  if (host === undefined) return noHost(command.host!);
  if (command.account !== undefined && command.account.toLowerCase() !== host.account)
    return refuse('conflict', `${formatHostname(host.name)} is not a host of account ${command.account}`);
  return { account: host.account, zone: host.zone, pattern: null, host: host.name };
}

/** Ends a code. The hosts that it made and their tokens stay. */
export function planEnrolmentRevoke(
  view: StoreView,
  { id }: Extract<AdminCommand, { kind: 'enroll-revoke' }>,
  now: number,
): Plan<AdminResult<'enroll-revoke'>> {
  const enrolment = view.enrolments.get(id);
  if (enrolment === undefined) return refused(noEnrolment(id));
  const revoked = { ...enrolment, revokedAt: enrolment.revokedAt ?? now };
  return {
    changes: enrolment.revokedAt === null ? [{ kind: 'enrolment-put', enrolment: revoked }] : [],
    result: { ok: true, value: describeEnrolment(revoked, now) },
  };
}

/** The refusal for a code that does not exist. */
export function noEnrolment(id: string): AdminFailure {
  return refuse('not-found', `no enrolment code has the id ${id}: see "homing enroll list"`);
}

/** Whether a code takes machines at this time. */
export function enrolmentState(enrolment: Enrolment, now: number): EnrolmentState {
  if (enrolment.revokedAt !== null) return 'revoked';
  if (enrolment.expiresAt <= now) return 'expired';
  return enrolment.used >= enrolment.uses ? 'used-up' : 'active';
}

/** A code, never with its digest. */
export function describeEnrolment(enrolment: Enrolment, now: number): EnrolmentInfo {
  const { id, account, zone, pattern, host, ttl, uses, used, createdBy } = enrolment;
  return {
    id,
    state: enrolmentState(enrolment, now),
    account,
    zone: formatHostname(zone),
    pattern,
    host: nameOrNull(host),
    ttl,
    uses,
    used,
    createdBy,
    createdAt: new Date(enrolment.createdAt).toISOString(),
    expiresAt: new Date(enrolment.expiresAt).toISOString(),
    revokedAt: timeOrNull(enrolment.revokedAt),
    lastUsedAt: timeOrNull(enrolment.lastUsedAt),
  };
}

/** A line of a code's log. */
export function describeEvent(event: EnrolmentEvent): EnrolmentEventInfo {
  const { enrolment, at, kind, source, name, serial, host, token, reason } = event;
  return {
    enrolment,
    at: new Date(at).toISOString(),
    kind,
    source,
    name,
    serial,
    host: nameOrNull(host),
    token,
    reason,
  };
}

function nameOrNull(name: Name | null): string | null {
  return name === null ? null : formatHostname(name);
}

function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
