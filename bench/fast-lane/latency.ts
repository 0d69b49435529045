/**
 * How long an answer over UDP takes at 20,000 questions a second while 2,000 durable updates a second go on, from
 * dnsperf's line for each question: the median, the 99th percentile and the longest. Beside it, the same without updates.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ServerProcess, freePort, inDirectory, missingPrograms, runLoad } from '../processes.ts';
import { APEX, provision } from '../provision.ts';
import { type Benchmark, type Row, median, runAsProgram, withUnit } from '../report.ts';

const QUESTIONS_A_SECOND = 20_000;
const UPDATES_A_SECOND = 2000;
const BAR_MS = 1;

/** The rows of latency. */
export const benchLatency: Benchmark = async (scale) => {
  const missing = missingPrograms('dnsperf', 'dig');
  if (missing.length > 0) return [{ what: 'latency over UDP', figure: `needs ${missing.join(', ')}` }];
  return await inDirectory(async (directory) => {
    const data = join(directory, 'data');
    await provision(data, scale.hosts);
    const questions = join(directory, 'questions.txt');
    const lines = Array.from({ length: 50_000 }, (_, i) => `h${(i * 7919) % scale.hosts}.${APEX} A\n`);
    writeFileSync(questions, lines.join(''));
    const rows: Row[] = [];
    for (const updates of [0, UPDATES_A_SECOND]) {
      const own = [data, String(await freePort()), String(scale.hosts), String(updates)];
      const program = join(import.meta.dirname, 'updating-server.ts');
      const server = new ServerProcess([process.execPath, program, ...own]);
      try {
        const dig = ['dig', '+short', '+tries=1', '+time=1', '@127.0.0.1', '-p', own[1]!, `h1.${APEX}`];
        await server.ready(async () => (await runLoad(dig).catch(() => '')).startsWith('10.'));
        const rounds: Figures[] = [];
        for (let round = 0; round < scale.rounds; round++)
          rounds.push(await measureLatency(own[1]!, questions, scale.seconds));
        rows.push(rowOf(updates, rounds));
      } finally {
        await server.stop();
      }
    }
    return rows;
  });
};

/** Times of answers in milliseconds. */
export interface Figures {
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  readonly perSecond: number;
}

function rowOf(updates: number, rounds: readonly Figures[]): Row {
  const of = (key: keyof Figures): number => median(rounds.map((round) => round[key]));
  const [p50, p99, longest] = [of('p50'), of('p99'), of('longest')];
  return {
    what: `latency over UDP at ${Math.round(of('perSecond'))}/s, ${updates} updates/s`,
    figure: `p50 ${withUnit(p50, 'ms')}, p99 ${withUnit(p99, 'ms')}, longest ${withUnit(longest, 'ms')}`,
    bar: `p99 ≤ ${BAR_MS} ms`,
    values: { p50, p99, longest },
  };
}

/** Asks `questions` (dnsperf's file) of 127.0.0.1 so many times a second. Rejects where fewer than a second's are answered. */
export async function measureLatency(
  port: string,
  questions: string,
  seconds: number,
  perSecond = QUESTIONS_A_SECOND,
): Promise<Figures> {
  const rate = ['-Q', String(perSecond), '-l', String(seconds), '-c', '8', '-v'];
  const output = await runLoad(['dnsperf', '-s', '127.0.0.1', '-p', port, '-d', questions, ...rate]);
  const times = Array.from(
    output.matchAll(/^> NOERROR \S+ A ([\d.]+)$/gm),
    ([, time]) => Number(time) * 1000,
  );
  if (times.length < perSecond) throw new Error(`too few answers: ${output.slice(-500)}`);
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor((times.length - 1) * share)]!;
  return { p50: at(0.5), p99: at(0.99), longest: at(1), perSecond: times.length / seconds };
}

if (import.meta.main) await runAsProgram('latency', benchLatency);
