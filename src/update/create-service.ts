/**
 * The update service: answers an update that changes nothing from memory, and hands every other to the one writer.
 * Invariant: an update of a host for which another is still being written is planned after that one, so that a
 * delayed repeat of an old address can't be told `unchanged` and then lose.
 */
import type { Host } from '../account/host.ts';
import type { Clock } from '../ops/clock.ts';
import type { StoreView } from '../store/store.ts';
import type { Name } from '../zone/name.ts';
import type { ChangeBudget } from './change-budget.ts';
import type { Committer, Intent } from './commit.ts';
import { planRegistration } from './plan-registration.ts';
import { hostNameBehind, planTxt, txtRdata } from './txt/plan-txt.ts';
import { changedFamilies, planUpdate } from './plan-update.ts';
import type { HostOutcome, RequestOutcome } from './outcome.ts';
import { MAX_HOSTS_PER_REQUEST, type UpdateRequest } from './request.ts';
import type { UpdateResult, UpdateService } from './service.ts';
import { createTxtAges } from './txt/txt-ages.ts';
import type { TxtRequest, TxtResult } from './txt/txt.ts';

/** Seconds after which a client may try again when the write queue is full, and when the store takes no writes. */
const RETRY_AFTER = { overloaded: 5, unavailable: 60 } as const;

type Refusal = keyof typeof RETRY_AFTER;

/** What the update service works on. */
export interface UpdateServiceOptions {
  readonly view: StoreView;
  readonly committer: Committer;
  readonly clock: Clock;
  /** How often hosts may change; without it as often as they like. */
  readonly budget?: ChangeBudget | undefined;
  /** Told why an update could not be made durable. */
  readonly onUnavailable?: (reason: string) => void;
}

/** Creates the service over a store's view and its writer. */
export function createUpdateService(options: UpdateServiceOptions): UpdateService {
  const { view, committer, clock, budget, onUnavailable } = options;
  const ages = createTxtAges(clock.now());

  const submit = <T>(intent: Intent<T>): Promise<Submitted<T>> => submitTo(committer, intent, onUnavailable);

  async function submitTxt(request: TxtRequest, owners: readonly Name[]): Promise<TxtResult> {
    const submission = await submit({
      footprint: [...new Set([...owners, ...owners.map(hostNameBehind)])],
      plan: (current, now) => planTxt(current, request, { now, ages }),
    });
    if (submission.kind !== 'committed') return submission;
    const { change } = request;
    if (change.kind === 'add') {
      for (const owner of owners) ages.note(owner, txtRdata(change.value), clock.now());
    }
    return { kind: 'txt', outcomes: submission.result };
  }

  return {
    update(request) {
      if (request.hostnames.length === 0) return { kind: 'no-hostname' };
      if (request.hostnames.length > MAX_HOSTS_PER_REQUEST) {
        return { kind: 'too-many-hosts', limit: MAX_HOSTS_PER_REQUEST };
      }
      const names = request.hostnames.filter((name): name is Name => name !== undefined);
      if (!names.some((name) => committer.isPending(name))) {
        const plan = planUpdate(view, request, clock.now(), budget);
        if (plan.changes.length === 0) return { kind: 'hosts', outcomes: plan.result };
      }
      return submitUpdate(options, request, names);
    },
    async updateTxt(request) {
      if (request.owners.length === 0) return { kind: 'no-hostname' };
      if (request.owners.length > MAX_HOSTS_PER_REQUEST * 2)
        return { kind: 'too-many-hosts', limit: MAX_HOSTS_PER_REQUEST };
      const owners = request.owners.filter((name): name is Name => name !== undefined);
      return submitTxt(request, owners);
    },
    async register(request) {
      const submission = await submit({
        footprint: 'everything',
        plan: (current, now) => planRegistration(current, request, now),
      });
      return submission.kind === 'committed' ? submission.result : submission;
    },
  };
}

async function submitUpdate(
  { committer, budget, onUnavailable }: UpdateServiceOptions,
  request: UpdateRequest,
  names: readonly Name[],
): Promise<UpdateResult> {
  const changed: { readonly before: Host | undefined; readonly host: Host }[] = [];
  const intent: Intent<readonly HostOutcome[]> = {
    footprint: names,
    // A prefix moves hosts that the request does not name.
    ...(request.prefix === undefined
      ? {}
      : { reach: (current: StoreView) => names.flatMap((name) => current.derivedFrom(name)) }),
    plan: (current, now) => {
      const plan = planUpdate(current, request, now, budget);
      for (const change of budget === undefined ? [] : plan.changes)
        if (change.kind === 'host-put')
          changed.push({ before: current.host(change.host.name), host: change.host });
      return plan;
    },
  };
  const submission = await submitTo(committer, intent, onUnavailable);
  if (submission.kind !== 'committed') return submission;
  // Durable by now: what could not be written costs nothing.
  for (const { before, host } of changed) {
    for (const family of changedFamilies(before, host)) budget?.spend(host.name, family);
  }
  return { kind: 'hosts', outcomes: submission.result };
}

type Submitted<T> =
  { readonly kind: 'committed'; readonly result: T } | Extract<RequestOutcome, { kind: Refusal }>;

async function submitTo<T>(
  committer: Committer,
  intent: Intent<T>,
  onUnavailable: UpdateServiceOptions['onUnavailable'],
): Promise<Submitted<T>> {
  const submission = await committer.submit(intent);
  if (submission.kind === 'committed') return submission;
  if (submission.kind === 'unavailable') onUnavailable?.(submission.reason);
  return { kind: submission.kind, retryAfterSeconds: RETRY_AFTER[submission.kind] };
}
