/**
 * Host names of dialects whose requests name hosts by their first label only, or not at all. Pure.
 * Invariant: a host is found among those that the token is limited to, and nowhere else: a request never means all
 * hosts of an account (D-4.5).
 */
import type { Principal } from '../../../account/principal.ts';
import { formatHostname, labelsOf } from '../../../zone/name.ts';

/** The hosts a token is limited to, as text; none for a token or account that may update whatever the account has. */
export function hostsOfToken(principal: Principal): readonly string[] {
  return principal.kind === 'token' && principal.hosts !== null
    ? Array.from(principal.hosts, formatHostname)
    : [];
}

/** A full name as it is; a single label as the one host of the token that begins with it, or as it is. */
export function completeHostname(text: string, principal: Principal): string {
  if (text.includes('.') || principal.kind !== 'token' || principal.hosts === null) return text;
  const label = text.toLowerCase();
  const found = [...principal.hosts].filter((name) => labelsOf(name)[0] === label);
  return found.length === 1 ? formatHostname(found[0]!) : text;
}
