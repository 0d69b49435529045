/** Single decisions of the core, where a whole life would hide them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  BACK_OFF,
  backOffDelay,
  backOffStep,
  roundDelay,
} from '../../../clients/agent/src/schedule/back-off.ts';
import { type AgentCore, createAgentCore } from '../../../clients/agent/src/schedule/core.ts';
import type { AgentEvent, Effect, Memory, Plan } from '../../../clients/agent/src/schedule/core-types.ts';
import { passageBetween } from '../../../clients/agent/src/schedule/moment.ts';
import type { Outcome } from '../../../clients/agent/src/update/reply.ts';
import { AWAY, DONE, planOf, seeded } from './simulation.ts';

const WALL = Date.UTC(2026, 0, 1);

/** A core that is told each event by hand. `at` is in seconds. */
function handled(
  plan: Plan,
  memory: Memory = { hosts: new Map(), servers: new Map() },
  force = false,
): {
  core: AgentCore;
  tell: (at: number, event: AgentEvent) => readonly Effect[];
  looked: (at: number) => Effect[];
} {
  const now = { wall: WALL, elapsed: 0 };
  const core = createAgentCore({ plan, memory, now, random: seeded(1), force });
  const tell = (at: number, event: AgentEvent): readonly Effect[] =>
    core.handle(event, { wall: WALL + at * 1000, elapsed: at * 1000 });
  return {
    core,
    tell,
    looked: (at) => [
      ...tell(at, { kind: 'looked', look: 'look4', address: '9.9.9.9', answers: [] }),
      ...tell(at, { kind: 'looked', look: 'look6', address: '2620:fe::fe', answers: [] }),
    ],
  };
}

function ofKind<K extends Effect['kind']>(
  effects: readonly Effect[],
  kind: K,
): Extract<Effect, { kind: K }>[] {
  return effects.filter((effect): effect is Extract<Effect, { kind: K }> => effect.kind === kind);
}

function replyTo(effect: Extract<Effect, { kind: 'send' }>, outcome: Outcome): AgentEvent {
  return { kind: 'replied', host: effect.host, trace: effect.trace, outcome, elapsedMs: 1 };
}

test('A-4.3 the back-off is between a second and its step, which doubles to half an hour', () => {
  assert.deepEqual(
    [0, 1, 2, 5, 6, 7, 100].map(backOffStep),
    [30_000, 60_000, 120_000, 960_000, 1_800_000, 1_800_000, 1_800_000],
  );
  fc.assert(
    fc.property(fc.nat(40), fc.double({ min: 0, max: 0.999_999, noNaN: true }), (n, random) => {
      const delay = backOffDelay(n, () => random);
      return (
        delay >= BACK_OFF.leastMs &&
        delay <= backOffStep(n) &&
        Math.abs(delay - Math.max(1000, random * backOffStep(n))) <= 1
      );
    }),
  );
});

test('A-2.1 a round is moved by at most its jitter, either way', () => {
  assert.deepEqual(
    [0, 0.5, 1].map((random) => roundDelay(300_000, 0.1, () => random)),
    [270_000, 300_000, 330_000],
  );
});

test('A-2.2 clocks that part, and ticks that are late, tell of a sleep', () => {
  const passage = (wall: number, elapsed: number): string =>
    passageBetween({ wall: 0, elapsed: 0 }, { wall, elapsed }, 1000);
  assert.equal(passage(1000, 1000), 'as-usual');
  assert.equal(passage(30_500, 1000), 'as-usual');
  assert.equal(passage(32_000, 1000), 'woke');
  assert.equal(passage(40_000, 40_000), 'woke');
  assert.equal(passage(-40_000, 1000), 'woke');
});

test('A-2.5 both families go into one request; apart, each has its own, one after the other', () => {
  const together = handled(planOf(['a.example']));
  assert.equal(ofKind(together.tell(0, { kind: 'tick' }), 'look').length, 2);
  const [one, ...more] = ofKind(together.looked(1), 'send');
  assert.deepEqual([one!.sent, more], [{ ipv4: '9.9.9.9', ipv6: '2620:fe::fe' }, []]);

  const plan = planOf(['a.example']);
  const apart = handled({ ...plan, hosts: plan.hosts.map((host) => ({ ...host, families: 'apart' })) });
  apart.tell(0, { kind: 'tick' });
  const [first] = ofKind(apart.looked(1), 'send');
  assert.deepEqual(first!.sent, { ipv4: '9.9.9.9' });
  const [second] = ofKind(apart.tell(2, replyTo(first!, DONE)), 'send');
  assert.deepEqual(second!.sent, { ipv6: '2620:fe::fe' });
});

test('A-1.7 a family without a quorum is left alone, and nothing at all is sent without an address', () => {
  const { tell } = handled(planOf(['a.example']));
  tell(0, { kind: 'tick' });
  tell(1, { kind: 'looked', look: 'look4', address: undefined, answers: [] });
  const [send] = ofKind(
    tell(1, { kind: 'looked', look: 'look6', address: '2620:fe::fe', answers: [] }),
    'send',
  );
  assert.deepEqual(send!.sent, { ipv6: '2620:fe::fe' });
  const other = handled(planOf(['a.example']));
  other.tell(0, { kind: 'tick' });
  for (const look of ['look4', 'look6'])
    assert.deepEqual(
      ofKind(other.tell(1, { kind: 'looked', look, address: undefined, answers: [] }), 'send'),
      [],
    );
  assert.equal(other.core.busy, false);
});

