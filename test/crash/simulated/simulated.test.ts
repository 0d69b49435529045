/**
 * The power may fail at every write, sync, rename, removal and truncation. A short form; the long one is
 * `npm run crash -- --simulated 200`.
 */
import { test } from 'node:test';
import { simulate } from './campaign.ts';

const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000_007);

test(`whenever the power fails, the store is one that was acknowledged or about to be (seed ${SEED})`, async (t) => {
  const reports = [
    await simulate({ seed: SEED, steps: 10, perOperation: 1, stride: 2 }),
    await simulate({ seed: SEED + 1, steps: 24, perOperation: 1, stride: 5 }),
    await simulate({ seed: SEED + 2, steps: 12, perOperation: 1, stride: 7, long: true }),
  ];
  for (const { commits, operations, crashes, again, kept } of reports) {
    t.diagnostic(
      `${commits} commits, ${operations} operations, ${crashes} crashes, ${again} again while opening, ${kept} kept more than was told`,
    );
    // A life in which hardly anything happened would show nothing.
    if (commits === 0 || crashes < 10) throw new Error('hardly anything was crashed');
  }
});
