/**
 * What a machine asks for that holds an enrolment code, and the closed set of answers.
 * Invariant: every surface renders the answers through one table that is exhaustive by type.
 */
import type { IpAddress } from '../../net/ip-address.ts';

/** A machine with a code, as it presents itself. */
export interface EnrolmentRequest {
  /** As sent. */
  readonly code: string;
  /** The machine's own name. */
  readonly name: string;
  /** As sent; empty where it told none. */
  readonly serial: string;
  /** Where it is (net/source-address). */
  readonly source: IpAddress;
}

/** What a machine has from now on. Names without the trailing dot. */
export interface Enrolled {
  readonly kind: 'enrolled';
  readonly host: string;
  readonly zone: string;
  readonly account: string;
  readonly tokenId: string;
  readonly secret: string;
  /** The zone's name servers. */
  readonly servers: readonly string[];
  /** Whether this machine had enrolled before. */
  readonly renewed: boolean;
}

/** Why a machine with a code was not enrolled; each but `unknown-code` and `locked-out` is a line of the code's log. */
export type EnrolmentRefusal =
  /** No code, or a revoked one: the two are not told apart. */
  | { readonly kind: 'unknown-code' }
  | { readonly kind: 'expired-code' }
  | { readonly kind: 'used-up-code' }
  /** The pattern needs a serial number, and the machine has none of its own. */
  | { readonly kind: 'serial-needed' }
  /** What the machine says of itself does not give a label. */
  | { readonly kind: 'name-unusable' }
  /** The name is taken by something that this code did not make. */
  | { readonly kind: 'host-taken'; readonly host: string }
  /** This code gave the name to another machine. */
  | { readonly kind: 'other-machine'; readonly host: string }
  /** The zone or the host that the code is for is not there any more. */
  | { readonly kind: 'target-gone' }
  /** The same machine again and again. */
  | { readonly kind: 'too-often'; readonly retryAfterSeconds: number }
  /** Too many wrong codes from this source. */
  | { readonly kind: 'locked-out'; readonly retryAfterSeconds: number };

/** What came of a request. `enrolment` is the code's id, where it was one. */
export type EnrolmentOutcome = { readonly enrolment?: string } & (
  | Enrolled
  | EnrolmentRefusal
  /** More waiting than the bounded queues hold. */
  | { readonly kind: 'overloaded'; readonly retryAfterSeconds: number }
  /** The store takes no writes now. */
  | { readonly kind: 'unavailable'; readonly retryAfterSeconds: number }
);

/** Enrols machines. `enrolled` is given only once host, token, count and log are durable, all of them in one commit. */
export interface Enroller {
  enrol(request: EnrolmentRequest): Promise<EnrolmentOutcome>;
}
