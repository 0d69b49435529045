/**
 * A list of hosts into the zones: all of its hosts in one change. Pure.
 * Invariant: a list that cannot be carried out as a whole changes nothing, and the refusal names the line and the field.
 */
import type { Derivation, Host } from '../../../account/host.ts';
import { classifyAddress, isPublishable } from '../../../net/address-class.ts';
import { formatIpAddress } from '../../../net/ip-address.ts';
import { type Steps, visitInSteps } from '../../../ops/steps.ts';
import type { Change } from '../../../store/change.ts';
import type { StoreView } from '../../../store/store.ts';
import { formatHostname } from '../../../zone/name.ts';
import type { Zone } from '../../../zone/zone.ts';
import type { Plan } from '../../commit.ts';
import type { AdminCommand, AdminFailure, AdminResult, OnProgress } from '../command.ts';
import { settleDerived } from '../../derivation.ts';
import { accountConflict, isSameDerivation, planDerivation } from '../plan-derivation.ts';
import { DEFAULT_HOST_TTL, staticConflict } from '../plan-host.ts';
import { type ListedHost, refuseLine } from './host-rows.ts';
import { ListedRouters } from './listed-routers.ts';

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
  const routers = new ListedRouters(view);
  let failure: AdminFailure | undefined;
  let done = 0;
  const visit = (line: ListedHost): void => {
    if (failure !== undefined) return;
    const outcome = planLine({ view, routers }, line, options);
    if ('ok' in outcome) failure = outcome;
    else {
      counts[outcome.kind]++;
      if (outcome.host !== undefined) changes.push({ kind: 'host-put', host: outcome.host });
    }
    if (++done % REPORT_EVERY === 0) options.onProgress?.({ stage: 'planning', done, total: listed.length });
  };
  yield* visitInSteps(listed, (line) => {
    routers.expect(line);
  });
  // Those on prefixes last: their routers may stand below them.
  yield* visitInSteps(listed, (line) => {
    if (line.derived === undefined) visit(line);
  });
  yield* visitInSteps(listed, (line) => {
    if (line.derived !== undefined) visit(line);
  });
  if (failure !== undefined) return { changes: [], result: failure };
  options.onProgress?.({ stage: 'storing', done: 0, total: changes.length });
  return { changes, result: { ok: true, value: counts } };
}

type LineOutcome =
  | { readonly kind: 'added' | 'updated'; readonly host: Host }
  | { readonly kind: 'unchanged' | 'skipped'; readonly host?: undefined };

interface Known {
  readonly view: StoreView;
  readonly routers: ListedRouters;
}

function planLine(known: Known, written: ListedHost, options: ImportOptions): LineOutcome | AdminFailure {
  const { view, routers } = known;
  const before = view.host(written.name);
  if (before !== undefined && options.existing === 'skip') return { kind: 'skipped' };
  const zone = view.zoneFor(written.name);
  if (zone === undefined) {
    const reason = `no zone holds ${formatHostname(written.name)}: add one with "homing zone add"`;
    return refuseLine(written, 'fqdn', 'not-found', reason);
  }
  const planned = planOnPrefix(routers, written, before);
  if (planned !== undefined && 'ok' in planned) return planned;
  const line = planned === undefined ? written : { ...written, account: written.account ?? planned.account };
  const refusal = accountProblem(view, line) ?? addressProblem(zone, line);
  if (refusal !== undefined) return refusal;
  if (before !== undefined && options.existing === 'refuse') {
    const reason = `host ${formatHostname(line.name)} exists already: --skip-existing leaves such hosts alone, --update-existing changes them`;
    return refuseLine(line, 'fqdn', 'exists', reason);
  }
  const conflict =
    before === undefined ? newProblem(zone, line) : derivationProblem(view, before, line, planned?.derived);
  if (conflict !== undefined) return conflict;
  const listed =
    before === undefined ? newHost(zone, line, options.now) : movedHost(before, line, options.now);
  const host = planned === undefined ? listed : onPrefix(known, listed, { ...planned, now: options.now });
  routers.define(host);
  if (before === undefined) return { kind: 'added', host };
  return isSameHost(before, host) ? { kind: 'unchanged' } : { kind: 'updated', host };
}

function onPrefix(
  { view, routers }: Known,
  listed: Host,
  { derived, now }: { readonly derived: Derivation; readonly now: number },
): Host {
  routers.derive(listed.name, derived.router);
  return settleDerived(view, { ...listed, derived }, now).host;
}

/** What a line says of a prefix, carried out; undefined where it says nothing. */
function planOnPrefix(
  routers: ListedRouters,
  line: ListedHost,
  before: Host | undefined,
): { readonly derived: Derivation; readonly account: string } | undefined | AdminFailure {
  if (line.derived === undefined) return undefined;
  const definee = {
    name: line.name,
    account: line.account,
    ...(before?.derived && { derived: before.derived }),
  };
  const planned = planDerivation(routers, definee, line.derived);
  if ('ok' in planned) return refuseLine(line, 'prefixOf', planned.code, planned.message);
  if (line.ipv6 === undefined) return planned;
  return refuseLine(
    line,
    'ipv6',
    'conflict',
    `it comes from the prefix of ${formatHostname(planned.derived.router)}`,
  );
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
function derivationProblem(
  view: StoreView,
  before: Host,
  line: ListedHost,
  wanted: Derivation | undefined,
): AdminFailure | undefined {
  const conflict = line.account === before.account ? undefined : accountConflict(view, before);
  if (conflict !== undefined) return refuseLine(line, 'account', 'conflict', conflict);
  const derived = wanted ?? before.derived;
  if (derived === undefined || line.ipv6 === undefined || line.ipv6 === before.ipv6) return undefined;
  return refuseLine(
    line,
    'ipv6',
    'conflict',
    `it comes from the prefix of ${formatHostname(derived.router)}`,
  );
}

function newProblem(zone: Zone<Host>, line: ListedHost): AdminFailure | undefined {
  const conflict = staticConflict(zone, line.name);
  return conflict === undefined ? undefined : refuseLine(line, 'fqdn', conflict.code, conflict.message);
}

function newHost(zone: Zone<Host>, line: ListedHost, now: number): Host {
  return {
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
}

/** What the line leaves open stays: a host's devices may have moved it since the list was written. */
function movedHost(before: Host, line: ListedHost, now: number): Host {
  const ipv4 = line.ipv4 ?? before.ipv4;
  const ipv6 = line.ipv6 ?? before.ipv6;
  const ttl = line.ttl ?? before.ttl;
  const changedAt = ipv4 !== before.ipv4 || ipv6 !== before.ipv6 ? now : before.changedAt;
  return { ...before, account: line.account!, ipv4, ipv6, ttl, changedAt };
}

/** Whether a list changed nothing of a host that it can say. */
function isSameHost(a: Host, b: Host): boolean {
  return (
    a.ipv4 === b.ipv4 &&
    a.ipv6 === b.ipv6 &&
    a.ttl === b.ttl &&
    a.account === b.account &&
    isSameDerivation(a.derived, b.derived)
  );
}
