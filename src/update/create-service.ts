/**
 * The update service: answers an update that changes nothing from memory, and hands every other to the one writer.
 * Invariant: an update of a host for which another is still being written is planned after that one, so that a
 * delayed repeat of an old address can't be told `unchanged` and then lose.
 */
import type { Clock } from '../ops/clock.ts';
import type { StoreView } from '../store/store.ts';
import type { Name } from '../zone/name.ts';
import type { Committer } from './commit.ts';
import { planUpdate } from './plan-update.ts';
import { MAX_HOSTS_PER_REQUEST, type UpdateRequest } from './request.ts';
import type { UpdateResult, UpdateService } from './service.ts';

/** Seconds after which a client may try again when the write queue is full, and when the store takes no writes. */
const RETRY_AFTER = { overloaded: 5, unavailable: 60 } as const;

/** What the update service works on. */
export interface UpdateServiceOptions {
  readonly view: StoreView;
  readonly committer: Committer;
  readonly clock: Clock;
  /** Told why an update could not be made durable. */
  readonly onUnavailable?: (reason: string) => void;
}

/** Creates the service over a store's view and its writer. */
export function createUpdateService({
  view,
  committer,
  clock,
  onUnavailable,
}: UpdateServiceOptions): UpdateService {
  async function submit(request: UpdateRequest, names: readonly Name[]): Promise<UpdateResult> {
    const submission = await committer.submit({
      footprint: names,
      // A prefix moves hosts that the request does not name.
      ...(request.prefix === undefined
        ? {}
        : { reach: (current: StoreView) => names.flatMap((name) => current.derivedFrom(name)) }),
      plan: (current, now) => planUpdate(current, request, now),
    });
    if (submission.kind === 'committed') return { kind: 'hosts', outcomes: submission.result };
    if (submission.kind === 'unavailable') onUnavailable?.(submission.reason);
    return { kind: submission.kind, retryAfterSeconds: RETRY_AFTER[submission.kind] };
  }

  return {
    update(request) {
      if (request.hostnames.length === 0) return { kind: 'no-hostname' };
      if (request.hostnames.length > MAX_HOSTS_PER_REQUEST) {
        return { kind: 'too-many-hosts', limit: MAX_HOSTS_PER_REQUEST };
      }
      const names = request.hostnames.filter((name): name is Name => name !== undefined);
      if (!names.some((name) => committer.isPending(name))) {
        const plan = planUpdate(view, request, clock.now());
        if (plan.changes.length === 0) return { kind: 'hosts', outcomes: plan.result };
      }
      return submit(request, names);
    },
  };
}
