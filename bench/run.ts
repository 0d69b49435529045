/**
 * All benchmarks in their short form, one after the other, with one table each and one JSON file each in
 * bench/results. `npm run bench` is this; names as arguments choose: `npm run bench -- updates dns`.
 */
import { benchDns } from './dns.ts';
import { benchGeneral } from './dns/general.ts';
import { benchTcp } from './dns/tcp.ts';
import { benchWorkers } from './dns/workers.ts';
import { benchLatency } from './fast-lane/latency.ts';
import { benchTable } from './fast-lane/table.ts';
import { benchTrials } from './fresh/trials.ts';
import { benchLane } from './lane.ts';
import { type Benchmark, type Row, SHORT, printRows, withUnit, writeResult } from './report.ts';
import { benchStalls } from './stalls.ts';
import { benchStore } from './store.ts';
import { benchUpdates } from './updates.ts';

const BENCHMARKS = new Map<string, Benchmark>([
  ['updates', benchUpdates],
  ['fresh', benchTrials],
  ['dns', benchDns],
  ['dns-general', benchGeneral],
  ['dns-tcp', benchTcp],
  ['dns-workers', benchWorkers],
  ['lane', benchLane],
  ['table', benchTable],
  ['latency', benchLatency],
  ['store', benchStore],
  ['stalls', benchStalls],
]);

/** One that fails keeps none of the others from being run. */
function failureRows(error: unknown): readonly Row[] {
  process.exitCode = 1;
  return [{ what: 'failed', figure: error instanceof Error ? error.message.slice(0, 300) : String(error) }];
}

function durationRow(what: string, ms: number): Row {
  return { what, figure: withUnit(ms / 1000, 's') };
}

const names = process.argv.slice(2);
const unknown = names.filter((name) => !BENCHMARKS.has(name));
if (unknown.length > 0) {
  console.error(
    `There is no benchmark ${unknown.join(', ')}; there are ${[...BENCHMARKS.keys()].join(', ')}.`,
  );
  process.exitCode = 2;
} else {
  const durations: Row[] = [];
  const begin = performance.now();
  for (const [name, benchmark] of BENCHMARKS) {
    if (names.length > 0 && !names.includes(name)) continue;
    const start = performance.now();
    const rows = await benchmark(SHORT).catch(failureRows);
    durations.push(durationRow(name, performance.now() - start));
    printRows(name, rows);
    writeResult(name, SHORT, rows);
  }
  durations.push({ ...durationRow('all', performance.now() - begin), bar: '< 300 s' });
  printRows('how long it took', durations);
}
