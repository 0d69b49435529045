/** What every dialect is translated into: who wants which names to have which addresses. No HTTP, no DNS packet. */
import type { Principal } from '../account/principal.ts';
import type { IpAddress } from '../net/ip-address.ts';
import type { IpPrefix } from '../net/ip-prefix.ts';
import type { Name } from '../zone/name.ts';

/** What shall become of one address family of a host. */
export type AddressIntent =
  | { readonly kind: 'keep' }
  | { readonly kind: 'clear' }
  | { readonly kind: 'set'; readonly address: IpAddress };

/** One update of one or more hosts; applied in one commit. */
export interface UpdateRequest {
  readonly principal: Principal;
  /** In request order; undefined where what was sent is not a fully qualified name. */
  readonly hostnames: readonly (Name | undefined)[];
  readonly ipv4: AddressIntent;
  readonly ipv6: AddressIntent;
  /** The prefix that the device's network has; undefined where nothing was said of it, which changes nothing of it. */
  readonly prefix?: IpPrefix | undefined;
}

/** How many hosts one request may name (Dyn's limit, on which clients rely). */
export const MAX_HOSTS_PER_REQUEST = 20;
