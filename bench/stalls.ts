/**
 * How long the event loop stands still, because for as long no DNS question is answered: the longest delay that
 * perf_hooks.monitorEventLoopDelay sees, and the most processor time that one turn takes, while one thing is done that is large. Beside it, the longest delay of the same
 * loop while nothing is done, which is the machine's own noise.
 */
import { randomBytes } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { join } from 'node:path';
import { createTokenId } from '../src/account/token.ts';
import { answerQuery } from '../src/dns/answer.ts';
import { Publisher } from '../src/dns/fast/publish/publisher.ts';
import { AnswerTable } from '../src/dns/fast/table/answer-table.ts';
import { peerOf } from '../src/dns/rrl/source-words.ts';
import { systemClock } from '../src/ops/clock.ts';
import { type Steps, beginInTurns, mapInSteps } from '../src/ops/steps.ts';
import type { Change } from '../src/store/change.ts';
import { openEmbeddedStore } from '../src/store/embedded/open-embedded-store.ts';
import { createCommitter } from '../src/update/commit.ts';
import { ACCOUNT, nameOf, hostChange } from './provision.ts';
import { inDirectory, runLoad, sleep } from './processes.ts';
import { type Benchmark, type Row, runAsProgram, withUnit } from './report.ts';

const PROVISION = join(import.meta.dirname, 'provision.ts');
const BAR_MS = 50;
const BATCH = 2000;

/** The rows of stalls, at this many hosts. */
export const benchStalls: Benchmark = (scale) =>
  inDirectory(async (parent) => {
    const directory = join(parent, 'data');
    // In a process of its own: what it leaves behind would be collected in the middle of a measurement.
    await runLoad([process.execPath, PROVISION, directory, String(scale.hosts)]);
    const store = await openEmbeddedStore({ directory, onNotice: () => undefined });
    // What is published for the DNS workers is published by the same loop.
    const table = new AnswerTable(1, new Int32Array(new SharedArrayBuffer(4)), () => undefined);
    const off = { settings: {}, cookies: undefined, limiter: undefined, log: { error: () => undefined } };
    const asked = { transport: 'udp', source: peerOf('127.0.0.1'), clock: systemClock } as const;
    const context = { zones: store.view, ...asked, ...off };
    const publisher = new Publisher(table, store.view, (query) => answerQuery(query, context));
    await publisher.publishAll(() => new Promise((resolve) => setImmediate(resolve)));
    store.onCommit((changes) => beginInTurns(publisher.publish(changes)));
    const committer = createCommitter({ store, clock: systemClock });
    const put = (changes: readonly Change[]): Promise<unknown> =>
      committer.submit({ footprint: 'everything', plan: () => ({ changes, result: undefined }) });
    const waits = { longestMs: 0 };
    const updates = async (until: Promise<unknown>): Promise<void> => {
      const progress = { isDone: false };
      const ended = until.finally(() => (progress.isDone = true));
      for (let i = 0; !progress.isDone; i = (i + 1) % scale.hosts) {
        const change = hostChange(i);
        const begun = performance.now();
        await committer.submit({
          footprint: [nameOf(`h${i}`)],
          plan: () => ({ changes: [change], result: 0 }),
        });
        waits.longestMs = Math.max(waits.longestMs, performance.now() - begun);
      }
      await ended;
    };
    const many = scale.hosts.toLocaleString('en');
    const load = (plan: () => Steps<Change[]>): Promise<unknown> =>
      committer.submit({
        footprint: 'everything',
        isLarge: true,
        *plan() {
          return { changes: yield* plan(), result: undefined };
        },
      });
    const newHosts = () => mapInSteps(range(scale.hosts), (i) => hostChange(i, `n${i}`));
    const newTokens = () => mapInSteps(range(scale.hosts), (i) => tokenChange(i));
    const first = (count: number): Change[] => Array.from({ length: count }, (_, i) => hostChange(i));
    const tasks: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['nothing', () => sleep(scale.seconds * 1000)],
      ['updates one after the other', () => updates(sleep(scale.seconds * 1000))],
      [`a commit of ${BATCH.toLocaleString('en')} hosts`, () => put(first(BATCH))],
      [`one commit of all ${many} hosts`, () => put(everyHost)],
      [`an import of ${many} hosts while updates go on`, () => updates(load(newHosts))],
      [`${many} tokens for hosts while updates go on`, () => updates(load(newTokens))],
      ['a compaction while updates go on', () => updates(store.compact())],
      ['a backup while updates go on', () => updates(store.backup(join(parent, 'backup')))],
    ];
    const everyHost = first(scale.hosts);
    try {
      const rows: Row[] = [];
      for (const [what, task] of tasks) {
        waits.longestMs = 0;
        const stall = await longestStall(task);
        rows.push(rowOf(what, { ...stall, longestWaitMs: waits.longestMs }, rows[0]));
      }
      return rows;
    } finally {
      await committer.close();
      await store.close();
    }
  });

function* range(count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield i;
}

function tokenChange(i: number): Change {
  const digest = randomBytes(32).toString('base64url');
  const hosts = [nameOf(`h${i}`)];
  const token = { id: createTokenId(), account: ACCOUNT, hosts, label: 'bench', digest, createdAt: 0 };
  return { kind: 'token-put', token };
}

interface Stall {
  readonly longestMs: number;
  /** Of one turn of the loop, the processor time of its thread: what the machine's other work does not add to. */
  readonly longestCpuMs: number;
}

async function longestStall(task: () => Promise<unknown>): Promise<Stall> {
  globalThis.gc?.();
  const turns = watchTurns();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  // The first timer only sets the beginning: what comes before it is not seen.
  await sleep(20);
  await task();
  // A stall is recorded by the timer that comes late, so that one must come before the recording ends.
  await sleep(20);
  delay.disable();
  return { longestMs: delay.max / 1e6, longestCpuMs: turns.stop() };
}

/** Measures each turn of the event loop until it is stopped, which gives the longest in milliseconds. */
function watchTurns(): { stop: () => number } {
  const spent = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let longest = 0;
  let last = spent();
  let stopped = false;
  const turn = (): void => {
    const now = spent();
    longest = Math.max(longest, now - last);
    last = now;
    if (!stopped) setImmediate(turn);
  };
  setImmediate(turn);
  return {
    stop: () => {
      stopped = true;
      return longest;
    },
  };
}

function rowOf(
  what: string,
  { longestMs, longestCpuMs, longestWaitMs }: Stall & { readonly longestWaitMs: number },
  idle: Row | undefined,
): Row {
  const idleMs = idle?.values?.['longestMs'];
  return {
    what: `longest stall: ${what}`,
    figure: `${withUnit(longestMs, 'ms')}, ${withUnit(longestCpuMs, 'ms')} of processor time${
      longestWaitMs === 0 ? '' : `; longest wait of an update ${withUnit(longestWaitMs, 'ms')}`
    }`,
    ...(idleMs === undefined
      ? {}
      : { ratio: `${(longestMs / idleMs).toFixed(1)} × idle`, bar: `≤ ${BAR_MS} ms` }),
    values: { longestMs, longestCpuMs, longestWaitMs },
  };
}

if (import.meta.main) await runAsProgram('stalls', benchStalls);
