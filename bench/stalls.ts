/**
 * How long the event loop stands still, because for as long no DNS question is answered: the longest delay that
 * perf_hooks.monitorEventLoopDelay sees while one thing is done that is large. Beside it, the longest delay of the same
 * loop while nothing is done, which is the machine's own noise.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { join } from 'node:path';
import { systemClock } from '../src/ops/clock.ts';
import type { Change } from '../src/store/change.ts';
import { openEmbeddedStore } from '../src/store/embedded/open-embedded-store.ts';
import { createCommitter } from '../src/update/commit.ts';
import { nameOf, hostChange, provision } from './provision.ts';
import { inDirectory, sleep } from './processes.ts';
import { type Benchmark, type Row, runAsProgram, withUnit } from './report.ts';

const BAR_MS = 50;
const BATCH = 2000;

/** The rows of stalls, at this many hosts. */
export const benchStalls: Benchmark = (scale) =>
  inDirectory(async (parent) => {
    const directory = join(parent, 'data');
    await provision(directory, scale.hosts);
    const store = await openEmbeddedStore({ directory, onNotice: () => undefined });
    const committer = createCommitter({ store, clock: systemClock });
    const put = (changes: readonly Change[]): Promise<unknown> =>
      committer.submit({ footprint: 'everything', plan: () => ({ changes, result: undefined }) });
    const updates = async (until: Promise<unknown>): Promise<void> => {
      const progress = { isDone: false };
      const ended = until.finally(() => (progress.isDone = true));
      for (let i = 0; !progress.isDone; i = (i + 1) % scale.hosts) {
        const change = hostChange(i);
        await committer.submit({
          footprint: [nameOf(`h${i}`)],
          plan: () => ({ changes: [change], result: 0 }),
        });
      }
      await ended;
    };
    const all = Array.from({ length: scale.hosts }, (_, i) => hostChange(i));
    const tasks: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['nothing', () => sleep(scale.seconds * 1000)],
      ['updates one after the other', () => updates(sleep(scale.seconds * 1000))],
      [`a commit of ${BATCH.toLocaleString('en')} hosts`, () => put(all.slice(0, BATCH))],
      [`one commit of all ${scale.hosts.toLocaleString('en')} hosts`, () => put(all)],
      ['a compaction while updates go on', () => updates(store.compact())],
      ['a backup while updates go on', () => updates(store.backup(join(parent, 'backup')))],
    ];
    try {
      const rows: Row[] = [];
      for (const [what, task] of tasks) rows.push(rowOf(what, await longestDelay(task), rows[0]));
      return rows;
    } finally {
      await committer.close();
      await store.close();
    }
  });

async function longestDelay(task: () => Promise<unknown>): Promise<number> {
  globalThis.gc?.();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  // The first timer only sets the beginning: what comes before it is not seen.
  await sleep(20);
  await task();
  // A stall is recorded by the timer that comes late, so that one must come before the recording ends.
  await sleep(20);
  delay.disable();
  return delay.max / 1e6;
}

function rowOf(what: string, longestMs: number, idle: Row | undefined): Row {
  const idleMs = idle?.values?.['longestMs'];
  return {
    what: `longest stall: ${what}`,
    figure: withUnit(longestMs, 'ms'),
    ...(idleMs === undefined
      ? {}
      : { ratio: `${(longestMs / idleMs).toFixed(1)} × idle`, bar: `≤ ${BAR_MS} ms` }),
    values: { longestMs },
  };
}

if (import.meta.main) await runAsProgram('stalls', benchStalls);
