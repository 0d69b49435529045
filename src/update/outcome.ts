/**
 * The closed set of results of an update. Each surface renders it through one table that is exhaustive by type, so
 * a new kind does not compile until every surface has an answer for it.
 */
import type { BadCredentials } from '../account/authenticator.ts';
import type { AcceptPolicy, AddressClass } from '../net/address-class.ts';
import type { IpAddress } from '../net/ip-address.ts';
import type { HostNotice } from './derivation.ts';

/** The addresses a host has after an update. */
export interface PublishedAddresses {
  readonly ipv4: IpAddress | null;
  readonly ipv6: IpAddress | null;
}

/** What the owner should know although the update was done: hosts whose IPv6 address stayed, and why; absent if none. */
export interface Noticed {
  readonly notices?: readonly HostNotice[];
}

/** The result for one host name of a request. */
export type HostOutcome =
  | ({ readonly kind: 'changed' } & PublishedAddresses & Noticed)
  | ({ readonly kind: 'unchanged' } & PublishedAddresses & Noticed)
  /** No host of that name, or one of somebody else: the two are not told apart. */
  | { readonly kind: 'no-such-host' }
  /** What was sent is not a fully qualified name. */
  | { readonly kind: 'not-fqdn' }
  /** The account's own host, but the token is limited to others. */
  | { readonly kind: 'not-permitted' }
  /** The account's own host, whose updates the operator has blocked. */
  | { readonly kind: 'blocked' }
  /** The account's own host, which changed too often; it may again after this time. */
  | { readonly kind: 'over-budget'; readonly retryAfterSeconds: number }
  /** The zone's policy does not publish an address of this class. */
  | {
      readonly kind: 'address-refused';
      readonly address: IpAddress;
      readonly class: AddressClass;
      readonly policy: AcceptPolicy;
    };

/** The result for a request as a whole, where it did not get as far as its hosts. */
export type RequestOutcome =
  | { readonly kind: 'bad-credentials'; readonly why?: BadCredentials }
  /** They stood in a URL, and the operator takes such from where that came over HTTPS only, or not at all. */
  | { readonly kind: 'insecure-credentials' }
  /** Too many failed log-ins from there: try again later. */
  | { readonly kind: 'locked-out'; readonly retryAfterSeconds: number }
  /** The request lacks something or holds a value that is none; `reason` says what, without what was sent. */
  | { readonly kind: 'bad-request'; readonly reason: string }
  | { readonly kind: 'no-hostname' }
  | { readonly kind: 'too-many-hosts'; readonly limit: number }
  /** More waiting than the bounded queues hold. */
  | { readonly kind: 'overloaded'; readonly retryAfterSeconds: number }
  /** The store takes no writes now (disk full, shutting down). */
  | { readonly kind: 'unavailable'; readonly retryAfterSeconds: number };

/** A TXT value that other data of the zone leaves no place for: a CNAME at its name, a delegation above it. */
export interface RecordRefused {
  readonly kind: 'record-refused';
}

/** Any result. */
export type Outcome = HostOutcome | RecordRefused | RequestOutcome;

/** The names of all results. */
export type OutcomeKind = Outcome['kind'];
