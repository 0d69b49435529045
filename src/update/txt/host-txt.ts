/**
 * The TXT values that end with a host: its own, and those of its ACME challenges. Pure.
 * Invariant: whoever has the name next does not inherit what could prove somebody else's control of it; values at
 * names that are another host's, or another zone's, stay.
 */
import type { Host } from '../../account/host.ts';
import type { Change } from '../../store/change.ts';
import type { StoreView } from '../../store/store.ts';
import type { Name } from '../../zone/name.ts';
import type { RRset } from '../../zone/rrset.ts';
import { RRTYPE } from '../../zone/rrtype.ts';
import { challengeNameOf } from './plan-txt.ts';

/** The TXT values at one owner name. */
export interface OwnedTxt {
  readonly owner: Name;
  readonly rrset: RRset;
}

/** The TXT RRsets of a host, at its name and at `_acme-challenge` below it. */
export function txtOfHost(view: StoreView, host: Host): readonly OwnedTxt[] {
  const zone = view.zone(host.zone);
  const challenge = challengeNameOf(host.name);
  const isItsOwn = challenge !== undefined && view.host(challenge) === undefined;
  const found: OwnedTxt[] = [];
  for (const owner of isItsOwn ? [host.name, challenge] : [host.name]) {
    const rrset = zone?.staticRRset(owner, RRTYPE.TXT);
    if (rrset !== undefined) found.push({ owner, rrset });
  }
  return found;
}

/** The changes that take a host away with its TXT values, for one commit. */
export function hostRemoval(host: Pick<Host, 'zone' | 'name'>, txt: readonly OwnedTxt[]): readonly Change[] {
  const { zone: apex, name } = host;
  return [
    { kind: 'host-remove', zone: apex, name },
    ...txt.map(({ owner }): Change => ({ kind: 'rrset-remove', apex, owner, type: RRTYPE.TXT })),
  ];
}
