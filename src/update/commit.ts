/**
 * The one writer: every change of the store goes through here, and this file is the only caller of `store.commit`.
 *
 * Owns the queue of intents and turns it into batches: while one batch becomes durable, the next one gathers, so all
 * that arrive meanwhile share one fsync and a lone one waits for no timer. An intent is planned when its batch is
 * formed, against the state that is served at that moment; two intents that touch the same host never share a batch.
 * Invariants: intents on the same host take effect in the order they arrived; the queue is bounded; a zone's serial
 * grows by every batch that changes what the zone answers (RFC 1982); a failed commit changes nothing.
 */
import type { Clock } from '../ops/clock.ts';
import { PIECES_PER_STEP, type Steps, runInTurns } from '../ops/steps.ts';
import type { Change } from '../store/change.ts';
import { type Store, StoreError, type StoreView } from '../store/store.ts';
import { Turns } from '../ops/turns.ts';
import type { Name } from '../zone/name.ts';
import { ChangedSince, namesOf } from './writing/changed-since.ts';
import { MovingHosts, movedHosts } from './writing/moving-hosts.ts';
import { nextSerials, touchedZones } from './writing/next-serials.ts';

/** What an intent wants changed, and what its submitter gets once that is durable and served. */
export interface Plan<T> {
  readonly changes: readonly Change[];
  readonly result: T;
}

/** A change that is wanted but not planned yet. */
export interface Intent<T> {
  /** The hosts that the plan reads and changes, or 'everything' for an intent that must be alone in its batch. */
  readonly footprint: readonly Name[] | 'everything';
  /**
   * Whether others shall not wait for it, of which the footprint is 'everything'. Intents with a footprint of hosts then
   * come before it while it is planned and prepared, so its plan, which may be made twice, takes steps and rests on
   * nothing that they change but the hosts that it puts, their routers and the accounts of hosts that it makes tokens for.
   */
  readonly isLarge?: boolean;
  /** Hosts beyond its footprint that the plan changes too, as the state just before its batch has them. */
  reach?(view: StoreView): readonly Name[];
  /**
   * Pure; called once unless it is large, with the state that precedes the change and the time in milliseconds. A long one may be in
   * steps where it is alone in its batch: nobody else changes the state before it is committed.
   */
  plan(view: StoreView, now: number): Plan<T> | Steps<Plan<T>>;
}

/** What became of a submitted intent. */
export type Submission<T> =
  | { readonly kind: 'committed'; readonly result: T }
  /** The queue is full; nothing was queued. */
  | { readonly kind: 'overloaded' }
  /** The store could not make it durable; nothing was changed. `reason` is for the operator. */
  | { readonly kind: 'unavailable'; readonly reason: string };

/** The write path's last step. */
export interface Committer {
  submit<T>(intent: Intent<T>): Promise<Submission<T>>;
  /** Whether an intent that touches this host waits, is being written, or is visible and may not be served yet. */
  isPending(host: Name): boolean;
  /** Refuses new intents and resolves when all that were accepted are settled. */
  close(): Promise<void>;
}

/** Settings of the write queue. */
export interface CommitterOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** How many intents may wait; beyond it submissions are refused. */
  readonly queueLimit?: number;
  /** How many intents one fsync may carry. */
  readonly batchLimit?: number;
}

interface Waiting {
  readonly intent: Intent<unknown>;
  readonly settle: (submission: Submission<unknown>) => void;
  readonly fail: (error: unknown) => void;
}

/** Creates the writer of a store. */
export function createCommitter(options: CommitterOptions): Committer {
  const { store, queueLimit = 10_000, batchLimit = 2_000 } = options;
  let queue: Waiting[] = [];
  let running: Promise<void> | undefined;
  /** The large intent under way, and what others changed since it began. */
  let large: { readonly ended: Promise<void>; readonly since: ChangedSince } | undefined;
  let closed = false;
  const pending = new Map<Name, number>();
  const moving = new MovingHosts();
  const writing = new Turns();

  async function run(): Promise<void> {
    while (queue.length > 0) {
      // Everything that the current turn of the event loop still delivers joins this batch.
      await new Promise((resolve) => setImmediate(resolve));
      if (large === undefined && queue[0]!.intent.isLarge === true) begin(queue.shift()!);
      const { batch, rest } = takeBatch(queue, {
        limit: batchLimit,
        view: store.view,
        isOvertaking: large !== undefined,
      });
      queue = rest;
      // What is left waits for the large one.
      if (batch.length === 0) break;
      await writing.run(() => write(options, batch, { moving, since: large?.since }));
      for (const waiting of batch) release(pending, waiting.intent.footprint);
    }
    running = undefined;
  }

  function begin(waiting: Waiting): void {
    const since = new ChangedSince();
    const ended = writeLarge(options, waiting, { since, writing, moving }).then(() => {
      large = undefined;
      if (queue.length > 0) running ??= run();
    });
    large = { ended, since };
  }

  return {
    submit<T>(intent: Intent<T>): Promise<Submission<T>> {
      if (closed) return Promise.resolve({ kind: 'unavailable', reason: 'Homing is shutting down' });
      if (queue.length + moving.waiting >= queueLimit) return Promise.resolve({ kind: 'overloaded' });
      return new Promise<Submission<T>>((resolve, reject) => {
        // The plan's result type is erased in the queue and comes back to the promise it was submitted with.
        queue.push({ intent, settle: resolve as Waiting['settle'], fail: reject });
        hold(pending, intent.footprint);
        running ??= run();
      });
    },
    isPending: (host) => pending.has(host) || moving.has(host),
    async close() {
      closed = true;
      while (running !== undefined || large !== undefined) await (running ?? large?.ended);
    },
  };
}

