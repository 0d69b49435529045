/**
 * The answer table while it grows to ten times the scale's hosts: how many bytes it takes for each, and the longest that
 * one `put` holds up its thread (growing a sub-table is part of the put that needs it), in processor time of the
 * thread, which neighbours do not add to.
 */
import { AnswerTable } from '../../src/dns/fast/table/answer-table.ts';
import { firstAddress, nameOf } from '../provision.ts';
import { type Benchmark, runAsProgram, withUnit } from '../report.ts';

const BAR_BYTES = 120;
const BAR_MS = 10;

/** Puts between two looks at the clock: what these few cost beside a pause is nothing. */
const PUTS_TIMED = 32;

/** The rows of the answer table. */
export const benchTable: Benchmark = async ({ hosts, rounds }) => {
  const names = hosts * 10;
  const pauses: number[] = [];
  let bytesEach = 0;
  let perSecond = 0;
  for (let round = 0; round < rounds; round++) {
    const table = new AnswerTable(round, new Int32Array(new SharedArrayBuffer(4)), () => undefined);
    const before = table.bytes;
    const start = performance.now();
    let longest = 0;
    let from = process.threadCpuUsage();
    for (let i = 0; i < names; i++) {
      const entry = { zone: 0, ttl: 60, ipv4: firstAddress(i), ipv6: null, flags: 0 };
      const name = nameOf(`h${i}`);
      table.put(name, entry);
      if (i % PUTS_TIMED !== 0) continue;
      longest = Math.max(longest, cpuMs(from));
      from = process.threadCpuUsage();
    }
    perSecond = (names * 1000) / (performance.now() - start);
    bytesEach = (table.bytes - before) / names;
    pauses.push(longest);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const longestMs = Math.max(...pauses);
  const count = names.toLocaleString('en');
  return [
    {
      what: `answer table of ${count} A hosts`,
      figure: `${withUnit(bytesEach, 'bytes')} each, ${withUnit(perSecond, 'put/s')}`,
      bar: `≤ ${BAR_BYTES} bytes`,
      values: { bytesEach, perSecond },
    },
    {
      what: `longest pause (CPU) while it grows to ${count}`,
      figure: `${withUnit(longestMs, 'ms')} (rounds: ${pauses.map((ms) => ms.toFixed(2)).join(', ')})`,
      bar: `≤ ${BAR_MS} ms`,
      values: { longestMs },
    },
  ];
};

function cpuMs(from: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(from);
  return (user + system) / 1000;
}

if (import.meta.main) await runAsProgram('table', benchTable);
