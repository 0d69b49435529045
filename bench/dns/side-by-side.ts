/**
 * DNS servers beside each other: all of them started, loaded by dnsperf in turn, round by round.
 * Invariants: a ratio is taken between measurements of the same round, and its median is told; an answer that is not
 * the right one fails the run.
 */
import { type ServerProcess, runLoad } from '../processes.ts';
import { type Row, type Scale, median, withUnit } from '../report.ts';
import type { Running, Server } from './servers.ts';

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

/** A row for each server, and one for each ratio. `what` is told in each. */
export async function sideBySide(
  what: string,
  { servers, ratios, load }: { servers: readonly Server[]; ratios: readonly Ratio[]; load: Load },
  { rounds, seconds }: Scale,
): Promise<readonly Row[]> {
  const rates = new Map<Server, Rate[]>();
  const running = new Map<Server, Running>();
  try {
    for (const server of servers) {
      if (server.needs === undefined) running.set(server, await server.start());
    }
    for (const { process, port } of running.values()) await measure(process, port, load, WARM_UP_SECONDS);
    for (let round = 0; round < rounds; round++) {
      for (const [server, { process, port }] of running)
        rates.set(server, [...(rates.get(server) ?? []), await measure(process, port, load, seconds)]);
    }
  } finally {
    for (const { process } of running.values()) await process.stop();
  }
  return [
    ...servers.map((server) => rateRow(what, server, rates.get(server))),
    ...ratios
      .filter(({ of, over }) => rates.has(of) && rates.has(over))
      .map((ratio) => ratioRow(what, ratio, rates)),
  ];
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

 
async function measure(server: ServerProcess, port: number, load: Load, seconds: number): Promise<Rate> {
  const target = ['dnsperf', '-s', '127.0.0.1', '-p', String(port), '-d', load.questions];
  const before = server.cpuSeconds();
  const output = await runLoad([...target, ...load.options, '-l', String(seconds)]);
  const cpu = server.cpuSeconds() - before;
  const figure = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? 0);
  const done = figure(/Queries completed:\s+(\d+)/);
  const absent = figure(/NXDOMAIN (\d+)/);
  const isRight = done > 0 && figure(/NOERROR (\d+)/) + absent === done;
  if (!isRight || Math.abs((absent * 100) / done - load.miss) > 2)
    throw new Error(`the server on port ${port} answered wrongly: ${output}`);
  return {
    perSecond: done / seconds,
    cpuMicros: (cpu * 1e6) / done,
    residentMiB: server.residentMiB(),
    lost: figure(/Queries lost:\s+(\d+)/),
  };
}
