/**
 * 3,000 agents of the module that have a reason to ask at the same moment, and do not. Windows, bins
 * and bar are those of `test/agent/schedule/fleet.test.ts`, which holds them for the other agent.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertSpread } from '../clients/spread.ts';
import { buildHost } from './engine.ts';
import { openPopulation } from './population/population.ts';

const host = await buildHost();
const skip = 'skip' in host ? host.skip : false;
const AGENTS = 3000;
const LAST_STEP_MS = 1_800_000;

test('power returns to all of them together, and their links a moment later', { skip }, async (t) => {
  const fleet = await openPopulation(t, 'path' in host ? host.path : '');
  // A third was waiting for its next try when the power went, which is past by now.
  await fleet.run(`Start-WorldAgent $script:read ${AGENTS} {
    param($Agent)
    if ($Agent.Number % 3 -eq 0) { @($Agent.Runs.Values)[0].Due = ConvertTo-HomingElapsed '2029-12-31T23:00:00Z' 0 $script:World.Start }
  }`);
  await fleet.run(`Step-World 5000; $script:World.Link = 'up'; Step-WorldAll; Step-World 15000`);
  const times = (await fleet.sent()).map(({ at }) => at);
  assert.equal(times.length, AGENTS, 'each once');
  assertSpread(t, times, { from: 0, to: 10_000, binMs: 1000 });
  const rounds = (await fleet.ask(
    `, @(foreach ($agent in $script:World.Members) { Get-HomingNextMoment $agent })`,
  )) as number[];
  assert.ok(Math.min(...rounds) >= 270_000 && Math.max(...rounds) <= 341_000, 'the rounds after that');
  assertSpread(t, rounds, { from: 270_000, to: 341_000, binMs: 1000 });
});

test('the server was away when power returned, and is back after an hour', { skip }, async (t) => {
  const fleet = await openPopulation(t, 'path' in host ? host.path : '', { settings: { interval: '1h' } });
  const back = 3_600_000;
  // The hour is run with the back-off and the circuit alone, what follows with all. Rounds come meanwhile, and hurry nobody.
  await fleet.run(`$script:World.Now = ${back}.0; $script:World.Uptime = 1e9
    Start-WorldAgent $script:read ${AGENTS} {
      param($Agent)
      Set-WorldOutage $Agent (Get-HomingChance 10000)
      $Agent.NextRound = $script:World.Now + (Get-HomingChance 3600000)
    }`);
  const tries = (await fleet.ask(
    `, @(foreach ($agent in $script:World.Members) { @($agent.Runs.Values)[0].Record['failures'] })`,
  )) as number[];
  const mean = tries.reduce((sum, count) => sum + count, 0) / AGENTS;
  t.diagnostic(`${mean.toFixed(1)} tries of each in the hour`);
  assert.ok(mean > 6 && mean < 14);
  await fleet.until(back + LAST_STEP_MS + 5000);
  const times = (await fleet.sent()).map(({ at }) => at);
  assert.equal(times.length, AGENTS, 'all within one step of the back-off, each once');
  assertSpread(t, times, { from: back, to: back + LAST_STEP_MS, binMs: 30_000 });
});
