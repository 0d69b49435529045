/**
 * A name whose address a device keeps current. Invariants: the fully qualified name lies at or below `zone`; what only
 * few hosts have is absent from the others, never undefined.
 */
import type { InterfaceId } from '../net/interface-id.ts';
import type { IpPrefix } from '../net/ip-prefix.ts';
import type { Name } from '../zone/name.ts';
import type { HostAddresses } from '../zone/zone-view.ts';

/**
 * Where the IPv6 address of a host comes from that does not report it: the prefix that another host's device, the
 * router, reported last, the number of a subnet in it, and the host's own interface id.
 */
export interface Derivation {
  readonly router: Name;
  /** From 0; the LAN of most routers is 0. */
  readonly subnet: number;
  readonly interfaceId: InterfaceId;
}

/** A host as stored. At most one address of each family, as every DDNS client knows it. */
export interface Host extends HostAddresses {
  readonly zone: Name;
  /** The owning account's name. */
  readonly account: string;
  /** When an address last changed, milliseconds since the epoch; null if none was ever set. */
  readonly changedAt: number | null;
  /** Whether the operator has taken its updates away; what it published is answered all the same. */
  readonly blocked: boolean;
  /** The IPv6 prefix that its device reported last: never an address, and never published. */
  readonly prefix?: IpPrefix;
  /** Where its IPv6 address comes from, if not from its own updates. */
  readonly derived?: Derivation;
}
