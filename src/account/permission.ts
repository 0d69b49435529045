/**
 * The two predicates that decide what a principal may do; no other module compares owners.
 * Invariant: a principal never learns that a host of another account exists.
 */
import type { Host } from './host.ts';
import type { Principal } from './principal.ts';

/** What a principal may do with a host: update it, see that it exists but not update it, or not even know of it. */
export type HostAccess = 'update' | 'see' | 'none';

/** The access of a principal to a host. A token limited to other hosts of the same account may `see` it. */
export function hostAccess(principal: Principal, host: Host): HostAccess {
  switch (principal.kind) {
    case 'operator':
      return 'update';
    case 'account':
      return principal.admin || principal.account === host.account ? 'update' : 'none';
    case 'token':
      if (principal.account !== host.account) return 'none';
      return principal.hosts === null || principal.hosts.has(host.name) ? 'update' : 'see';
  }
}

/** Whether a principal may change zones, accounts, hosts and tokens. */
export function mayAdminister(principal: Principal): boolean {
  return principal.kind === 'operator' || (principal.kind === 'account' && principal.admin);
}
