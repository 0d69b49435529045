/**
 * Zones as everybody sees them who does not keep them: what is set of one, what its names own, and what resolution reads.
 *
 * Invariant: nothing here changes a zone, and nothing says how one lies in memory; a node and an RRset are as the zone is
 * when they are read, while settings, addresses and owners are values, which stay as they were.
 */
import type { AcceptPolicy } from '../net/address-class.ts';
import type { IpAddress } from '../net/ip-address.ts';
import type { Name } from './name.ts';
import type { RRset } from './rrset.ts';
import type { SoaFields } from './soa.ts';

/** What is stored of a zone beside its RRsets and hosts. */
export interface ZoneSettings {
  readonly apex: Name;
  readonly soa: SoaFields;
  readonly serial: number;
  readonly accept: AcceptPolicy;
}

/** What a host publishes. */
export interface HostAddresses {
  readonly name: Name;
  readonly ttl: number;
  readonly ipv4: IpAddress | null;
  readonly ipv6: IpAddress | null;
  /** Whether `*.name` has the same addresses. */
  readonly wildcard: boolean;
}

/** One node of the tree; without RRsets it is an empty non-terminal or a host without an address. */
export interface ZoneNode {
  rrset(type: number): RRset | undefined;
  rrsets(): Iterable<RRset>;
}

/** What resolution reads of a zone. */
export interface ZoneView {
  readonly apex: Name;
  readonly settings: ZoneSettings;
  readonly soa: RRset;
  /** The node of a name at or below the apex; undefined where the name does not exist. */
  node(name: Name): ZoneNode | undefined;
}

/** The zones a server is authoritative for. */
export interface ZoneSet {
  /** The zone with the longest apex at or above `name`. */
  zoneFor(name: Name): ZoneView | undefined;
}

/** A name with a host or static RRsets, or both. */
export interface ZoneOwner {
  readonly name: Name;
  readonly host: HostAddresses | undefined;
  /** Without the SOA and without the host's addresses. */
  readonly rrsets: readonly RRset[];
}
