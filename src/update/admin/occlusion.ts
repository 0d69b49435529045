/** Zone cuts: which records keep names below them from being answered (RFC 1034 §4.2, RFC 6672 §2.4). */
import type { Host } from '../../account/host.ts';
import { type Name, isSubdomain, parentOf } from '../../zone/name.ts';
import { RRTYPE } from '../../zone/rrtype.ts';
import type { Zone } from '../../zone/zone.ts';

/** A delegation at or above a name, or a DNAME above it, strictly below the zone's apex (a DNAME also at it). */
export interface Cut {
  readonly owner: Name;
  readonly type: number;
}

/** The cut that keeps `name` from being answered by the zone; undefined where there is none. */
export function coveringCut(zone: Zone<Host>, name: Name): Cut | undefined {
  for (
    let owner: Name | undefined = name;
    owner !== undefined && isSubdomain(owner, zone.apex);
    owner = parentOf(owner)
  ) {
    if (owner !== zone.apex && zone.staticRRset(owner, RRTYPE.NS) !== undefined)
      return { owner, type: RRTYPE.NS };
    if (owner !== name && zone.staticRRset(owner, RRTYPE.DNAME) !== undefined)
      return { owner, type: RRTYPE.DNAME };
  }
  return undefined;
}

/** A host of the zone that a cut of this type at `owner` would keep from being answered; undefined if there is none. */
export function occludedHost(zone: Zone<Host>, { owner, type }: Cut): Host | undefined {
  return zone.hostBelow(owner, { orAt: type === RRTYPE.NS });
}
