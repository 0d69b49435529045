/**
 * 3,000 agents of the module that have a reason to ask at the same moment, and do not. Windows, bins
 * and bar are those of `test/agent/schedule/fleet.test.ts`, which holds them for the other agent. When each is going to ask
 * is what the module says of 3,000; that it does so, once and then, is seen of 60 (running all takes minutes).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertSpread } from '../../clients/spread.ts';
import { buildHost } from '../engine.ts';
import { type Population, openPopulation } from './population.ts';

const host = await buildHost();
const skip = 'skip' in host ? host.skip : false;
const [AGENTS, SEEN] = [3000, 60];
const LAST_STEP_MS = 1_800_000;

/** Fails unless each of the agents sends once, and then. */
async function assertKept(fleet: Population, moments: readonly number[]): Promise<void> {
  const sent = await fleet.sent();
  assert.equal(sent.length, moments.length, 'each once');
  for (const { agent, at } of sent)
    assert.ok(Math.abs(at - moments[agent]!) <= 2, `${at}: ${moments[agent]}`);
}

test('3,000 agents of the module', { skip }, async (t) => {
  // An interval of an hour keeps the rounds of the second part few; the first asks for those of five minutes by name.
  const fleet = await openPopulation(t, 'path' in host ? host.path : '', { settings: { interval: '1h' } });
  const numbers = async (each: string): Promise<readonly number[]> =>
    (await fleet.ask(`, @(foreach ($agent in $script:World.Members) { ${each} })`)) as number[];
  const moments = (): Promise<readonly number[]> => numbers('Get-HomingNextMoment $agent');

  await t.test('power returns to all of them together, and their links a moment later', async (t) => {
    // A third was waiting for its next try when the power went, which is past by now.
    const start = (count: number): Promise<unknown> =>
      fleet.run(`Start-WorldAgent $script:read ${count} {
        param($Agent)
        if ($Agent.Number % 3 -eq 0) { @($Agent.Runs.Values)[0].Due = ConvertTo-HomingElapsed '2029-12-31T23:00:00Z' 0 $script:World.Start }
      }`);
    await start(SEEN);
    const seen = await moments();
    await fleet.run(`Step-World 4500; $script:World.Link = 'up'; Step-WorldAll; Step-World 15000`);
    await assertKept(fleet, seen);

    await fleet.run(`$script:World.Now = 0.0; $script:World.Sent.Clear(); $script:World.Link = 'down'`);
    await start(AGENTS);
    assertSpread(t, await moments(), { from: 0, to: 10_000, binMs: 1000 });
    const rounds = await numbers('(Get-HomingNextMoment $agent) + (Get-HomingRoundDelay 300000 0.1)');
    assertSpread(t, rounds, { from: 270_000, to: 340_000, binMs: 1000 });
  });

  await t.test('the server was away when power returned, and is back after an hour', async (t) => {
    const back = 3_600_000;
    // The hour is run with the back-off and the circuit alone, what follows with all, for the first of them.
    await fleet.run(`$script:World.Now = ${back}.0
      foreach ($agent in $script:World.Members) {
        Set-WorldOutage $agent (Get-HomingChance 10000)
        $agent.NextRound = $null
        $agent.Earliest = [double]::NegativeInfinity
      }`);
    const times = await moments();
    assertSpread(t, times, { from: back, to: back + LAST_STEP_MS, binMs: 30_000 });
    assert.ok(Math.max(...times) <= back + LAST_STEP_MS, 'all within one step of the back-off');
    const tries = await numbers(`@($agent.Runs.Values)[0].Record['failures']`);
    const mean = tries.reduce((sum, count) => sum + count, 0) / AGENTS;
    t.diagnostic(`${mean.toFixed(1)} tries of each in the hour`);
    assert.ok(mean > 6 && mean < 14);

    // Rounds come meanwhile, and hurry nobody.
    await fleet.run(`$script:World.Queue.Clear()
      $script:World.Members = @($script:World.Members[0..${SEEN - 1}])
      foreach ($agent in $script:World.Members) {
        $agent.Planned = [double]::PositiveInfinity
        $agent.Watch = New-HomingWatch $agent
        $agent.NextRound = $script:World.Now + (Get-HomingChance 3600000)
        Set-WorldStep $agent (Get-HomingNextMoment $agent)
      }`);
    await fleet.until(back + LAST_STEP_MS + 5000);
    await assertKept(fleet, times.slice(0, SEEN));
  });
});
