/**
 * What benchmarks report: rows with a figure and what it is to be compared with, a table for people, a JSON file for
 * programs. Invariant: a ratio is always between two figures of one run; what could not be measured says why.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';

/** One line of a report. */
export interface Row {
  readonly what: string;
  /** With its unit, such as `29,100 /s`; or why there is none, such as `needs bind9`. */
  readonly figure: string;
  /** `0.55 × bare hono`; absent where there is nothing to compare with. */
  readonly ratio?: string;
  /** What the ratio or figure should reach; absent where there is no such aim. */
  readonly bar?: string;
  /** The same for programs. */
  readonly values?: Readonly<Record<string, number>>;
}

/** How long and how large a benchmark runs. */
export interface Scale {
  readonly hosts: number;
  /** Of each measurement. */
  readonly seconds: number;
  readonly rounds: number;
  /** With passwords, where passwords are measured. */
  readonly accounts: number;
  /** Updates that are each followed by DNS questions, where that is tried. */
  readonly trials: number;
  /** The percentage of DNS questions for names that do not exist. */
  readonly miss: number;
}

/** One benchmark. */
export type Benchmark = (scale: Scale) => Promise<readonly Row[]>;

/** The scale that takes part in `npm run bench`. */
export const SHORT: Scale = { hosts: 100_000, seconds: 1, rounds: 3, miss: 0, accounts: 20, trials: 5000 };

const USAGE =
  'usage: [--hosts N | --names N] [--seconds S] [--rounds R] [--miss PERCENT] [--accounts A] [--trials T]';

/** The scale of this command line: `--hosts N --seconds S --rounds R --miss P --accounts A --trials T`, each optional. Throws on anything else. */
export function parseScale(args: readonly string[], scale: Scale = SHORT): Scale {
  const given: Record<keyof Scale, number> = { ...scale };
  for (let i = 0; i < args.length; i += 2) {
    const option = args[i]?.replace(/^--/, '') ?? '';
    const key = option === 'names' ? 'hosts' : option;
    const value = Number(args[i + 1]);
    if (!isScaleKey(key) || !Number.isInteger(value) || value < (key === 'miss' ? 0 : 1))
      throw new Error(USAGE);
    given[key] = value;
  }
  return given;
}

function isScaleKey(key: string): key is keyof Scale {
  return Object.hasOwn(SHORT, key);
}

/** Runs one benchmark as a program: prints its table and writes bench/results/NAME.json. */
export async function runAsProgram(name: string, benchmark: Benchmark): Promise<void> {
  const scale = parseScale(process.argv.slice(2));
  const rows = await benchmark(scale);
  printRows(name, rows);
  writeResult(name, scale, rows);
}

/** Prints a table. */
export function printRows(title: string, rows: readonly Row[]): void {
  const cells = rows.map(({ what, figure, ratio = '', bar = '' }) => [what, figure, ratio, bar]);
  const table = [['what', 'measured', 'compared', 'bar'], ...cells];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]!.length)));
  console.log(`\n${title}`);
  for (const row of table)
    console.log(
      '  ' +
        row
          .map((cell, i) => cell.padEnd(widths[i]!))
          .join('  ')
          .trimEnd(),
    );
}

/** Writes the rows with what they were measured on. */
export function writeResult(name: string, scale: Scale, rows: readonly Row[]): void {
  const directory = join(import.meta.dirname, 'results');
  mkdirSync(directory, { recursive: true });
  const [cpu] = cpus();
  const machine = {
    node: process.version,
    processor: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
  };
  const result = { name, at: new Date().toISOString(), machine, scale, rows };
  writeFileSync(join(directory, `${name}.json`), JSON.stringify(result, null, 2) + '\n');
}

/** The middle of the figures; of an even number of them the mean of the middle two. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A figure of thousands or fractions with its unit. */
export function withUnit(figure: number, unit: string): string {
  const digits = Math.abs(figure) >= 100 ? 0 : Math.abs(figure) >= 10 ? 1 : 2;
  return `${figure.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits })} ${unit}`;
}
