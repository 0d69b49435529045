/**
 * Registration by an ACME client: a host of its own that publishes TXT values alone, and the token that may change
 * them. Pure; names and secrets are made before.
 * Invariant: host and token are made in one commit or not at all, in the zone and for the account of the settings.
 */
import type { Host } from '../account/host.ts';
import type { Token } from '../account/token.ts';
import type { StoreView } from '../store/store.ts';
import type { Name } from '../zone/name.ts';
import { coveringCut } from './admin/occlusion.ts';
import type { Plan } from './commit.ts';
import type { RequestOutcome } from './outcome.ts';

/** Who is to own the host, and where. */
export interface RegistrationRequest {
  /** An existing account. */
  readonly account: string;
  /** The new host's name. */
  readonly name: Name;
  /** The token's id and the digest of its secret. */
  readonly tokenId: string;
  readonly digest: string;
}

/** What came of a registration; `misconfigured` names what the settings speak of and the store does not have. */
export type RegistrationResult =
  | { readonly kind: 'registered' }
  | { readonly kind: 'misconfigured'; readonly missing: 'account' | 'zone' }
  | Extract<RequestOutcome, { kind: 'overloaded' | 'unavailable' }>;

/** Seconds; the host has no addresses that it could matter for. */
const HOST_TTL = 60;

/** The new host and its token. */
export function planRegistration(
  view: StoreView,
  { account, name, tokenId, digest }: RegistrationRequest,
  now: number,
): Plan<RegistrationResult> {
  const missing = (what: 'account' | 'zone'): Plan<RegistrationResult> => ({
    changes: [],
    result: { kind: 'misconfigured', missing: what },
  });
  if (view.account(account) === undefined) return missing('account');
  const zone = view.zoneFor(name);
  if (zone === undefined || coveringCut(zone, name) !== undefined) return missing('zone');
  const host: Host = {
    name,
    zone: zone.apex,
    account,
    ttl: HOST_TTL,
    ipv4: null,
    ipv6: null,
    wildcard: false,
    changedAt: null,
    blocked: false,
  };
  const token: Token = { id: tokenId, account, hosts: [name], label: 'acme-dns', digest, createdAt: now };
  return {
    changes: [
      { kind: 'host-put', host },
      { kind: 'token-put', token },
    ],
    result: { kind: 'registered' },
  };
}
