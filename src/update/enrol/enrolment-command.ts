/**
 * The administrative commands about enrolment codes, as plain JSON, and what they answer with. They are part of the
 * closed set in `admin/command.ts`. Invariant: a code is told once, by the command that makes it.
 */
import { z } from 'zod';
import type { EnrolmentEvent } from '../../account/enrolment/enrolment.ts';

/** The schema of each command. */
export const ENROLMENT_COMMANDS = [
  z.strictObject({
    kind: z.literal('enroll-create'),
    /** Absent where the code is for one host: then it is the host's. */
    account: z.string().optional(),
    /** Zone and pattern for new hosts, or one existing host. */
    zone: z.string().optional(),
    pattern: z.string().optional(),
    host: z.string().optional(),
    /** How many machines may enrol. */
    uses: z.number().int(),
    lifetimeSeconds: z.number().int(),
    /** Of the hosts that are made; absent: as of any host. */
    ttl: z.number().int().optional(),
    /** Who makes it. */
    by: z.string().max(100),
  }),
  z.strictObject({ kind: z.literal('enroll-list') }),
  z.strictObject({ kind: z.literal('enroll-revoke'), id: z.string() }),
  /** Absent `id`: of all codes. */
  z.strictObject({ kind: z.literal('enroll-log'), id: z.string().optional() }),
] as const;

/** Whether a code still takes machines, and if not, why. */
export type EnrolmentState = 'active' | 'used-up' | 'expired' | 'revoked';

/** A code as shown to people and scripts, without its secret. Times are ISO 8601. */
export interface EnrolmentInfo {
  readonly id: string;
  readonly state: EnrolmentState;
  readonly account: string;
  readonly zone: string;
  readonly pattern: string | null;
  readonly host: string | null;
  readonly ttl: number;
  readonly uses: number;
  readonly used: number;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly revokedAt: string | null;
  readonly lastUsedAt: string | null;
}

/** A line of a code's log as shown to people and scripts. */
export interface EnrolmentEventInfo {
  readonly enrolment: string;
  readonly at: string;
  readonly kind: EnrolmentEvent['kind'];
  readonly source: string;
  readonly name: string;
  readonly serial: string | null;
  readonly host: string | null;
  readonly token: string | null;
  readonly reason: string | null;
}

/** What each command answers with where it succeeds. */
export interface EnrolmentResults {
  'enroll-create': EnrolmentInfo & { readonly code: string };
  'enroll-list': readonly EnrolmentInfo[];
  'enroll-revoke': EnrolmentInfo;
  'enroll-log': readonly EnrolmentEventInfo[];
}
