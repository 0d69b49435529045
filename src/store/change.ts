/**
 * The closed set of changes a store can make durable. Each is a full new value or a removal, so applying one twice
 * is the same as applying it once, and replaying a journal in order reaches the state that wrote it.
 */
import type { Account } from '../account/account.ts';
import type { Enrolment, EnrolmentEvent, Machine } from '../account/enrolment/enrolment.ts';
import type { Host } from '../account/host.ts';
import type { Token } from '../account/token.ts';
import type { Name } from '../zone/name.ts';
import type { RRset } from '../zone/rrset.ts';
import type { ZoneSettings } from '../zone/zone-view.ts';

/** A zone that was served once and is not any more: the last serial that anybody may have seen of it. */
export interface RetiredZone {
  readonly apex: Name;
  readonly serial: number;
}

/**
 * One change. `zone-remove` takes the zone's RRsets and hosts with it and retires its last serial; `account-remove`
 * takes the account's tokens. `retired-put` has no effect on a zone that is there, and `zone-put` ends retirement.
 * Enrolment codes and what belongs to them end with nothing else: their log tells what became of it. `enrolment-remove`
 * takes the log of a code with it, and leaves its machines.
 */
export type Change =
  | { readonly kind: 'zone-put'; readonly zone: ZoneSettings }
  | { readonly kind: 'zone-remove'; readonly apex: Name }
  | { readonly kind: 'retired-put'; readonly retired: RetiredZone }
  | { readonly kind: 'rrset-put'; readonly apex: Name; readonly owner: Name; readonly rrset: RRset }
  | { readonly kind: 'rrset-remove'; readonly apex: Name; readonly owner: Name; readonly type: number }
  | { readonly kind: 'account-put'; readonly account: Account }
  | { readonly kind: 'account-remove'; readonly name: string }
  | { readonly kind: 'host-put'; readonly host: Host }
  | { readonly kind: 'host-remove'; readonly zone: Name; readonly name: Name }
  | { readonly kind: 'token-put'; readonly token: Token }
  | { readonly kind: 'token-remove'; readonly id: string }
  | { readonly kind: 'enrolment-put'; readonly enrolment: Enrolment }
  | { readonly kind: 'enrolment-remove'; readonly id: string }
  | { readonly kind: 'machine-put'; readonly machine: Machine }
  | { readonly kind: 'machine-remove'; readonly enrolment: string; readonly host: Name }
  | { readonly kind: 'event-put'; readonly event: EnrolmentEvent };
