/**
 * Enrolment codes: secrets that machines exchange for a host and a token of their own, and what became of each.
 *
 * Invariants: the code itself is never stored, only its keyed digest; `used` never exceeds `uses`; a machine belongs
 * to one code and has one host; of the tokens that a code gave to a machine the last two are valid at most.
 */
import type { Name } from '../../zone/name.ts';

/** A code as stored. */
export interface Enrolment {
  readonly id: string;
  /** The account that owns what is made. */
  readonly account: string;
  readonly zone: Name;
  /** How the label of a new host is made (`pattern.ts`); null where the code is for one host that is there. */
  readonly pattern: string | null;
  /** The one host; null where the code makes hosts. */
  readonly host: Name | null;
  /** Of the hosts that it makes, seconds. */
  readonly ttl: number;
  /** How many machines may enrol. */
  readonly uses: number;
  /** How many have. */
  readonly used: number;
  /** The number that `{n}` tries next. */
  readonly nextNumber: number;
  /** How many lines its log has had. */
  readonly events: number;
  /** HMAC-SHA256 of the code under the store's token key, base64url. */
  readonly digest: string;
  /** Who made it, as the command line knew it. */
  readonly createdBy: string;
  /** Milliseconds since the epoch, as all times here. */
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
  /** When it last gave out a token. */
  readonly lastUsedAt: number | null;
}

/** A machine that a code has given a host to, by the code and the host. */
export interface Machine {
  readonly enrolment: string;
  readonly host: Name;
  /** What it called itself when it enrolled. */
  readonly name: string;
  readonly serial: string | null;
  /** The ids of its valid tokens, the newest last: two at most. */
  readonly tokens: readonly string[];
  readonly enrolledAt: number;
  /** When it last was given further tokens: as many times as are looked at for the limit. */
  readonly renewals: readonly number[];
}

/** What a line of a code's log is about. */
export const EVENT_KINDS = ['enrolled', 'renewed', 'refused'] as const;

/** One line of a code's log. */
export interface EnrolmentEvent {
  readonly enrolment: string;
  /** From 1, in the order in which they happened. */
  readonly number: number;
  readonly kind: (typeof EVENT_KINDS)[number];
  readonly at: number;
  /** The address it came from, canonical text. */
  readonly source: string;
  readonly name: string;
  readonly serial: string | null;
  /** Null where it did not get as far as a host. */
  readonly host: Name | null;
  /** The id of the token that it was given. */
  readonly token: string | null;
  /** Why it was refused, as the machine was told in one word; null where it was not. */
  readonly reason: string | null;
}

/** What is stored of codes. Values read from it are immutable. */
export interface EnrolmentDirectory {
  get(id: string): Enrolment | undefined;
  byDigest(digest: string): Enrolment | undefined;
  all(): Iterable<Enrolment>;
  machine(enrolment: string, host: Name): Machine | undefined;
  /** The machine that enrolled as this one, see `identityOf`. */
  machineKnownAs(enrolment: string, identity: string): Machine | undefined;
  machines(enrolment: string): Iterable<Machine>;
  /** The machines that have a host, of codes that were forgotten as well. */
  machinesAt(host: Name): Iterable<Machine>;
  /** In the order in which they happened; of those that are not `enrolled` the last thousand. */
  events(enrolment: string): readonly EnrolmentEvent[];
}

/** How many lines of a code's log that are not `enrolled` are kept: whoever holds a code must not fill the disk. */
export const MAX_OTHER_EVENTS = 1000;

/** By what a code knows a machine again: its serial number, or its name where it has told none. */
export function identityOf({ name, serial }: Pick<Machine, 'name' | 'serial'>): string {
  return serial === null ? `name ${name.toLowerCase()}` : `serial ${serial.toLowerCase()}`;
}
