/**
 * The long soak: `npm run soak -- [--minutes 30]`. A server under a mixed load (updates, DNS over UDP and TCP, log-ins with
 * right and wrong passwords, compactions, backups); its memory and open descriptors are sampled and must be flat after
 * the warm-up, the first quarter. Prints a table, and ends with status 1 where one of them grows or an answer is wrong.
 */
import { readFile, readdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createLedgers } from '../test/crash/ledger.ts';
import { ACCOUNT, provision } from '../test/crash/provision.ts';
import { type Measure, type Sample, type Verdict, judge } from '../test/crash/soak/judge.ts';
import { LOADED } from '../test/crash/load.ts';
import { type Done, startSoakLoad } from '../test/crash/soak/load.ts';
import { homing, startHoming } from '../test/interop/homing-process.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' } } });
const minutes = Number(values.minutes);
if (!(minutes >= 1 && minutes <= 24 * 60)) {
  console.error('usage: npm run soak -- [--minutes 1 to 1440]');
  process.exit(2);
}

const SAMPLE_MS = 1000;
const PASSWORD = 'correct horse battery';
const directory = await mkdtemp(join(tmpdir(), 'homing-soak-'));
try {
  process.exitCode = (await soak()) ? 0 : 1;
} finally {
  await rm(directory, { recursive: true, force: true });
}

async function soak(): Promise<boolean> {
  const dataDirectory = join(directory, 'data');
  const memoryFile = join(directory, 'memory.json');
  const ledgers = createLedgers(8);
  const token = await provision(dataDirectory, ledgers);
  await homing(['account', 'passwd', ACCOUNT, '--password-stdin', '--data', dataDirectory], {
    input: PASSWORD,
  });
  const reporter = fileURLToPath(new URL('../test/crash/soak/report-memory.ts', import.meta.url));
  const env = {
    ...LOADED,
    // So that the journal is folded about once a minute.
    HOMING_STORE_COMPACTION_BYTES: String(4 * 1024 * 1024),
    NODE_OPTIONS: `--import ${reporter}`,
    SOAK_MEMORY_FILE: memoryFile,
  };
  const server = await startHoming(dataDirectory, { env, args: ['--log-level', 'info'] });
  try {
    const hosts = ledgers.map((ledger) => ledger.hosts[0]!);
    const backupFile = join(directory, 'backup.json');
    const load = startSoakLoad(server, { hosts, account: ACCOUNT, token, password: PASSWORD, backupFile });
    const samples = await sampleUntilDone(server.pid, memoryFile);
    await load.stop();
    const compactions = server.log().split('"code":"compacted"').length - 1;
    return report(samples, load.done, compactions);
  } finally {
    await server.end('SIGTERM');
  }
}

async function sampleUntilDone(pid: number, memoryFile: string): Promise<Sample[]> {
  const samples: Sample[] = [];
  const started = performance.now();
  while (performance.now() - started < minutes * 60_000) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const { heapUsed } = JSON.parse(await readFile(memoryFile, 'utf8')) as { heapUsed: number };
    samples.push({
      seconds: (performance.now() - started) / 1000,
      rssBytes: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024,
      heapBytes: heapUsed,
      descriptors: (await readdir(`/proc/${pid}/fd`)).length,
    });
  }
  return samples;
}

function report(samples: readonly Sample[], done: Readonly<Done>, compactions: number): boolean {
  const verdicts = judge(samples, minutes * 15);
  console.log(`${minutes} minutes, of which the first quarter is warm-up; ${samples.length} samples`);
  console.log(
    `${done.updates} updates, ${done.queries} queries over UDP and ${done.overTcp} over TCP, ${done.logins} log-ins and ` +
      `${done.refusedLogins} refused ones, ${compactions} compactions, ${done.backups} backups`,
  );
  console.table(Object.fromEntries(verdicts.map((verdict) => [verdict.measure, rowOf(verdict)])));
  for (const { measure, floors } of verdicts)
    console.log(`${measure}: ${floors.map((value) => inUnit(measure, value)).join(' ')}`);
  const flat = verdicts.every((verdict) => verdict.flat);
  console.log(flat ? 'memory and descriptors are flat' : 'something grows');
  return flat;
}

function rowOf({ measure, ...verdict }: Verdict): Record<string, string | number> {
  const show = (value: number): number => inUnit(measure, value);
  return {
    unit: measure === 'descriptors' ? '' : 'MiB',
    first: show(verdict.first),
    last: show(verdict.last),
    most: show(verdict.most),
    'slope an hour': show(verdict.slopePerHour),
    growth: show(verdict.growth),
    allowed: show(verdict.allowed),
    flat: verdict.flat ? 'yes' : 'NO',
  };
}

function inUnit(measure: Measure, value: number): number {
  return Math.round((value / (measure === 'descriptors' ? 1 : 1024 * 1024)) * 10) / 10;
}
