/**
 * What an update request does to the hosts it names. Pure: state and request in, outcomes and changes out.
 * Invariants: a family that is not mentioned is kept; equality is by value; a host that is refused is not changed at
 * all, in neither family, while the other hosts of the request are; the IPv6 address of a host that is defined on
 * another's prefix is never taken from its own updates.
 */
import type { Host } from '../account/host.ts';
import { hostAccess } from '../account/permission.ts';
import { type AcceptPolicy, classifyAddress, isPublishable } from '../net/address-class.ts';
import type { IpAddress, IpFamily } from '../net/ip-address.ts';
import { type IpPrefix, isSamePrefix } from '../net/ip-prefix.ts';
import type { Change } from '../store/change.ts';
import type { StoreView } from '../store/store.ts';
import type { Name } from '../zone/name.ts';
import type { ChangeBudget } from './change-budget.ts';
import type { Plan } from './commit.ts';
import type { HostOutcome } from './outcome.ts';
import { planPrefix } from './plan-prefix.ts';
import type { AddressIntent, UpdateRequest } from './request.ts';

const KEEP: AddressIntent = { kind: 'keep' };

/** The outcome for each hostname of the request in its order, and the changes that make them true. */
export function planUpdate(
  view: StoreView,
  request: UpdateRequest,
  now: number,
  budget?: ChangeBudget,
): Plan<readonly HostOutcome[]> {
  const { hostnames } = request;
  const changes: Change[] = [];
  const outcomes: HostOutcome[] = [];
  for (let index = 0; index < hostnames.length; index++) {
    const name = hostnames[index];
    const first = hostnames.indexOf(name);
    outcomes.push(first < index ? outcomes[first]! : planHost(view, request, { name, now, changes, budget }));
  }
  const plan = { changes, result: outcomes };
  const { prefix } = request;
  return prefix === undefined ? plan : planPrefix(view, { hostnames, prefix, now }, plan);
}

/** The outcome for one name; adds the change that makes it true to `changes`. */
function planHost(
  view: StoreView,
  request: UpdateRequest,
  {
    name,
    now,
    changes,
    budget,
  }: { name: Name | undefined; now: number; changes: Change[]; budget: ChangeBudget | undefined },
): HostOutcome {
  if (name === undefined) return { kind: 'not-fqdn' };
  const host = view.host(name);
  const access = host === undefined ? 'none' : hostAccess(request.principal, host);
  if (host === undefined || access === 'none') return { kind: 'no-such-host' };
  if (access === 'see') return { kind: 'not-permitted' };
  if (access === 'blocked') return { kind: 'blocked' };
  const policy = view.zone(host.zone)!.settings.accept;
  const wanted6 = host.derived === undefined ? request.ipv6 : KEEP;
  const refused = refusedAddress(request.ipv4, policy) ?? refusedAddress(wanted6, policy);
  if (refused !== undefined)
    return { kind: 'address-refused', address: refused, class: classifyAddress(refused), policy };
  const ipv4 = intended(request.ipv4, host.ipv4);
  const ipv6 = intended(wanted6, host.ipv6);
  const isChanged = ipv4 !== host.ipv4 || ipv6 !== host.ipv6;
  const prefix = request.prefix ?? host.prefix;
  const retryAfterSeconds = budget === undefined ? 0 : waitFor(budget, host, { ...host, ipv4, ipv6, prefix });
  if (retryAfterSeconds > 0) return { kind: 'over-budget', retryAfterSeconds };
  if (isChanged) changes.push({ kind: 'host-put', host: { ...host, ipv4, ipv6, changedAt: now } });
  const kind = isChanged ? 'changed' : 'unchanged';
  if (host.derived === undefined || intended(request.ipv6, ipv6) === ipv6) return { kind, ipv4, ipv6 };
  const problem = { kind: 'reported', router: host.derived.router } as const;
  return { kind, ipv4, ipv6, notices: [{ host: name, problem }] };
}

/** Seconds until a host may become what it is to be; 0 where it may now. */
function waitFor(budget: ChangeBudget, before: Host, after: Spending): number {
  let seconds = 0;
  for (const family of changedFamilies(before, after))
    seconds = Math.max(seconds, budget.waitFor(before.name, family));
  return seconds;
}

type Spending = Pick<Host, 'ipv4' | 'ipv6'> & { readonly prefix?: IpPrefix | undefined };

/** The families in which a host changes; a prefix is IPv6, whose budget holds those who report another each time. */
export function changedFamilies(before: Spending | undefined, after: Spending): readonly IpFamily[] {
  const is6 = after.ipv6 !== before?.ipv6 || !isSameReport(before.prefix, after.prefix);
  if (after.ipv4 === before?.ipv4) return is6 ? ONLY_6 : NEITHER;
  return is6 ? BOTH : ONLY_4;
}

function isSameReport(a: IpPrefix | undefined, b: IpPrefix | undefined): boolean {
  return b === undefined ? a === undefined : isSamePrefix(a, b);
}

const NEITHER: readonly IpFamily[] = [];
const ONLY_4: readonly IpFamily[] = [4];
const ONLY_6: readonly IpFamily[] = [6];
const BOTH: readonly IpFamily[] = [4, 6];

function refusedAddress(intent: AddressIntent, policy: AcceptPolicy): IpAddress | undefined {
  return intent.kind === 'set' && !isPublishable(intent.address, policy) ? intent.address : undefined;
}

/** The address of a family that has the current one, once the intent is done. */
export function intended(intent: AddressIntent, current: IpAddress | null): IpAddress | null {
  switch (intent.kind) {
    case 'keep':
      return current;
    case 'clear':
      return null;
    case 'set':
      return intent.address;
  }
}
