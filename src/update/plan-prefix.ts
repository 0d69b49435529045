/**
 * What a reported IPv6 prefix does: it is stored with the host it was reported for, and every host that is defined on
 * it moves. Pure.
 * Invariants: all of it is in the changes of the one request; the reporting host's own addresses are not touched; a
 * host that cannot move keeps its address and does not keep the others from moving.
 */
import type { Host } from '../account/host.ts';
import { type IpPrefix, isSamePrefix } from '../net/ip-prefix.ts';
import type { StoreView } from '../store/store.ts';
import type { Name } from '../zone/name.ts';
import type { Plan } from './commit.ts';
import { type HostNotice, deriveAddress } from './derivation.ts';
import type { HostOutcome } from './outcome.ts';

/** What is reported, and for whom. */
export interface PrefixReport {
  readonly hostnames: readonly (Name | undefined)[];
  readonly prefix: IpPrefix;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What a prefix changed for the hosts of one router, itself included. */
interface Moved {
  readonly changed: boolean;
  readonly notices: readonly HostNotice[];
}

/** Adds to the plan of a request's addresses what its prefix does, for each host that the request may update. */
export function planPrefix(
  view: StoreView,
  { hostnames, prefix, now }: PrefixReport,
  plan: Plan<readonly HostOutcome[]>,
): Plan<readonly HostOutcome[]> {
  const after = new Map<Name, Host>();
  for (const change of plan.changes) if (change.kind === 'host-put') after.set(change.host.name, change.host);
  const moved = new Map<Name, Moved>();
  for (const [index, name] of hostnames.entries()) {
    const { kind } = plan.result[index]!;
    if (name !== undefined && (kind === 'changed' || kind === 'unchanged') && !moved.has(name))
      moved.set(name, movePrefix(view, { name, prefix, now, after }));
  }
  const result = plan.result.map((outcome, index): HostOutcome => {
    const name = hostnames[index];
    const move = name === undefined ? undefined : moved.get(name);
    if (move === undefined || (outcome.kind !== 'changed' && outcome.kind !== 'unchanged')) return outcome;
    const { ipv4, ipv6 } = after.get(name!) ?? outcome;
    const notices = [...(outcome.notices ?? []), ...move.notices];
    return {
      kind: move.changed || after.has(name!) ? 'changed' : 'unchanged',
      ipv4,
      ipv6,
      ...(notices.length === 0 ? {} : { notices }),
    };
  });
  return { changes: Array.from(after.values(), (host) => ({ kind: 'host-put', host })), result };
}

/** Stores the prefix with one host and moves those that are defined on it; `after` has all hosts that differ. */
function movePrefix(
  view: StoreView,
  { name, prefix, now, after }: { name: Name; prefix: IpPrefix; now: number; after: Map<Name, Host> },
): Moved {
  const router = after.get(name) ?? view.host(name)!;
  let changed = !isSamePrefix(router.prefix, prefix);
  if (changed) after.set(name, { ...router, prefix });
  const notices: HostNotice[] = [];
  for (const dependent of view.derivedFrom(name)) {
    const host = after.get(dependent) ?? view.host(dependent)!;
    const ipv6 = deriveAddress(view, { ...host, derived: host.derived! }, prefix);
    if (typeof ipv6 !== 'string') notices.push({ host: dependent, problem: ipv6 });
    else if (ipv6 !== host.ipv6) {
      after.set(dependent, { ...host, ipv6, changedAt: now });
      changed = true;
    }
  }
  return { changed, notices };
}