test('A-4.6 at most four requests at one server, and servers do not wait for each other', () => {
  const plan = planOf(Array.from({ length: 10 }, (_, n) => `h${n}.example`));
  const hosts = plan.hosts.map((host, n) =>
    n < 8 ? host : { ...host, server: 'other', key: `${host.name}@other` },
  );
  const { tell, looked } = handled({ ...plan, hosts });
  tell(0, { kind: 'tick' });
  const sends = ofKind(looked(1), 'send');
  assert.deepEqual(
    sends.map(({ host }) => host.split('@')[1]),
    ['home', 'home', 'home', 'home', 'other', 'other'],
  );
  const next = ofKind(tell(2, replyTo(sends[0]!, DONE)), 'send');
  assert.deepEqual(
    next.map(({ host }) => host),
    ['h4.example@home'],
  );
});

test('A-7.1 what is kept over a restart: acknowledged, stopped, back-off, circuit', () => {
  const before = handled(planOf(['a.example']));
  before.tell(0, { kind: 'tick' });
  const [send] = ofKind(before.looked(1), 'send');
  before.tell(2, replyTo(send!, AWAY));
  const memory = before.core.memory({ wall: WALL + 2000, elapsed: 2000 });
  const { next } = memory.hosts.get('a.example@home')!;
  assert.ok(next! > WALL + 2000 && next! <= WALL + 32_000);

  const kept = structuredClone(memory);
  const again = handled(planOf(['a.example']), kept);
  assert.deepEqual(ofKind(again.tell(0, { kind: 'tick' }), 'look'), [], 'it waits');
  assert.equal(again.core.nextDue(), next! - WALL);
  assert.equal(ofKind(again.tell((next! - WALL) / 1000, { kind: 'tick' }), 'look').length, 2);

  // The clock was set back by a year meanwhile: nobody waits for a year.
  const far = structuredClone(memory);
  far.hosts.get('a.example@home')!.next = WALL + 400 * 86_400_000;
  const late = handled(planOf(['a.example']), far);
  assert.ok(late.tell(86_400, { kind: 'tick' }).some(({ kind }) => kind === 'look'));
});

test('A-4.2 force tries a stopped host once', () => {
  const first = handled(planOf(['a.example']));
  first.tell(0, { kind: 'tick' });
  const [send] = ofKind(first.looked(1), 'send');
  first.tell(
    2,
    replyTo(send!, { kind: 'stopped', code: 'abuse', words: 'Blocked.', retryAfterMs: 3_600_000 }),
  );
  const memory = first.core.memory({ wall: WALL + 2000, elapsed: 2000 });
  assert.deepEqual(
    ofKind(handled(planOf(['a.example']), structuredClone(memory)).tell(0, { kind: 'tick' }), 'look'),
    [],
  );
  const forced = handled(planOf(['a.example']), structuredClone(memory), true);
  assert.equal(ofKind(forced.tell(0, { kind: 'tick' }), 'look').length, 2);
  const [again] = ofKind(forced.looked(1), 'send');
  assert.ok(again !== undefined);
  const done = forced.tell(2, replyTo(again, DONE));
  assert.deepEqual(
    ofKind(done, 'log').map(({ entry }) => entry.event),
    ['changed', 'recovered'],
  );
});

test('an answer that comes after its configuration is gone changes nothing', () => {
  const { core, tell, looked } = handled(planOf(['a.example', 'b.example']));
  tell(0, { kind: 'tick' });
  const [a, b] = ofKind(looked(1), 'send');
  const plan = planOf(['a.example']);
  const moved = plan.hosts.map((host) => ({
    ...host,
    place: 'https://elsewhere.example/nic/update',
    fingerprint: 'new',
  }));
  tell(2, { kind: 'configured', plan: { ...plan, hosts: moved } });
  tell(3, replyTo(a!, DONE));
  tell(3, replyTo(b!, { kind: 'stopped', code: 'badauth', words: 'No.' }));
  const record = core.memory({ wall: WALL, elapsed: 0 }).hosts.get('a.example@home')!;
  assert.deepEqual([record.acknowledged, record.stop], [{}, undefined]);
  assert.ok(
    tell(11, { kind: 'tick' }).some(({ kind }) => kind === 'look'),
    'and the new place is told',
  );
});

test('a changed configuration closes the circuit, and the four requests under way still count', () => {
  const names = Array.from({ length: 8 }, (_, n) => `h${n}.example`);
  const { core, tell, looked } = handled(planOf(names));
  tell(0, { kind: 'tick' });
  const sends = ofKind(looked(1), 'send');
  assert.equal(sends.length, 4);
  const plan = planOf([...names, 'new.example']);
  assert.deepEqual(ofKind(tell(2, { kind: 'configured', plan }), 'send'), []);
  tell(11, { kind: 'tick' });
  assert.deepEqual(ofKind(looked(12), 'send'), [], 'four are under way');
  // These fail, and the ones that follow them too: the circuit opens.
  const failing = [...sends];
  for (let at = 13; failing.length > 0 && at < 40; at++)
    failing.push(...ofKind(tell(at, replyTo(failing.shift()!, AWAY)), 'send'));
  assert.equal(core.busy, false);
  assert.ok(core.memory({ wall: WALL, elapsed: 0 }).servers.get('home')!.probeAt !== undefined, 'open');
  const changed = plan.hosts.map((host) => ({ ...host, fingerprint: 'another secret' }));
  tell(50, { kind: 'configured', plan: { ...plan, hosts: changed } });
  assert.equal(core.memory({ wall: WALL, elapsed: 0 }).servers.get('home')!.probeAt, undefined, 'closed');
  tell(51, { kind: 'tick' });
  assert.equal(ofKind(looked(52), 'send').length, 4);
});
