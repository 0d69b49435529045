/**
 * A week in the life of an agent, second by second: reconnects, sleep, an outage of the server, a clock that is set. What
 * is counted is every request to the server, against what the policy allows.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BACK_OFF, backOffStep } from '../../../clients/agent/src/schedule/back-off.ts';
import type { Outcome } from '../../../clients/agent/src/update/reply.ts';
import {
  AWAY,
  DONE,
  type SimulatedAgent,
  type Timeline,
  type World,
  createTimeline,
  planOf,
  seeded,
  startAgent,
} from './simulation.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A round finds a change after the longest interval; looking and sending take less than two seconds and a tick. */
const FOUND_MS = 300_000 * 1.1 + 3000;

interface Life {
  readonly timeline: Timeline;
  readonly world: World;
  readonly agent: SimulatedAgent;
}

function begin(hosts: readonly string[], seed: number): Life {
  const timeline = createTimeline();
  const world: World = { answer: () => DONE, address: { ipv4: '9.9.9.1', ipv6: '2620:fe::1' } };
  const agent = startAgent(timeline, world, { plan: planOf(hosts), random: seeded(seed), everySecond: true });
  return { timeline, world, agent };
}

function sentBetween(agent: SimulatedAgent, from: number, to: number): SimulatedAgent['sent'] {
  return agent.sent.filter(({ at }) => at > from && at <= to);
}

test('a week with reconnects, sleep, an outage and a clock that jumps', () => {
  const { timeline, world, agent } = begin(['pc.dyn.example.org'], 7);
  timeline.runUntil(10_000);
  assert.equal(agent.sent.length, 1, 'the first address');

  // A reconnect every 24 hours, each with a new address; nothing is sent in between.
  for (let day = 1; day <= 2; day++) {
    timeline.runUntil(day * DAY);
    const already: number = agent.sent.length;
    world.address = { ...world.address, ipv4: `9.9.9.${10 + day}` };
    timeline.runUntil(day * DAY + FOUND_MS);
    assert.deepEqual(agent.sent.at(-1)!.addresses, [`9.9.9.${10 + day}`, '2620:fe::1']);
    assert.equal(agent.sent.length, already + 1);
  }

  // It sleeps for eight hours and wakes elsewhere: found within the spread after a resume.
  timeline.runUntil(3 * DAY);
  let before = agent.sent.length;
  agent.sleep(8 * HOUR);
  world.address = { ipv4: '9.9.9.20' };
  timeline.runUntil(3 * DAY + 10_000 + 3000);
  assert.equal(agent.sent.length, before + 1);
  assert.deepEqual(agent.sent.at(-1)!.addresses, ['9.9.9.20'], 'IPv6 is missing there, and left alone');

  // The server is away for six hours, and the address changes twice meanwhile.
  timeline.runUntil(4 * DAY);
  world.answer = () => AWAY;
  world.address = { ipv4: '9.9.9.30' };
  timeline.runUntil(4 * DAY + 3 * HOUR);
  world.address = { ipv4: '9.9.9.31' };
  timeline.runUntil(4 * DAY + 6 * HOUR);
  const failed = sentBetween(agent, 4 * DAY, 4 * DAY + 6 * HOUR);
  assertBackOff(failed.map(({ at }) => at));
  world.answer = () => DONE;
  before = agent.sent.length;
  timeline.runUntil(4 * DAY + 6 * HOUR + BACK_OFF.lastMs + 3000);
  assert.equal(agent.sent.length, before + 1, 'within one step of the back-off, and once');
  assert.deepEqual(agent.sent.at(-1)!.addresses, ['9.9.9.31'], 'the address of now');
  assert.equal(agent.log.filter(({ event }) => event === 'recovered').length, 1);

  // The clock is set back and forward, a little and a lot.
  before = agent.sent.length;
  for (const [hour, by] of [
    [1, -2 * HOUR],
    [2, 3 * HOUR],
    [3, -HOUR],
    [4, -400 * DAY],
  ] as const) {
    timeline.runUntil(5 * DAY + hour * HOUR);
    agent.setClock(by);
  }
  timeline.runUntil(6 * DAY);
  assert.equal(agent.sent.length, before, 'a clock that is set makes nothing due');
  agent.setClock(800 * DAY);
  timeline.runUntil(6 * DAY + HOUR);
  assert.equal(agent.sent.length, before + 1, 'far forward: at most one refresh');
  agent.setClock(-400 * DAY);
  timeline.runUntil(7 * DAY);
  assert.equal(agent.sent.length, before + 1);

  // The week as a whole: nothing without a reason, and looks no more often than the interval allows.
  const reasons = 1 + 2 + 1 + failed.length + 1 + 1;
  assert.equal(agent.sent.length, reasons);
  const wakes = 1 + 7; // the sleep, and each time the clock was set by more than 30 s
  const rounds = Math.ceil((7 * DAY) / (300_000 * 0.9)) + wakes + failed.length + 1;
  assert.ok(agent.rounds() <= 2 * rounds, `${agent.rounds()} looks for two families`);
});

