/**
 * The long crash test: `npm run crash -- [KILLS]`, 1,000 unless given. Prints a line now and then, and ends with
 * status 1 at the first loss, leaving the data directory for a look.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CampaignReport, runCampaign } from '../test/crash/campaign.ts';

const kills = Number(process.argv[2] ?? 1000);
if (!Number.isInteger(kills) || kills < 1) {
  console.error('usage: npm run crash -- [KILLS]');
  process.exit(2);
}

const dataDirectory = await mkdtemp(join(tmpdir(), 'homing-crash-'));
try {
  const report = await runCampaign({
    dataDirectory,
    kills,
    thorough: 0.1,
    onRound: (round, soFar) => {
      if (round % 50 === 0) console.log(describe(soFar));
    },
  });
  console.log(`${describe(report)}\nnothing acknowledged was lost, no serial went back, the store verifies`);
  await rm(dataDirectory, { recursive: true });
} catch (error) {
  console.error(`lost or broken; the data is left in ${dataDirectory}`);
  console.error(error);
  process.exit(1);
}

function describe(report: CampaignReport): string {
  return (
    `${report.kills} kills (${report.whileStarting} while starting), ${report.acknowledged} acknowledged, ` +
    `${report.keptWithoutAnswer} kept without an answer, ${Math.round(report.seconds)} s`
  );
}
