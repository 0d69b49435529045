/**
 * DNS servers beside each other: all of them started, loaded by dnsperf in turn, round by round.
 * Invariants: a ratio is taken between measurements of the same round, and its median is told; an answer that is not
 * the right one fails the run.
 */
import { runLoad } from '../processes.ts';
import { type Row, type Scale, median, withUnit } from '../report.ts';
import type { Running, Server } from './servers.ts';

const LEAST_TCP_SECONDS = 2;
const WARM_UP_SECONDS = 1;

/** What the servers are loaded with. */
export interface Load {
  /** A file of questions. */
  readonly questions: string;
  /** Further options of dnsperf. */
  readonly options: readonly string[];
  /** The percentage of questions for names that do not exist. */
  readonly miss: number;
}

/** Two servers of the run whose rates are compared, and what the ratio should be, by number or by CPU time. */
export interface Ratio {
  readonly of: Server;
  readonly over: Server;
  readonly leastRate?: number;
  readonly mostCpu?: number;
}

/** What was measured of one server in one round. */
interface Rate {
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly residentMiB: number;
  readonly lost: number;
}

/** Servers under one load. `what` is told in each row. */
export interface Comparison {
  readonly what: string;
  readonly load: Load;
  readonly ratios: readonly Ratio[];
}

/** Starts the servers and makes the comparisons one after the other: a row for each server, and one for each ratio. */
export async function sideBySide(
  servers: readonly Server[],
  comparisons: readonly Comparison[],
  scale: Scale,
): Promise<readonly Row[]> {
  const running = new Map<Server, Running>();
  try {
    for (const server of servers) {
      if (server.needs === undefined) running.set(server, await server.start());
    }
    const rows: Row[] = [];
    for (const { what, load, ratios } of comparisons) {
      const rates = await measureRounds(running, load, scale);
      rows.push(...servers.map((server) => rateRow(what, server, rates.get(server))));
      const known = ratios.filter(({ of, over }) => rates.has(of) && rates.has(over));
      rows.push(...known.map((ratio) => ratioRow(what, ratio, rates)));
    }
    return rows;
  } finally {
    for (const { process } of running.values()) await process.stop();
  }
}

async function measureRounds(
  running: ReadonlyMap<Server, Running>,
  load: Load,
  scale: Scale,
): Promise<ReadonlyMap<Server, readonly Rate[]>> {
  // Of a shorter time the making of the connections would be too large a part.
  const seconds = load.options.includes('tcp') ? Math.max(scale.seconds, LEAST_TCP_SECONDS) : scale.seconds;
  for (const server of running.values()) await measure(server, load, WARM_UP_SECONDS);
  const rates = new Map<Server, Rate[]>(Array.from(running.keys(), (server) => [server, []]));
  for (let round = 0; round < scale.rounds; round++) {
    for (const [server, its] of running) rates.get(server)!.push(await measure(its, load, seconds));
  }
  return rates;
}

function rateRow(what: string, { name, needs }: Server, rates: readonly Rate[] | undefined): Row {
  if (rates === undefined) return { what: `${what}: ${name}`, figure: `needs ${needs}` };
  const of = (key: keyof Rate): number => median(rates.map((rate) => rate[key]));
  return {
    what: `${what}: ${name}`,
    figure: `${withUnit(of('perSecond'), '/s')}, ${withUnit(of('cpuMicros'), 'µs CPU')}, ${withUnit(of('residentMiB'), 'MiB')}, ${of('lost')} lost`,
    values: { perSecond: of('perSecond'), cpuMicros: of('cpuMicros'), residentMiB: of('residentMiB') },
  };
}

function ratioRow(
  what: string,
  { of, over, leastRate, mostCpu }: Ratio,
  rates: ReadonlyMap<Server, readonly Rate[]>,
): Row {
  const between = (key: keyof Rate): number =>
    median(rates.get(of)!.map((rate, round) => rate[key] / rates.get(over)![round]![key]));
  const [ratio, cpuRatio] = [between('perSecond'), between('cpuMicros')];
  const bars = [
    leastRate === undefined ? '' : `≥ ${leastRate} × as many`,
    mostCpu === undefined ? '' : `≤ ${mostCpu} × the CPU`,
  ];
  const bar = bars.filter((text) => text !== '').join(', ');
  return {
    what: `${what}: ${of.name} beside ${over.name}`,
    figure: `${ratio.toFixed(2)} × as many, at ${cpuRatio.toFixed(2)} × the CPU`,
    ...(bar === '' ? {} : { bar }),
    values: { ratio, cpuRatio },
  };
}

async function measure({ process, port }: Running, load: Load, seconds: number): Promise<Rate> {
  const target = ['dnsperf', '-s', '127.0.0.1', '-p', String(port), '-d', load.questions];
  const before = process.cpuSeconds();
  const output = await runLoad([...target, ...load.options, '-l', String(seconds)]);
  const cpu = process.cpuSeconds() - before;
  const figure = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? 0);
  const done = figure(/Queries completed:\s+(\d+)/);
  const absent = figure(/NXDOMAIN (\d+)/);
  const isRight = done > 0 && figure(/NOERROR (\d+)/) + absent === done;
  if (!isRight || Math.abs((absent * 100) / done - load.miss) > 2)
    throw new Error(`the server on port ${port} answered wrongly: ${output}`);
  return {
    perSecond: done / seconds,
    cpuMicros: (cpu * 1e6) / done,
    residentMiB: process.residentMiB(),
    lost: figure(/Queries lost:\s+(\d+)/),
  };
}