interface BatchRules {
  readonly limit: number;
  readonly view: StoreView;
  /** Whether intents that must be alone are left where they are, because a large one is under way. */
  readonly isOvertaking: boolean;
}

/** The longest run of the queue's intents, in order, that do not touch each other's hosts. */
function takeBatch(
  queue: readonly Waiting[],
  { limit, view, isOvertaking }: BatchRules,
): { batch: Waiting[]; rest: Waiting[] } {
  const batch: Waiting[] = [];
  const rest: Waiting[] = [];
  const touched = new Set<Name>();
  for (const [index, waiting] of queue.entries()) {
    const { footprint } = waiting.intent;
    if (isOvertaking && footprint === 'everything') {
      rest.push(waiting);
      continue;
    }
    const reached = waiting.intent.reach?.(view) ?? [];
    if (batch.length >= limit || footprint === 'everything') {
      if (index === 0) batch.push(waiting);
      return { batch, rest: rest.concat(queue.slice(index === 0 ? 1 : index)) };
    }
    const names = reached.length === 0 ? footprint : [...footprint, ...reached];
    const blocked = names.some((name) => touched.has(name));
    for (const name of names) touched.add(name);
    (blocked ? rest : batch).push(waiting);
  }
  return { batch, rest };
}

/** Plans a batch, commits what it changes, and settles each of its intents. */
async function write(
  { store, clock }: CommitterOptions,
  batch: readonly Waiting[],
  { moving, since }: { readonly moving: MovingHosts; readonly since?: ChangedSince | undefined },
): Promise<void> {
  const now = clock.now();
  const parts: (readonly Change[])[] = [];
  const committed: { waiting: Waiting; plan: Plan<unknown> }[] = [];
  for (const waiting of batch) {
    try {
      const planned = waiting.intent.plan(store.view, now);
      const plan = 'next' in planned ? await runInTurns(planned) : planned;
      if (plan.changes.length === 0) {
        settleServed(waiting, plan, moving);
        continue;
      }
      parts.push(plan.changes);
      committed.push({ waiting, plan });
    } catch (error) {
      waiting.fail(error);
    }
  }
  if (parts.length === 0) return;
  const changes = parts.length === 1 ? parts[0]! : parts.flat();
  try {
    const zones = await runInTurns(touchedZones(store.view, changes));
    const all = changes.concat(nextSerials(store.view, zones, now));
    since?.note(all, store.view);
    const moved = all.length > PIECES_PER_STEP ? await runInTurns(movedHosts(store.view, all)) : undefined;
    const committing = store.commit(all);
    if (moved !== undefined) moving.enter(moved, committing);
    await committing;
    for (const { waiting, plan } of committed) settleServed(waiting, plan, moving);
  } catch (error) {
    for (const { waiting } of committed) refuse(waiting, error);
  }
}

/** Settles an intent when the hosts that it found as it wants them are served so; those that it changed are. */
function settleServed(
  { settle, intent: { footprint } }: Waiting,
  { changes, result }: Plan<unknown>,
  moving: MovingHosts,
): void {
  const tell = (): void => {
    settle({ kind: 'committed', result });
  };
  if (moving.isEmpty || footprint === 'everything') {
    tell();
    return;
  }
  const isChanged = (host: Name): boolean =>
    changes.some((change) => change.kind === 'host-put' && change.host.name === host);
  moving.whenServed(
    footprint.filter((host) => !isChanged(host)),
    tell,
  );
}

function refuse({ settle, fail }: Waiting, error: unknown): void {
  if (error instanceof StoreError) settle({ kind: 'unavailable', reason: error.message });
  else fail(error);
}

interface LargeCourse {
  readonly since: ChangedSince;
  readonly writing: Turns;
  readonly moving: MovingHosts;
}

/**
 * Plans and prepares a large intent while batches are written, and commits it between two of them. Where they changed
 * what it was planned on it is planned again, alone. Never rejects.
 */
async function writeLarge(
  options: CommitterOptions,
  waiting: Waiting,
  { since, writing, moving }: LargeCourse,
): Promise<void> {
  const { store, clock } = options;
  try {
    const planned = waiting.intent.plan(store.view, clock.now());
    const plan = 'next' in planned ? await runInTurns(planned) : planned;
    const { changes, result } = plan;
    if (changes.length === 0) {
      waiting.settle({ kind: 'committed', result });
      return;
    }
    const names = await runInTurns(namesOf(changes));
    const zones = await runInTurns(touchedZones(store.view, changes));
    const moved = await runInTurns(movedHosts(store.view, changes));
    const prepared = await store.prepare(changes);
    const hasMet = await runInTurns(since.meets(names));
    const shown = await writing.run(async () => {
      if (hasMet || (await runInTurns(since.meets(names)))) {
        await prepared.discard();
        await write(options, [waiting], { moving });
        return undefined;
      }
      const { told } = await prepared.make(nextSerials(store.view, zones, clock.now()));
      moving.enter(moved, told);
      return { told };
    });
    // Where it was planned again it is settled by now.
    if (shown === undefined) return;
    await shown.told;
    waiting.settle({ kind: 'committed', result });
  } catch (error) {
    refuse(waiting, error);
  }
}

function hold(pending: Map<Name, number>, footprint: Intent<unknown>['footprint']): void {
  if (footprint === 'everything') return;
  for (const name of footprint) pending.set(name, (pending.get(name) ?? 0) + 1);
}

function release(pending: Map<Name, number>, footprint: Intent<unknown>['footprint']): void {
  if (footprint === 'everything') return;
  for (const name of footprint) {
    const count = pending.get(name)! - 1;
    if (count === 0) pending.delete(name);
    else pending.set(name, count);
  }
}
