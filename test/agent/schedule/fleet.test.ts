/** 3,000 agents that have a reason to ask at the same moment, and do not. `assertSpread` says what the bar is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BACK_OFF } from '../../../clients/agent/src/schedule/back-off.ts';
import { assertSpread } from '../../clients/spread.ts';
import {
  AWAY,
  DONE,
  type SimulatedAgent,
  type World,
  createTimeline,
  planOf,
  seeded,
  startAgent,
} from './simulation.ts';

const AGENTS = 3000;

function startFleet(world: World): { agents: SimulatedAgent[]; runUntil: (time: number) => void } {
  const timeline = createTimeline();
  const random = seeded(42);
  const agents = Array.from({ length: AGENTS }, (_, n) =>
    startAgent(timeline, world, { plan: planOf([`shop-${n}.dyn.example.org`]), random }),
  );
  // Power is back: each was just booted.
  for (const agent of agents) agent.tell({ kind: 'woke' });
  return {
    agents,
    runUntil: (time) => {
      timeline.runUntil(time);
    },
  };
}

function timesOf(agents: readonly SimulatedAgent[], kind: 'done' | 'failed'): number[] {
  return agents.flatMap(({ sent }) =>
    sent.filter(({ outcome }) => outcome.kind === kind).map(({ at }) => at),
  );
}

test('power returns to all of them together', (t) => {
  const { agents, runUntil } = startFleet({ answer: () => DONE, address: { ipv4: '9.9.9.1' } });
  runUntil(60_000);
  const times = timesOf(agents, 'done');
  assert.equal(times.length, AGENTS);
  // Looking, sending and the tick come on top of the spread.
  const last = Math.max(...times);
  assert.ok(last <= 10_000 + 1000 + 300, `the last at ${last} ms`);
  assertSpread(t, times, { from: 0, to: 10_000, binMs: 1000 });
});

test('power went while they waited for their next try; their links come up a moment after it', (t) => {
  const world: World = { answer: () => AWAY, address: { ipv4: '9.9.9.1' } };
  const timeline = createTimeline();
  const random = seeded(42);
  const plans = Array.from({ length: AGENTS }, (_, n) => planOf([`shop-${n}.dyn.example.org`]));
  const before = plans.map((plan) => startAgent(timeline, world, { plan, random }));
  timeline.runUntil(60_000);
  const memories = before.map((agent) => agent.core.memory(agent.moment()));
  const back = 7_200_000;
  const later = createTimeline();
  later.runUntil(back);
  world.answer = () => DONE;
  const agents = plans.map((plan, n) => {
    const agent = startAgent(later, world, { plan, random, memory: memories[n]! });
    agent.tell({ kind: 'woke' });
    return agent;
  });
  later.runUntil(back + 3000);
  for (const agent of agents) agent.tell({ kind: 'interfaces-changed' });
  later.runUntil(back + 60_000);
  const times = timesOf(agents, 'done');
  assert.equal(times.length, AGENTS);
  assertSpread(t, times, { from: back, to: back + 10_000, binMs: 1000 });
});

test('the next rounds of all of them drift apart', (t) => {
  const world: World = { answer: () => DONE, address: { ipv4: '9.9.9.1' } };
  const { agents, runUntil } = startFleet(world);
  runUntil(60_000);
  // The address of all changes before the second round: each round of an agent is one request.
  world.address = { ipv4: '9.9.9.2' };
  runUntil(600_000);
  const times = timesOf(agents, 'done').filter((at) => at > 60_000);
  assert.equal(times.length, AGENTS);
  assertSpread(t, times, { from: 270_000, to: 341_000, binMs: 1000 });
});

test('the server was away when power returned, and is back after an hour', (t) => {
  const world: World = { answer: () => AWAY, address: { ipv4: '9.9.9.1' } };
  const { agents, runUntil } = startFleet(world);
  const back = 3_600_000;
  runUntil(back);
  assert.equal(timesOf(agents, 'done').length, 0);
  const failed = timesOf(agents, 'failed');
  t.diagnostic(`${(failed.length / AGENTS).toFixed(1)} tries of each in the hour`);
  assert.ok(failed.length / AGENTS < 14);
  world.answer = () => DONE;
  runUntil(back + BACK_OFF.lastMs + 5000);
  const times = timesOf(agents, 'done');
  assert.equal(times.length, AGENTS, 'all within one step of the back-off, each once');
  const window = { from: back, to: back + BACK_OFF.lastMs, binMs: 30_000 };
  assertSpread(t, times, window);
});
