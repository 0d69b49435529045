/**
 * The long crash tests. `npm run crash -- [KILLS] [--hosts N]` kills a real server under load, 1,000 times unless given,
 * with N hosts (1000000) beside the devices that update: imported, removed and backed up meanwhile. `npm run crash --
 * --simulated LIVES [--seed N]` fails the power at every file operation of so many lives of a store. Both print a line
 * now and then, and end with status 1 at the first loss, leaving the data for a look.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type CampaignReport, runCampaign } from '../test/crash/campaign.ts';
import { simulate } from '../test/crash/simulated/campaign.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    hosts: { type: 'string', default: '0' },
    simulated: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
  },
});
const kills = wholeNumber(positionals[0] ?? '1000');
const hosts = wholeNumber(values.hosts);
if (values.simulated === undefined) await killReally();
else await loseThePower(wholeNumber(values.simulated), wholeNumber(values.seed));

async function killReally(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'homing-crash-'));
  try {
    const every = hosts > 10_000 ? 1 : 50;
    const report = await runCampaign({
      dataDirectory: join(directory, 'data'),
      kills,
      hosts,
      thorough: hosts > 10_000 ? 0.03 : 0.1,
      onRound: (round, soFar) => {
        if (round % every === 0) console.log(describe(soFar));
      },
    });
    console.log(
      `${describe(report)}\nnothing acknowledged was lost, nothing removed is back, no serial went back, the store verifies`,
    );
    await rm(directory, { recursive: true });
  } catch (error) {
    console.error(`lost or broken; the data is left in ${directory}`);
    console.error(error);
    process.exit(1);
  }
}

async function loseThePower(lives: number, seed: number): Promise<void> {
  const sum = { commits: 0, crashes: 0, again: 0, kept: 0 };
  for (let life = 0; life < lives; life++) {
    // Every tenth life has an import that is written in several pieces.
    const long = life % 10 === 9;
    const report = await simulate({
      seed: seed + life,
      steps: 20,
      perOperation: 2,
      long,
      stride: long ? 7 : 1,
    });
    for (const key of ['commits', 'crashes', 'again', 'kept'] as const) sum[key] += report[key];
    console.log(
      `seed ${report.seed}: ${report.operations} operations; so far ${life + 1} lives, ${sum.commits} commits, ${sum.crashes} crashes, ` +
        `${sum.again} again while opening, ${sum.kept} with more than was told`,
    );
  }
  console.log(
    'nothing acknowledged was lost, nothing was there in part, no serial went back, every store verified',
  );
}

function describe(report: CampaignReport): string {
  const fleet =
    hosts === 0
      ? ''
      : `${report.imports} imports, ${report.removals} removals, ${report.backups} backups (${report.whileBackingUp} cut), ` +
        `${report.compactions} compactions (${report.whileCompacting} cut), ` +
        `start ${report.startMs} ms (at most ${report.longestStartMs}), `;
  return (
    `${report.kills} kills (${report.whileStarting} while starting), ${report.acknowledged} acknowledged, ` +
    `${report.keptWithoutAnswer} kept without an answer, ${fleet}${Math.round(report.seconds)} s`
  );
}

function wholeNumber(text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  console.error('usage: npm run crash -- [KILLS] [--hosts N] | --simulated LIVES [--seed N]');
  process.exit(2);
}
