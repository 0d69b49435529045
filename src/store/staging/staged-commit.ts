/**
 * A large commit while others go on: its changes are made in copies of the zones, and other commits are made there as
 * well, until the copies take the place of what is served. What all stores share of it; where the changes become durable
 * is theirs.
 *
 * Invariants: nothing is visible before it is durable; zones become visible at once; other commits wait for the copying
 * of the zones and for that moment, and for nothing else.
 */
import { filterInSteps, runInTurns } from '../../ops/steps.ts';
import type { Change } from '../change.ts';
import type { CommitListeners } from '../commit-listeners.ts';
import type { State } from '../state.ts';
import type { PreparedCommit } from '../store.ts';
import { isZoneChange, zonesTouchedBy } from './zone-maps.ts';

/** The store in which a commit is staged. */
export interface StagingStore {
  readonly view: State;
  readonly listeners: CommitListeners;
  /** Runs a task while nothing else is committed. */
  readonly alone: <T>(task: () => Promise<T>) => Promise<T>;
  /** Makes the changes, which are prepared, and more behind them the next commit of what is durable. */
  readonly makeDurable: (more: readonly Change[]) => Promise<void>;
  /** Forgets what was prepared. */
  readonly discard: () => Promise<void>;
}

/** Stages changes; rejects where a step throws, and then `discard` was called. */
export async function stageCommit(
  { view, listeners, alone, makeDurable, discard }: StagingStore,
  changes: readonly Change[],
): Promise<PreparedCommit> {
  const end = async (): Promise<void> => {
    view.endStaging();
    await discard();
  };
  try {
    const touched = await runInTurns(zonesTouchedBy(changes));
    const staging = await alone(() => runInTurns(view.beginStaging(touched)));
    await runInTurns(view.fillStaging(staging, changes));
    const { others } = staging;
    const ofZones = others.length === 0 ? changes : await runInTurns(filterInSteps(changes, isZoneChange));
    const finish = async (zonesTold: Promise<unknown> | undefined): Promise<void> => {
      await runInTurns(view.applyOthers(others));
      await zonesTold;
      if (others.length > 0) await listeners.announce(others);
    };
    return {
      make: (more) =>
        alone(async () => {
          try {
            await makeDurable(more);
          } catch (error) {
            await end();
            throw error;
          }
          view.showStaging(staging, more);
          return { told: finish(listeners.announce(ofZones.concat(more))) };
        }),
      discard: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}
