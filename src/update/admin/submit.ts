/** The way of an administrative plan to the one writer, and of the writer's refusals back. */
import type { Steps } from '../../ops/steps.ts';
import type { StoreView } from '../../store/store.ts';
import type { Name } from '../../zone/name.ts';
import type { Committer, Plan, Submission } from '../commit.ts';
import type { AdminFailure } from './command.ts';
import { refuse } from './refusal.ts';

/** Lines that are carried out in some tens of milliseconds, for which a file beside the journal is not worth it. */
const LONG_LIST = 2000;

/** Submits a plan that must see the state alone, unless a footprint says less, and renders the writer's refusals. */
export async function submitAlone<T>(
  committer: Committer,
  plan: (view: StoreView, now: number) => Plan<T | AdminFailure> | Steps<Plan<T | AdminFailure>>,
  footprint: readonly Name[] | 'everything' = 'everything',
): Promise<T | AdminFailure> {
  return answerOf(await committer.submit({ footprint, plan }));
}

/** Submits the plan of a list of so many lines, for which updates need not wait where it is long (`Intent.isLarge`). */
export async function submitList<T>(
  committer: Committer,
  lines: number,
  plan: (view: StoreView, now: number) => Steps<Plan<T | AdminFailure>>,
): Promise<T | AdminFailure> {
  return answerOf(await committer.submit({ footprint: 'everything', isLarge: lines > LONG_LIST, plan }));
}

function answerOf<T>(submission: Submission<T | AdminFailure>): T | AdminFailure {
  if (submission.kind === 'committed') return submission.result;
  const reason =
    submission.kind === 'unavailable' ? submission.reason : 'too many changes are waiting: try again';
  return refuse('unavailable', reason);
}
