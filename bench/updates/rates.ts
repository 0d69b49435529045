/**
 * Updates by device token: the unchanged update of one host, and a new address for a random host each time, which must
 * be durable before it is answered; beside bare hono answering a constant, and BIND. Then the same with ten times the
 * hosts. Ratios are taken round by round and their median is told, of requests per second and of processor time per
 * request, which means something on a busy machine too.
 */
import { join } from 'node:path';
import { needing } from '../needing.ts';
import { ACCOUNT, provision } from '../provision.ts';
import { type Row, type Scale, median, runAsProgram, withUnit } from '../report.ts';
import { bindRow } from './bind.ts';
import { type Rate, type Target, basic, runWrk, startBareHono, startHoming, writeScript } from './load.ts';

const WARM_UP_SECONDS = 1;
const MANY = 10;

/** The three rates of one round, taken one right after the other. */
interface Round {
  readonly bare: Rate;
  readonly same: Rate;
  readonly changing: Rate;
}

/** One server with wrk's scripts for it. */
interface Loaded {
  readonly target: Target;
  readonly same: string;
  readonly changing: string;
}

/** The rows of rates; `directory` is empty. */
export async function benchRates(directory: string, scale: Scale): Promise<readonly Row[]> {
  const bare = loaded(join(directory, 'bare'), await startBareHono(), { secret: 'none', hosts: 1 });
  try {
    const few = await measure(join(directory, 'few'), { bare, hosts: scale.hosts }, scale);
    const rows = [bareRow(few), ...ratesAsRows(few, scale.hosts)];
    const changing = median(few.map((round) => round.changing.perSecond));
    rows.push(await bindRow(directory, changing, scale));
    const hosts = scale.hosts * MANY;
    const many = await measure(join(directory, 'many'), { bare, hosts }, scale);
    return [...rows, manyRow('same', { few, many, hosts }), manyRow('changing', { few, many, hosts })];
  } finally {
    await bare.target.server.stop();
  }
}

async function measure(
  data: string,
  { bare, hosts }: { readonly bare: Loaded; readonly hosts: number },
  { rounds, seconds }: Scale,
): Promise<readonly Round[]> {
  const secret = await provision(data, hosts);
  const homing = loaded(data, await startHoming(data), { secret, hosts });
  try {
    await runWrk(bare.target, bare.same, WARM_UP_SECONDS);
    await runWrk(homing.target, homing.same, WARM_UP_SECONDS);
    await runWrk(homing.target, homing.changing, WARM_UP_SECONDS);
    const measured: Round[] = [];
    for (let i = 0; i < rounds; i++) {
      measured.push({
        bare: await runWrk(bare.target, bare.same, seconds),
        same: await runWrk(homing.target, homing.same, seconds),
        changing: await runWrk(homing.target, homing.changing, seconds),
      });
    }
    return measured;
  } finally {
    await homing.target.server.stop();
  }
}

/** `path` is where the scripts' names begin. */
function loaded(path: string, target: Target, { secret, hosts }: { secret: string; hosts: number }): Loaded {
  const senders = [{ authorization: basic(ACCOUNT, secret), label: 'h7' }];
  const same = writeScript(`${path}-same.lua`, senders, { kind: 'same' });
  const changing = writeScript(`${path}-changing.lua`, senders, { kind: 'changing', hosts });
  return { target, same, changing };
}

function bareRow(rounds: readonly Round[]): Row {
  const perSecond = median(rounds.map(({ bare }) => bare.perSecond));
  const cpuMicros = median(rounds.map(({ bare }) => bare.cpuMicros));
  return {
    what: 'bare hono, a constant',
    figure: `${withUnit(perSecond, '/s')}, ${withUnit(cpuMicros, 'µs CPU')}`,
    values: { perSecond, cpuMicros },
  };
}

function ratesAsRows(rounds: readonly Round[], hosts: number): Row[] {
  const row = (what: string, kind: 'same' | 'changing', bar: string): Row => {
    const perSecond = median(rounds.map((round) => round[kind].perSecond));
    const ratio = median(rounds.map((round) => round[kind].perSecond / round.bare.perSecond));
    const cpuRatio = median(rounds.map((round) => round.bare.cpuMicros / round[kind].cpuMicros));
    const cpuMicros = median(rounds.map((round) => round[kind].cpuMicros));
    return {
      what: `${what}, ${hosts.toLocaleString('en')} hosts`,
      figure: `${withUnit(perSecond, '/s')}, ${withUnit(cpuMicros, 'µs CPU')}, p99 ${rounds.at(-1)![kind].p99}`,
      ratio: `${ratio.toFixed(2)} × bare hono (by CPU ${cpuRatio.toFixed(2)})`,
      bar,
      values: { perSecond, cpuMicros, ratio, cpuRatio },
    };
  };
  return [row('unchanged address', 'same', '≥ 0.55'), row('changed address, durable', 'changing', '≥ 0.30')];
}

/** Both against the bare hono of their own rounds, so that a machine that became busier in between counts for neither. */
function manyRow(
  kind: 'same' | 'changing',
  { few, many, hosts }: { few: readonly Round[]; many: readonly Round[]; hosts: number },
): Row {
  const beside = (rounds: readonly Round[], by: 'perSecond' | 'cpuMicros'): number =>
    median(rounds.map((round) => round[kind][by] / round.bare[by]));
  const perSecond = median(many.map((round) => round[kind].perSecond));
  const cpuMicros = median(many.map((round) => round[kind].cpuMicros));
  const ratio = beside(many, 'perSecond') / beside(few, 'perSecond');
  const cpuRatio = beside(few, 'cpuMicros') / beside(many, 'cpuMicros');
  return {
    what: `${kind === 'same' ? 'unchanged address' : 'changed address, durable'}, ${hosts.toLocaleString('en')} hosts`,
    figure: `${withUnit(perSecond, '/s')}, ${withUnit(cpuMicros, 'µs CPU')}`,
    ratio: `${ratio.toFixed(2)} × a tenth of the hosts (by CPU ${cpuRatio.toFixed(2)})`,
    bar: '≥ 0.90',
    values: { perSecond, cpuMicros, ratio, cpuRatio },
  };
}

if (import.meta.main)
  await runAsProgram('rates', needing({ what: 'rates of updates', programs: ['wrk'] }, benchRates));
