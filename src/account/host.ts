/** A name whose address a device keeps current. Invariant: the fully qualified name lies at or below `zone`. */
import type { Name } from '../zone/name.ts';
import type { HostAddresses } from '../zone/zone.ts';

/** A host as stored. At most one address of each family, as every DDNS client knows it. */
export interface Host extends HostAddresses {
  readonly zone: Name;
  /** The owning account's name. */
  readonly account: string;
  /** When an address last changed, milliseconds since the epoch; null if none was ever set. */
  readonly changedAt: number | null;
  /** Whether the operator has taken its updates away; what it published is answered all the same. */
  readonly blocked: boolean;
}
