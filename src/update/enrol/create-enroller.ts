/**
 * The enroller: finds the code, keeps guessers out, and takes all machines that arrive while a commit is written into
 * the next one.
 *
 * Invariants: what is answered with `enrolled` is durable; a source that presents wrong codes is locked out before
 * anything is written or computed for it, while a code that is valid is taken from anywhere; the queue is bounded.
 */
import { looksLikeCode } from '../../account/enrolment/code.ts';
import { normalizeSerial } from '../../account/enrolment/pattern.ts';
import type { Lockout } from '../../account/lockout/lockout.ts';
import { createTokenDigester, createTokenId, createTokenSecret } from '../../account/token.ts';
import { formatIpAddress } from '../../net/ip-address.ts';
import type { Clock } from '../../ops/clock.ts';
import type { StoreView } from '../../store/store.ts';
import type { Committer } from '../commit.ts';
import { EnrolmentDraft } from './enrolment-draft.ts';
import type { Enroller, EnrolmentOutcome } from './enrolment.ts';
import { judgeMachine } from './judge-machine.ts';
import { type Applicant, type Decision, planEnrolments } from './plan-enrolments.ts';

/** What the enroller works on. */
export interface EnrollerOptions {
  readonly view: StoreView;
  readonly committer: Committer;
  readonly clock: Clock;
  /** Of its own: whoever mistypes a code shall not keep the log-ins of the same network out. */
  readonly lockout: Lockout;
  /** How many machines may wait; beyond it they are told to try again. */
  readonly queueLimit?: number;
  /** Told why an enrolment could not be made durable. */
  readonly onUnavailable?: (reason: string) => void;
}

/** Machines of one commit: some milliseconds of planning. */
const GROUP = 500;

/** Seconds after which to try again. */
const RETRY_AFTER = { overloaded: 5, unavailable: 60 } as const;

type Answer = Decision | { readonly kind: 'overloaded' | 'unavailable'; readonly retryAfterSeconds: number };

interface Waiting {
  readonly applicant: Applicant;
  readonly settle: (answer: Answer) => void;
  readonly fail: (error: unknown) => void;
}

/** Creates the enroller over a store's view and its writer. */
export function createEnroller(options: EnrollerOptions): Enroller {
  const { view, clock, lockout, queueLimit = 5000 } = options;
  const digest = createTokenDigester(view.tokenKey);
  let waiting: Waiting[] = [];
  let running = false;

  async function run(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      const group = waiting.slice(0, GROUP);
      waiting = waiting.slice(GROUP);
      await write(options, group);
    }
    running = false;
  }

  function submit(applicant: Applicant): Promise<Answer> {
    if (waiting.length >= queueLimit)
      return Promise.resolve({ kind: 'overloaded', retryAfterSeconds: RETRY_AFTER.overloaded });
    return new Promise((settle, fail) => {
      waiting.push({ applicant, settle, fail });
      if (!running) void run();
    });
  }

  return {
    async enrol({ code, name, serial, source }): Promise<EnrolmentOutcome> {
      const found = looksLikeCode(code) ? view.enrolments.byDigest(digest(code)) : undefined;
      const candidate = { enrolment: found?.id ?? '', name, serial: normalizeSerial(serial) };
      const { kind } = judgeMachine(new EnrolmentDraft(view), candidate, clock.now());
      const isRefused = kind !== 'new' && kind !== 'renewal';
      const retryAfterSeconds = isRefused ? lockout.admit(source, '') : 0;
      if (retryAfterSeconds > 0) return { kind: 'locked-out', retryAfterSeconds };
      if (found === undefined || kind === 'unknown-code') return { kind: 'unknown-code' };
      const secret = createTokenSecret();
      const answer = await submit({
        ...candidate,
        source: formatIpAddress(source),
        tokenId: createTokenId(),
        digest: digest(secret),
      });
      const { id: enrolment } = found;
      if (answer.kind === 'enrolled') return { enrolment, ...answer, secret };
      return answer.kind === 'unknown-code' ? answer : { enrolment, ...answer };
    },
  };
}

/** Plans and commits a group, and settles each of its machines. Never rejects. */
async function write(
  { committer, onUnavailable }: EnrollerOptions,
  group: readonly Waiting[],
): Promise<void> {
  try {
    const submission = await committer.submit({
      footprint: 'everything',
      plan: (view, now) =>
        planEnrolments(
          view,
          group.map(({ applicant }) => applicant),
          now,
        ),
    });
    if (submission.kind === 'unavailable') onUnavailable?.(submission.reason);
    for (const [i, { settle }] of group.entries())
      settle(
        submission.kind === 'committed'
          ? submission.result[i]!
          : { kind: submission.kind, retryAfterSeconds: RETRY_AFTER[submission.kind] },
      );
  } catch (error) {
    for (const { fail } of group) fail(error);
  }
}
