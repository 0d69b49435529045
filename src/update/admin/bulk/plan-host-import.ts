/**
 * A list of hosts into the zones: all of its hosts in one change. Pure.
 * Invariant: a list that cannot be carried out as a whole changes nothing, and the refusal names the line and the field.
 */
import type { Host } from '../../../account/host.ts';
import { classifyAddress, isPublishable } from '../../../net/address-class.ts';
import { formatIpAddress } from '../../../net/ip-address.ts';
import { type Steps, visitInSteps } from '../../../ops/steps.ts';
import type { Change } from '../../../store/change.ts';
import type { StoreView } from '../../../store/store.ts';
import { formatHostname } from '../../../zone/name.ts';
import type { Zone } from '../../../zone/zone.ts';
import type { Plan } from '../../commit.ts';
import type { AdminCommand, AdminFailure, AdminResult, OnProgress } from '../command.ts';
import { accountConflict } from '../plan-derivation.ts';
import { DEFAULT_HOST_TTL, staticConflict } from '../plan-host.ts';
import { type ListedHost, refuseLine } from './host-rows.ts';

/** What is to become of hosts that are there already. */
export type Existing = Extract<AdminCommand, { kind: 'host-import' }>['existing'];

/** How to import. */
export interface ImportOptions {
  readonly existing: Existing;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly onProgress?: OnProgress | undefined;
}

const REPORT_EVERY = 10_000;

/** Adds the hosts of a list; those that are there are refused, left alone, or made what the list says. */
export function* planHostImport(
  view: StoreView,
  listed: readonly ListedHost[],
  options: ImportOptions,
): Steps<Plan<AdminResult<'host-import'>>> {
  const changes: Change[] = [];
  const counts = { added: 0, updated: 0, unchanged: 0, skipped: 0 };
  let failure: AdminFailure | undefined;
  let done = 0;
  yield* visitInSteps(listed, (line) => {
    if (failure !== undefined) return;
    const outcome = planLine(view, line, options);
    if ('ok' in outcome) failure = outcome;
    else {
      counts[outcome.kind]++;
      if (outcome.host !== undefined) changes.push({ kind: 'host-put', host: outcome.host });
    }
    if (++done % REPORT_EVERY === 0) options.onProgress?.({ stage: 'planning', done, total: listed.length });
  });
  if (failure !== undefined) return { changes: [], result: failure };
  options.onProgress?.({ stage: 'storing', done: 0, total: changes.length });
  return { changes, result: { ok: true, value: counts } };
}

type LineOutcome =
  | { readonly kind: 'added' | 'updated'; readonly host: Host }
  | { readonly kind: 'unchanged' | 'skipped'; readonly host?: undefined };

function planLine(view: StoreView, line: ListedHost, options: ImportOptions): LineOutcome | AdminFailure {
  const before = view.host(line.name);
  if (before !== undefined && options.existing === 'skip') return { kind: 'skipped' };
  const zone = view.zoneFor(line.name);
  if (zone === undefined) {
    const reason = `no zone holds ${formatHostname(line.name)}: add one with "homing zone add"`;
    return refuseLine(line, 'fqdn', 'not-found', reason);
  }
  const refusal = accountProblem(view, line) ?? addressProblem(zone, line);
  if (refusal !== undefined) return refusal;
  if (before === undefined) return addedHost(zone, line, options.now);
  if (options.existing === 'refuse') {
    const reason = `host ${formatHostname(line.name)} exists already: --skip-existing leaves such hosts alone, --update-existing changes them`;
    return refuseLine(line, 'fqdn', 'exists', reason);
  }
  return derivationProblem(view, before, line) ?? updatedHost(before, line, options.now);
}

function accountProblem(view: StoreView, line: ListedHost): AdminFailure | undefined {
  if (line.account === undefined) return refuseLine(line, 'account', 'invalid', 'there is none');
  if (view.account(line.account) !== undefined) return undefined;
  const reason = `no account ${line.account}: add it with "homing account add"`;
  return refuseLine(line, 'account', 'not-found', reason);
}

function addressProblem(zone: Zone<Host>, line: ListedHost): AdminFailure | undefined {
  const { accept } = zone.settings;
  for (const field of ['ipv4', 'ipv6'] as const) {
    const address = line[field];
    if (address === undefined || isPublishable(address, accept)) continue;
    const reason = `${formatIpAddress(address)} is ${classifyAddress(address)}, which zone ${formatHostname(zone.apex)} (accept: ${accept}) does not publish`;
    return refuseLine(line, field, 'conflict', reason);
  }
  return undefined;
}

/** What a list must not say of hosts on a prefix and of their routers. */
function derivationProblem(view: StoreView, before: Host, line: ListedHost): AdminFailure | undefined {
  const conflict = line.account === before.account ? undefined : accountConflict(view, before);
  if (conflict !== undefined) return refuseLine(line, 'account', 'conflict', conflict);
  if (before.derived === undefined || line.ipv6 === undefined || line.ipv6 === before.ipv6) return undefined;
  const router = formatHostname(before.derived.router);
  return refuseLine(line, 'ipv6', 'conflict', `it comes from the prefix of ${router}`);
}

function addedHost(zone: Zone<Host>, line: ListedHost, now: number): LineOutcome | AdminFailure {
  const conflict = staticConflict(zone, line.name);
  if (conflict !== undefined) return refuseLine(line, 'fqdn', conflict.code, conflict.message);
  const host: Host = {
    name: line.name,
    zone: zone.apex,
    account: line.account!,
    ttl: line.ttl ?? DEFAULT_HOST_TTL,
    ipv4: line.ipv4 ?? null,
    ipv6: line.ipv6 ?? null,
    wildcard: false,
    changedAt: line.ipv4 === undefined && line.ipv6 === undefined ? null : now,
    blocked: false,
  };
  return { kind: 'added', host };
}

/** What the line leaves open stays: a host's devices may have moved it since the list was written. */
function updatedHost(before: Host, line: ListedHost, now: number): LineOutcome {
  const ipv4 = line.ipv4 ?? before.ipv4;
  const ipv6 = line.ipv6 ?? before.ipv6;
  const ttl = line.ttl ?? before.ttl;
  const moved = ipv4 !== before.ipv4 || ipv6 !== before.ipv6;
  if (!moved && ttl === before.ttl && line.account === before.account) return { kind: 'unchanged' };
  const changedAt = moved ? now : before.changedAt;
  return { kind: 'updated', host: { ...before, account: line.account!, ipv4, ipv6, ttl, changedAt } };
}
