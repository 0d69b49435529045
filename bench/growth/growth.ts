/**
 * What an update costs more with ten times the hosts, without sockets: the part of its processor time that grows with
 * them, which is what the caches of a processor do not hold. Two processes, over few hosts and over many, take turns
 * in short slices; of the slices of each the first quartile is told, because what else a machine does only adds.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { InProcessMode, InProcessTask } from './updates-in-process.ts';
import { inDirectory } from '../processes.ts';
import { provision } from '../provision.ts';
import { type Benchmark, type Row, type Scale, runAsProgram, withUnit } from '../report.ts';

const MANY = 10;
const WARM_UP = 100_000;
/** Updates of one slice: about a tenth of a second. */
const SLICE: Readonly<Record<InProcessMode, number>> = { same: 16_384, unchanged: 12_288, changed: 4096 };
/** Slices of each second that is asked for. */
const SLICES_PER_SECOND = 5;

const KINDS: readonly { readonly mode: InProcessMode; readonly what: string }[] = [
  { mode: 'same', what: 'unchanged address of one host' },
  { mode: 'unchanged', what: 'unchanged addresses of random hosts' },
  { mode: 'changed', what: 'changed addresses of random hosts, durable' },
];

/** The rows of growth. */
export const benchGrowth: Benchmark = (scale) =>
  inDirectory(async (directory) => {
    const few = await start(join(directory, 'few'), scale.hosts);
    const many = await start(join(directory, 'many'), scale.hosts * MANY);
    try {
      const rows: Row[] = [];
      for (const kind of KINDS) rows.push(await measure(kind, { few, many }, scale));
      return rows;
    } finally {
      await Promise.all([stop(few), stop(many)]);
    }
  });

async function start(data: string, hosts: number): Promise<ChildProcess> {
  const secret = await provision(data, hosts);
  const program = join(import.meta.dirname, 'updates-in-process.ts');
  const child = fork(program, [data, secret, String(hosts)]);
  await answerOf(child);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.disconnect();
  await once(child, 'exit');
}

async function measure(
  { mode, what }: (typeof KINDS)[number],
  { few, many }: { readonly few: ChildProcess; readonly many: ChildProcess },
  { hosts, seconds, rounds }: Scale,
): Promise<Row> {
  const micros = { few: [] as number[], many: [] as number[] };
  for (const child of [few, many]) await run(child, { mode, updates: WARM_UP });
  const task = { mode, updates: SLICE[mode] };
  for (let left = seconds * rounds * SLICES_PER_SECOND; left > 0; left--) {
    micros.few.push(await run(few, task));
    micros.many.push(await run(many, task));
  }
  const [least, most] = [firstQuartile(micros.few), firstQuartile(micros.many)];
  return {
    what: `${what}, ${(hosts * MANY).toLocaleString('en')} hosts`,
    figure: withUnit(most, 'µs CPU'),
    ratio: `${withUnit(most - least, 'µs')} more than with a tenth of them (${withUnit(least, 'µs')})`,
    values: { few: least, many: most },
  };
}

async function run(child: ChildProcess, task: InProcessTask): Promise<number> {
  child.send(task);
  return await answerOf(child);
}

/** What the process says next. Rejects where it ends instead. */
function answerOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => {
      reject(new Error('a process of the benchmark has ended'));
    };
    child.once('exit', onExit);
    child.once('message', (micros: number) => {
      child.off('exit', onExit);
      resolve(micros);
    });
  });
}

function firstQuartile(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[figures.length >> 2]!;
}

if (import.meta.main) await runAsProgram('growth', benchGrowth);