test('a refresh comes after 24 days, and only then', () => {
  const timeline = createTimeline();
  const world: World = { answer: () => DONE, address: { ipv4: '9.9.9.1' } };
  const agent = startAgent(timeline, world, { plan: planOf(['pc.dyn.example.org']), random: seeded(3) });
  timeline.runUntil(24 * DAY - 1000);
  assert.equal(agent.sent.length, 1);
  timeline.runUntil(24 * DAY + FOUND_MS);
  assert.equal(agent.sent.length, 2);
  timeline.runUntil(47 * DAY);
  assert.equal(agent.sent.length, 2);
  // A clock that was a year ahead when the server was told, and is right again, puts nothing off for a year.
  agent.setClock(400 * DAY);
  timeline.runUntil(47 * DAY + FOUND_MS);
  assert.equal(agent.sent.length, 3);
  agent.setClock(-400 * DAY);
  timeline.runUntil(71 * DAY - FOUND_MS);
  assert.equal(agent.sent.length, 3);
  timeline.runUntil(71 * DAY + 3 * FOUND_MS);
  assert.equal(agent.sent.length, 4);
});

test('many hosts at a server that is away: one tries for all, and the rest follow when it is back', () => {
  const hosts = Array.from({ length: 40 }, (_, n) => `shop-${n}.dyn.example.org`);
  const { timeline, world, agent } = begin(hosts, 11);
  timeline.runUntil(HOUR);
  assert.equal(agent.sent.length, 40);
  world.answer = () => AWAY;
  world.address = { ipv4: '9.9.9.99' };
  timeline.runUntil(HOUR + 6 * HOUR);
  const failed = sentBetween(agent, HOUR, 7 * HOUR);
  // Four at a time: at most eight are under way before five failures have opened the circuit.
  assert.ok(failed.length <= 8 + mostTries(6 * HOUR), `${failed.length} requests of 40 hosts in six hours`);
  const back = timeline.now;
  world.answer = () => DONE;
  timeline.runUntil(back + BACK_OFF.lastMs + 30_000 + 5000);
  const done = sentBetween(agent, back, timeline.now);
  assert.equal(done.length, 40);
  assert.equal(new Set(done.map(({ host }) => host)).size, 40, 'each once');
  const [first] = done;
  assert.ok(first!.at - back <= BACK_OFF.lastMs + 3000, 'within one step of the back-off');
  const spread = done.slice(1).map(({ at }) => at - first!.at);
  assert.ok(Math.max(...spread) <= 30_000 + 3000 && Math.max(...spread) > 10_000, 'spread over 30 s');
});

test('a stop is kept until the configuration changes, and badauth stops all hosts of the credential', () => {
  const { timeline, world, agent } = begin(['a.example.org', 'b.example.org', 'c.example.org'], 5);
  world.answer = () => ({ kind: 'stopped', code: 'badauth', words: 'Check user and secret.' });
  timeline.runUntil(2 * DAY);
  // All three are on their way when the first answer comes.
  assert.ok(agent.sent.length <= 3);
  assert.equal(agent.log.filter(({ event }) => event === 'stopped').length, 3);
  const before = agent.sent.length;
  world.answer = () => DONE;
  timeline.runUntil(3 * DAY);
  assert.equal(agent.sent.length, before);
  const plan = planOf(['a.example.org', 'b.example.org', 'c.example.org']);
  const hosts = plan.hosts.map((host) => ({ ...host, fingerprint: 'another secret', credential: 'new' }));
  agent.tell({ kind: 'configured', plan: { ...plan, hosts } });
  timeline.runUntil(3 * DAY + 30_000);
  assert.equal(agent.sent.length, before + 3);
  assert.equal(agent.log.filter(({ event }) => event === 'recovered').length, 3);
});

