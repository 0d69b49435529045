/**
 * The one writer: every change of the store goes through here, and this file is the only caller of `store.commit`.
 *
 * Owns the queue of intents and turns it into batches: while one batch becomes durable, the next one gathers, so all
 * that arrive meanwhile share one fsync and a lone one waits for no timer. An intent is planned when its batch is
 * formed, against the state that is served at that moment; two intents that touch the same host never share a batch.
 * Invariants: intents on the same host take effect in the order they arrived; the queue is bounded; a zone's serial
 * grows by every batch that changes what the zone answers (RFC 1982); a failed commit changes nothing.
 */
import type { Host } from '../account/host.ts';
import type { Clock } from '../ops/clock.ts';
import { type Steps, runInTurns, visitInSteps } from '../ops/steps.ts';
import type { Change } from '../store/change.ts';
import { type Store, StoreError, type StoreView } from '../store/store.ts';
import type { Name } from '../zone/name.ts';
import { nextSerial } from '../zone/serial.ts';
import type { ZoneSettings } from '../zone/zone.ts';

/** What an intent wants changed, and what its submitter gets once that is durable and served. */
export interface Plan<T> {
  readonly changes: readonly Change[];
  readonly result: T;
}

/** A change that is wanted but not planned yet. */
export interface Intent<T> {
  /** The hosts that the plan reads and changes, or 'everything' for an intent that must be alone in its batch. */
  readonly footprint: readonly Name[] | 'everything';
  /** Hosts beyond its footprint that the plan changes too, as the state just before its batch has them. */
  reach?(view: StoreView): readonly Name[];
  /**
   * Pure; called once, with the state that precedes the change and the time in milliseconds. A long one may be in
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
  /** Whether an intent that touches this host waits or is being written. */
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
export function createCommitter({
  store,
  clock,
  queueLimit = 10_000,
  batchLimit = 2_000,
}: CommitterOptions): Committer {
  let queue: Waiting[] = [];
  let running: Promise<void> | undefined;
  let closed = false;
  const pending = new Map<Name, number>();

  async function run(): Promise<void> {
    while (queue.length > 0) {
      // Everything that the current turn of the event loop still delivers joins this batch.
      await new Promise((resolve) => setImmediate(resolve));
      const { batch, rest } = takeBatch(queue, batchLimit, store.view);
      queue = rest;
      await write(store, clock.now(), batch);
      for (const waiting of batch) release(pending, waiting.intent.footprint);
    }
    running = undefined;
  }

  return {
    submit<T>(intent: Intent<T>): Promise<Submission<T>> {
      if (closed) return Promise.resolve({ kind: 'unavailable', reason: 'Homing is shutting down' });
      if (queue.length >= queueLimit) return Promise.resolve({ kind: 'overloaded' });
      return new Promise<Submission<T>>((resolve, reject) => {
        // The plan's result type is erased in the queue and comes back to the promise it was submitted with.
        queue.push({ intent, settle: resolve as Waiting['settle'], fail: reject });
        hold(pending, intent.footprint);
        running ??= run();
      });
    },
    isPending: (host) => pending.has(host),
    async close() {
      closed = true;
      await running;
    },
  };
}

/** The longest run of the queue's intents, in order, that do not touch each other's hosts. */
function takeBatch(
  queue: readonly Waiting[],
  limit: number,
  view: StoreView,
): { batch: Waiting[]; rest: Waiting[] } {
  const batch: Waiting[] = [];
  const rest: Waiting[] = [];
  const touched = new Set<Name>();
  for (const [index, waiting] of queue.entries()) {
    const { footprint } = waiting.intent;
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
async function write(store: Store, now: number, batch: readonly Waiting[]): Promise<void> {
  const parts: (readonly Change[])[] = [];
  const committed: { waiting: Waiting; result: unknown }[] = [];
  for (const waiting of batch) {
    try {
      const planned = waiting.intent.plan(store.view, now);
      const plan = 'next' in planned ? await runInTurns(planned) : planned;
      if (plan.changes.length === 0) {
        waiting.settle({ kind: 'committed', result: plan.result });
        continue;
      }
      parts.push(plan.changes);
      committed.push({ waiting, result: plan.result });
    } catch (error) {
      waiting.fail(error);
    }
  }
  if (parts.length === 0) return;
  const changes = parts.length === 1 ? parts[0]! : parts.flat();
  try {
    await store.commit(await runInTurns(withSerials(store.view, changes, now)));
    for (const { waiting, result } of committed) waiting.settle({ kind: 'committed', result });
  } catch (error) {
    for (const { waiting } of committed) {
      if (error instanceof StoreError) waiting.settle({ kind: 'unavailable', reason: error.message });
      else waiting.fail(error);
    }
  }
}

/** The changes, and the next serial of every existing zone of which they change an answer. */
function* withSerials(view: StoreView, changes: readonly Change[], now: number): Steps<readonly Change[]> {
  const touched = new Set<Name>();
  const ended = new Set<Name>();
  const planned = new Map<Name, ZoneSettings>();
  yield* visitInSteps(changes, (change) => {
    if (change.kind === 'zone-put') planned.set(change.zone.apex, change.zone);
    else if (change.kind === 'zone-remove') ended.add(change.apex);
    else if (change.kind === 'host-put') {
      if (!touched.has(change.host.zone) && publishesOtherwise(change.host, view))
        touched.add(change.host.zone);
    } else if (change.kind === 'host-remove') touched.add(change.zone);
    else if (change.kind === 'rrset-put' || change.kind === 'rrset-remove') touched.add(change.apex);
  });
  const serials: Change[] = [];
  for (const apex of new Set([...planned.keys(), ...touched])) {
    const current = view.zone(apex)?.settings;
    // A zone that begins with this batch keeps the serial it was given; one that ends with it needs none.
    if (current === undefined || ended.has(apex)) continue;
    const settings = planned.get(apex) ?? current;
    serials.push({ kind: 'zone-put', zone: { ...settings, serial: nextSerial(current.serial, now) } });
  }
  return changes.concat(serials);
}

/** Whether DNS answers anything else with this host than with what is stored of it. */
function publishesOtherwise({ zone, name, ttl, ipv4, ipv6, wildcard }: Host, view: StoreView): boolean {
  const stored = view.zone(zone)?.host(name);
  return stored?.ttl !== ttl || stored.ipv4 !== ipv4 || stored.ipv6 !== ipv6 || stored.wildcard !== wildcard;
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
