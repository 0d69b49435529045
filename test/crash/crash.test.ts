/**
 * Nothing that was acknowledged is lost by `kill -9`, and no serial goes back. `CRASH_KILLS` says how many kills: 10
 * unless it is set; `npm run crash -- 1000` is the long one.
 */
import { test } from 'node:test';
import { temporaryDirectory } from '../interop/homing-process.ts';
import { runCampaign } from './campaign.ts';

const kills = Number(process.env['CRASH_KILLS'] ?? 10);

test(`nothing acknowledged is lost in ${kills} kills`, async (t) => {
  const dataDirectory = await temporaryDirectory(t);
  const report = await runCampaign({ dataDirectory, kills, thorough: 0.1 });
  t.diagnostic(
    `${report.kills} kills (${report.whileStarting} while starting), ${report.acknowledged} updates acknowledged, ` +
      `none lost, ${report.keptWithoutAnswer} kept without an answer, ${report.seconds} s`,
  );
  // A campaign in which hardly anything was acknowledged would show nothing.
  if (report.acknowledged < kills) throw new Error(`only ${report.acknowledged} updates were acknowledged`);
});
