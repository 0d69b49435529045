/**
 * How long an answer over UDP takes at 20,000 questions a second while 2,000 or 5,000 durable updates a second go on,
 * from dnsperf's line for each question: the median, the 99th percentile and the longest. Beside it, the same without
 * updates, and Knot, whose zone stays as it is, at the same rate in the same rounds.
 *
 * One answer in a hundred waits for whatever else the machine does. Where the system allows it, servers and load run
 * with real-time priority, so that the figure is theirs and not their neighbours'; the rows say whether they did.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../test/interop/free-ports.ts';
import { type Place, type Server, knot, started } from '../dns/servers.ts';
import { writeData, writeHostQuestions } from '../dns/zone.ts';
import { needing } from '../needing.ts';
import { findProgram, runLoad } from '../processes.ts';
import { type Benchmark, type Row, median, runAsProgram, withUnit } from '../report.ts';

const QUESTIONS_A_SECOND = 20_000;
const UPDATES_A_SECOND = 2000;
const MANY_UPDATES_A_SECOND = 5000;
const BAR_MS = 1;
/** With many updates beside none. */
const BAR_RATIO = 2;

/** The rows of latency. */
export const benchLatency: Benchmark = needing(
  { what: 'latency over UDP', programs: ['dnsperf', 'dig'] },
  async (directory, scale) => {
    const runner = await realTime();
    const place = { directory, hosts: scale.hosts, runner };
    const questions = join(directory, 'questions.txt');
    writeHostQuestions(questions, { hosts: scale.hosts, miss: 0 });
    const idle = updated(place, 0);
    const many = updated(place, MANY_UPDATES_A_SECOND);
    const peer = knot(place);
    const servers = [idle, updated(place, UPDATES_A_SECOND), many, peer];
    const running = [];
    const rounds = new Map<Server, Figures[]>();
    try {
      for (const server of servers.filter(({ needs }) => needs === undefined))
        running.push({ server, ...(await server.start()) });
      for (let round = 0; round < scale.rounds; round++) {
        for (const { server, port } of running) {
          const figures = await measureLatency({ runner, port }, questions, scale.seconds);
          rounds.set(server, [...(rounds.get(server) ?? []), figures]);
        }
      }
    } finally {
      for (const { process } of running) await process.stop();
    }
    const note = runner.length > 0 ? ', real-time priority' : '';
    const besideKnot = { name: "Knot's", bar: `p99 ≤ ${BAR_MS} ms, or as Knot`, rounds: rounds.get(peer) };
    const besideIdle = { name: 'without updates', bar: `p99 ≤ ${BAR_RATIO} ×`, rounds: rounds.get(idle) };
    const rows = servers.map((server) =>
      rowOf(server, rounds.get(server), server === many ? besideIdle : besideKnot),
    );
    return rows.map((row) => ({ ...row, what: row.what + note }));
  },
);

/** Times of answers in milliseconds. */
export interface Figures {
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  readonly perSecond: number;
}

/** Homing with one worker, whose hosts get new addresses so many times a second. */
function updated(place: Place, updates: number): Server {
  const { directory, hosts } = place;
  const program = join(import.meta.dirname, 'updating-server.ts');
  const start: Server['start'] = async () => {
    const data = join(directory, `updated-${updates}`);
    await writeData(data, hosts);
    const { port } = await freePorts('port');
    const own = [data, String(port), String(hosts), String(updates)];
    return await started([process.execPath, program, ...own], port, place);
  };
  return { name: `homing, ${updates} updates/s`, start };
}

/** What the same rounds of another server were, and what its p99 is to be. */
interface Beside {
  readonly name: string;
  readonly bar: string;
  readonly rounds: readonly Figures[] | undefined;
}

function rowOf({ name, needs }: Server, rounds: readonly Figures[] | undefined, beside: Beside): Row {
  const what = `latency over UDP at ${QUESTIONS_A_SECOND.toLocaleString('en')}/s: ${name}`;
  if (rounds === undefined) return { what, figure: `needs ${needs}` };
  const of = (key: keyof Figures): number => median(rounds.map((round) => round[key]));
  const [p50, p99, longest] = [of('p50'), of('p99'), of('longest')];
  const figure = `p50 ${withUnit(p50, 'ms')}, p99 ${withUnit(p99, 'ms')}, longest ${withUnit(longest, 'ms')}`;
  const { rounds: peer } = beside;
  if (peer === undefined || peer === rounds) return { what, figure, values: { p50, p99, longest } };
  const ratio = median(rounds.map((round, i) => round.p99 / peer[i]!.p99));
  return {
    what,
    figure,
    ratio: `p99 ${ratio.toFixed(2)} × ${beside.name}`,
    bar: beside.bar,
    values: { p50, p99, longest, ratio },
  };
}

/** The command that gives others real-time priority; empty where there is none or it is not permitted. */
async function realTime(): Promise<readonly string[]> {
  if (findProgram('chrt') === undefined) return [];
  const runner = ['chrt', '-r', '10'];
  try {
    await runLoad([...runner, 'true']);
    return runner;
  } catch {
    return []; // it is not permitted here, and the rows don't claim it
  }
}

/** Asks `questions` (dnsperf's file) of 127.0.0.1; rejects where fewer than half are answered. */
export async function measureLatency(
  {
    runner = [],
    port,
    perSecond = QUESTIONS_A_SECOND,
  }: { runner?: readonly string[]; port: number; perSecond?: number },
  questions: string,
  seconds: number,
): Promise<Figures> {
  const rate = ['-Q', String(perSecond), '-l', String(seconds), '-c', '8', '-e', '-v'];
  const load = ['dnsperf', '-s', '127.0.0.1', '-p', String(port), '-d', questions, ...rate];
  // Into a file: dnsperf waits for whoever reads its lines from a pipe, and counts that as time of the answers.
  const lines = `${questions}.out`;
  await runLoad([...runner, 'sh', '-c', 'out="$1"; shift; exec "$@" > "$out"', 'sh', lines, ...load]);
  const output = readFileSync(lines, 'utf8');
  const times = Array.from(
    output.matchAll(/^> NOERROR \S+ A ([\d.]+)$/gm),
    ([, time]) => Number(time) * 1000,
  );
  if (times.length < (perSecond * seconds) / 2) throw new Error(`too few answers: ${output.slice(-500)}`);
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor((times.length - 1) * share)]!;
  return { p50: at(0.5), p99: at(0.99), longest: at(1), perSecond: times.length / seconds };
}

if (import.meta.main) await runAsProgram('latency', benchLatency);
