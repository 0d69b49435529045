/** The way of an administrative plan to the one writer, and of the writer's refusals back. */
import type { Steps } from '../../ops/steps.ts';
import type { StoreView } from '../../store/store.ts';
import type { Name } from '../../zone/name.ts';
import type { Committer, Plan } from '../commit.ts';
import type { AdminFailure } from './command.ts';
import { refuse } from './refusal.ts';

/** Submits a plan that must see the state alone, unless a footprint says less, and renders the writer's refusals. */
export async function submitAlone<T>(
  committer: Committer,
  plan: (view: StoreView, now: number) => Plan<T | AdminFailure> | Steps<Plan<T | AdminFailure>>,
  footprint: readonly Name[] | 'everything' = 'everything',
): Promise<T | AdminFailure> {
  const submission = await committer.submit({ footprint, plan });
  if (submission.kind === 'committed') return submission.result;
  const reason =
    submission.kind === 'unavailable' ? submission.reason : 'too many changes are waiting: try again';
  return refuse('unavailable', reason);
}
