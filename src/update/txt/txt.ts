/**
 * TXT values that devices and ACME clients set at hosts: what is asked for and what came of it. No HTTP, no DNS packet.
 */
import type { Principal } from '../../account/principal.ts';
import type { Name } from '../../zone/name.ts';
import type { HostOutcome, RecordRefused, RequestOutcome } from '../outcome.ts';

/** What shall become of the TXT values at an owner name. */
export type TxtChange =
  /** Beside what is there, as the newest; the oldest leave where there are too many. */
  | { readonly kind: 'add'; readonly value: string }
  | { readonly kind: 'remove'; readonly value: string }
  /** In place of all that is there. */
  | { readonly kind: 'replace'; readonly value: string }
  | { readonly kind: 'clear' };

/** One change of TXT values at one or more owner names, made in one commit. */
export interface TxtRequest {
  readonly principal: Principal;
  /** Hosts, or `_acme-challenge` directly below them; undefined where what was sent is no such name. */
  readonly owners: readonly (Name | undefined)[];
  readonly change: TxtChange;
}

/** The result for one owner name. */
export type TxtOutcome =
  | { readonly kind: 'changed' }
  | { readonly kind: 'unchanged' }
  | Extract<HostOutcome, { kind: 'no-such-host' | 'not-fqdn' | 'not-permitted' | 'blocked' }>
  | RecordRefused;

/** One outcome for each owner name of the request in its order, or one for the request as a whole. */
export type TxtResult =
  | { readonly kind: 'txt'; readonly outcomes: readonly TxtOutcome[] }
  | Extract<RequestOutcome, { kind: 'no-hostname' | 'too-many-hosts' | 'overloaded' | 'unavailable' }>;

/** The longest value: one character-string (RFC 1035 §3.3.14), of printable ASCII. */
export const TXT_VALUE = /^[\x20-\x7e]{1,255}$/;