test('Retry-After is heeded, with back-off and circuit above it', () => {
  const { timeline, world, agent } = begin(['a.example.org'], 9);
  world.answer = () => ({ kind: 'failed', code: '911', words: 'Trouble.', retryAfterMs: 2 * HOUR });
  timeline.runUntil(DAY);
  const times = agent.sent.map(({ at }) => at);
  assert.ok(times.length >= 8 && times.length <= 13, `${times.length} requests in a day of "two hours"`);
  for (const [n, at] of times.slice(1).entries()) assert.ok(at - times[n]! >= 2 * HOUR);
});

test('a link that fails over right after a round is looked at within a second', () => {
  const { timeline, agent } = begin(['a.example.org'], 17);
  timeline.runUntil(60_000);
  agent.tell({ kind: 'interfaces-changed' });
  timeline.runUntil(60_100);
  const before = agent.rounds();
  agent.tell({ kind: 'interfaces-changed' });
  timeline.runUntil(62_100);
  assert.ok(agent.rounds() > before, 'the second change waits for no ten seconds');
});

test('interfaces that flap give three rounds, then one in 10 s', () => {
  const { timeline, agent } = begin(['a.example.org'], 13);
  timeline.runUntil(60_000);
  const before = agent.rounds();
  for (let second = 0; second < 120; second++) {
    timeline.runUntil(60_000 + second * 1000);
    agent.tell({ kind: 'interfaces-changed' });
  }
  const looks = (agent.rounds() - before) / 2;
  assert.ok(looks >= 12 && looks <= 15, `${looks} rounds in 120 s`);
});

test('whatever the server answers, nothing is sent that the policy forbids', () => {
  const answer = fc.oneof(
    { weight: 3, arbitrary: fc.constant<Outcome>(DONE) },
    { weight: 4, arbitrary: fc.constant<Outcome>(AWAY) },
    {
      weight: 2,
      arbitrary: fc.integer({ min: 0, max: 7200 }).map((seconds): Outcome => ({
        kind: 'failed',
        code: '911',
        words: '',
        retryAfterMs: seconds * 1000,
      })),
    },
    { weight: 1, arbitrary: fc.constant<Outcome>({ kind: 'stopped', code: 'nohost', words: '' }) },
  );
  fc.assert(
    fc.property(fc.array(answer, { minLength: 20, maxLength: 60 }), fc.integer(), (answers, seed) => {
      const { timeline, world, agent } = begin(['a.example', 'b.example', 'c.example'], seed);
      let asked = 0;
      world.answer = () => answers[asked++ % answers.length]!;
      for (let hour = 1; hour <= 24; hour++) {
        timeline.runUntil(hour * HOUR);
        world.address = { ipv4: `9.9.9.${hour}` };
        if (hour % 5 === 0) agent.sleep(HOUR);
        if (hour % 7 === 0) agent.setClock(-2 * HOUR);
        agent.tell({ kind: 'interfaces-changed' });
      }
      for (const host of ['a.example@home', 'b.example@home', 'c.example@home']) {
        const sent = agent.sent.filter((request) => request.host === host);
        for (const [n, { at, addresses }] of sent.slice(1).entries()) {
          const { outcome, at: before, addresses: last } = sent[n]!;
          assert.notEqual(outcome.kind, 'stopped', 'sent after a stop');
          if (outcome.kind === 'done') assert.notDeepEqual(addresses, last, 'sent what the server has');
          else
            assert.ok(at - before >= Math.max(BACK_OFF.leastMs, outcome.retryAfterMs ?? 0), 'sent too soon');
        }
      }
    }),
    { numRuns: 25 },
  );
});

/** Each gap between tries is at most the step of its number, and at least a second. */
function assertBackOff(times: readonly number[]): void {
  assert.ok(times.length >= 10 && times.length <= mostTries(6 * HOUR), `${times.length} tries`);
  for (const [n, at] of times.slice(1).entries()) {
    const gap = at - times[n]!;
    assert.ok(gap >= BACK_OFF.leastMs, `gap ${gap}`);
    assert.ok(gap <= backOffStep(n) + 3000, `gap ${gap} after try ${n}`);
  }
}

/** Tries that full jitter makes in this time: twice the mean, which no sane run of it exceeds. */
function mostTries(ms: number): number {
  let [time, tries] = [0, 0];
  while (time < ms) time += backOffStep(tries++) / 2;
  return 2 * tries;
}
