/**
 * Forgets enrolment codes that ended long ago, with their logs, through the one writer.
 *
 * Invariants: a code is kept for as long as a machine may still present it, which for one that is used up is until it
 * expires, and then for `KEPT_MS` more; one commit drops a bounded number of things; what tells which tokens the machine
 * of a host has stays for as long as that host does, because the tokens end with it.
 */
import type { Enrolment } from '../../account/enrolment/enrolment.ts';
import type { Log } from '../../ops/log.ts';
import { type Steps, findInSteps } from '../../ops/steps.ts';
import type { Change } from '../../store/change.ts';
import type { StoreView } from '../../store/store.ts';
import type { Committer, Plan } from '../commit.ts';

const DAY_MS = 86_400_000;

/** How long a code and its log are kept after it was revoked or expired. */
export const KEPT_MS = 90 * DAY_MS;

/** Codes, and machines, that one commit forgets. */
const CODES_AT_ONCE = 100;
const MACHINES_AT_ONCE = 2000;

/** What one commit forgets. */
export interface Purged {
  readonly codes: number;
  /** Whether there may be more to forget. */
  readonly isMore: boolean;
}

/** When a code ended, or will: milliseconds since the epoch. */
export function endOf({ revokedAt, expiresAt }: Pick<Enrolment, 'revokedAt' | 'expiresAt'>): number {
  return revokedAt === null ? expiresAt : Math.min(revokedAt, expiresAt);
}

/** Forgets some of the codes that ended long enough ago. */
export function* planPurge(view: StoreView, now: number): Steps<Plan<Purged>> {
  const { enrolments } = view;
  const over: Enrolment[] = [];
  yield* findInSteps(enrolments.all(), (code) => {
    if (endOf(code) + KEPT_MS <= now) over.push(code);
    return over.length === CODES_AT_ONCE;
  });
  const changes: Change[] = [];
  let codes = 0;
  let machines = 0;
  for (const { id } of over) {
    const gone = yield* findInSteps(enrolments.machines(id), ({ host }) => {
      if (view.host(host) !== undefined) return false;
      changes.push({ kind: 'machine-remove', enrolment: id, host });
      return ++machines === MACHINES_AT_ONCE;
    });
    if (gone !== undefined) break;
    changes.push({ kind: 'enrolment-remove', id });
    codes++;
  }
  return { changes, result: { codes, isMore: codes === CODES_AT_ONCE || codes < over.length } };
}

/** What a purge works on, and how often. */
export interface PurgeOptions {
  readonly committer: Committer;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Milliseconds from the start to the first purge, and from each to the next; a minute and an hour where absent. */
  readonly firstMs?: number;
  readonly everyMs?: number;
}

/** A purge that goes on by itself. */
export interface EnrolmentPurge {
  /** Forgets what is due now; resolves with the number of codes. What cannot be written is tried again the next time. */
  run(): Promise<number>;
  /** Ends it; one that is under way ends first. */
  stop(): Promise<void>;
}

/** Starts to forget codes, by a timer that keeps no process alive. */
export function startEnrolmentPurge(options: PurgeOptions): EnrolmentPurge {
  const { committer, log, firstMs = 60_000, everyMs = 3_600_000 } = options;
  let isStopped = false;
  let running: Promise<unknown> | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function run(): Promise<number> {
    let codes = 0;
    for (let isMore = true; isMore && !isStopped;) {
      const submission = await committer.submit({ footprint: 'everything', plan: planPurge });
      if (submission.kind !== 'committed') break;
      codes += submission.result.codes;
      ({ isMore } = submission.result);
    }
    if (codes > 0) log.info({ codes }, 'forgot enrolment codes that ended long ago, and their logs');
    return codes;
  }

  function schedule(ms: number): void {
    timer = setTimeout(() => {
      running = run()
        .catch((error: unknown) => {
          log.warn({ err: error }, 'old enrolment codes could not be forgotten; it is tried again');
        })
        .finally(() => {
          if (!isStopped) schedule(everyMs);
        });
    }, ms);
    timer.unref();
  }

  schedule(firstMs);
  return {
    run,
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
