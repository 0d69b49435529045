/**
 * The two predicates that decide what a principal may do; no other module compares owners.
 * Invariant: a principal never learns that a host of another account exists.
 */
import type { Host } from './host.ts';
import type { Principal } from './principal.ts';

/**
 * What a principal may do with a host: update it; be told that it is blocked, where it could update it otherwise; see
 * that it exists but not update it; or not even know of it.
 */
export type HostAccess = 'update' | 'blocked' | 'see' | 'none';

/**
 * The access of a principal to a host. A token limited to other hosts of the same account may `see` it. A blocked
 * host is the operator's alone to change: an administrator's account is a device like any other here.
 */
export function hostAccess(principal: Principal, host: Host): HostAccess {
  const access = accessByOwner(principal, host);
  return access === 'update' && host.blocked && principal.kind !== 'operator' ? 'blocked' : access;
}

function accessByOwner(principal: Principal, host: Host): 'update' | 'see' | 'none' {
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
