/**
 * Simulated time: agents made of the real core, in a world of one server whose state is set by the test. Nothing waits
 * and nothing runs by itself; the same seed gives the same week. Invariant: events happen in the order of their time.
 */
import { type AgentCore, createAgentCore } from '../../../clients/agent/src/schedule/core.ts';
import type { AgentEvent, Effect, Memory, Plan } from '../../../clients/agent/src/schedule/core-types.ts';
import { type Moment, type Random, passageBetween } from '../../../clients/agent/src/schedule/moment.ts';
import type { LogEntry } from '../../../clients/agent/src/log/log-entry.ts';
import type { Outcome } from '../../../clients/agent/src/update/reply.ts';

/** Time between two ticks, as in the program. */
export const TICK_MS = 1000;
const LOOK_MS = 200;
const SEND_MS = 100;
const VERIFY_MS = 500;

/** A request that reached the server, or would have. */
export interface Sent {
  /** On the clock that only goes forward. */
  readonly at: number;
  readonly host: string;
  readonly addresses: readonly string[];
  readonly outcome: Outcome;
}

/** What the agents meet. */
export interface World {
  /** What the server answers now. */
  answer: (host: string) => Outcome;
  /** The addresses of the machine now; undefined: nothing can be found out. */
  address: { ipv4?: string; ipv6?: string };
}

/** A plan with these hosts at one server. */
export function planOf(hosts: readonly string[], more: Partial<Plan> = {}): Plan {
  return {
    intervalMs: 300_000,
    jitter: 0.1,
    refreshMs: 24 * 86_400_000,
    startSpreadMs: 10_000,
    hosts: hosts.map((name) => ({
      key: `${name}@home`,
      name,
      server: 'home',
      looks: { ipv4: 'look4', ipv6: 'look6' },
      place: 'https://ddns.example.org/nic/update',
      fingerprint: `config of ${name}`,
      credential: 'alice',
      families: 'together',
    })),
    ...more,
  };
}

/** Random numbers that are the same in each run (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Things to do in the order of their time. */
export interface Timeline {
  readonly now: number;
  at(time: number, act: () => void): void;
  /** Does everything until then. */
  runUntil(time: number): void;
}

/** Makes a timeline that begins at 0. */
export function createTimeline(): Timeline {
  const heap: { readonly time: number; readonly order: number; readonly act: () => void }[] = [];
  let [now, order] = [0, 0];
  const before = (a: number, b: number): boolean =>
    heap[a]!.time - heap[b]!.time < 0 || (heap[a]!.time === heap[b]!.time && heap[a]!.order < heap[b]!.order);
  const swap = (a: number, b: number): void => {
    [heap[a], heap[b]] = [heap[b]!, heap[a]!];
  };
  const take = (): (typeof heap)[number] => {
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) heap[0] = last;
    for (let i = 0; ;) {
      const [left, right] = [2 * i + 1, 2 * i + 2];
      let least = i;
      if (left < heap.length && before(left, least)) least = left;
      if (right < heap.length && before(right, least)) least = right;
      if (least === i) return first;
      swap(i, least);
      i = least;
    }
  };
  return {
    get now() {
      return now;
    },
    at: (time, act) => {
      heap.push({ time, order: order++, act });
      for (let i = heap.length - 1; i > 0;) {
        const parent = (i - 1) >> 1;
        if (!before(i, parent)) break;
        swap(i, parent);
        i = parent;
      }
    },
    runUntil: (end) => {
      while (heap.length > 0 && heap[0]!.time <= end) {
        const { time, act } = take();
        now = time;
        act();
      }
      now = end;
    },
  };
}

/** One agent in the world. */
export interface SimulatedAgent {
  readonly core: AgentCore;
  readonly sent: readonly Sent[];
  readonly log: readonly LogEntry[];
  readonly rounds: () => number;
  tell(event: AgentEvent): void;
  /** The machine sleeps: the wall clock goes on, the other one stands still. */
  sleep(ms: number): void;
  /** Somebody sets the wall clock. */
  setClock(byMs: number): void;
  moment(): Moment;
}

/** Starts an agent. With `everySecond` it ticks as the program does; else only when it has something to do. */
export function startAgent(
  timeline: Timeline,
  world: World,
  options: {
    readonly plan: Plan;
    readonly random: Random;
    readonly everySecond?: boolean;
    /** What an agent before it has kept; nothing where it is left out. */
    readonly memory?: Memory;
  },
): SimulatedAgent {
  let wallOffset = Date.UTC(2026, 0, 1);
  let looks = 0;
  const [sent, log]: [Sent[], LogEntry[]] = [[], []];
  const moment = (): Moment => ({ wall: timeline.now + wallOffset, elapsed: timeline.now });
  const core = createAgentCore({
    plan: options.plan,
    memory: options.memory ?? { hosts: new Map(), servers: new Map() },
    now: moment(),
    random: options.random,
  });
  const tell = (event: AgentEvent): void => {
    for (const effect of core.handle(event, moment())) carryOut(effect);
    if (options.everySecond !== true) wakeUp();
  };
  const later = (ms: number, event: () => AgentEvent): void => {
    timeline.at(timeline.now + ms, () => {
      tell(event());
    });
  };
  const carryOut = (effect: Effect): void => {
    switch (effect.kind) {
      case 'log':
        log.push(effect.entry);
        return;
      case 'save':
        return;
      case 'look': {
        looks += 1;
        const family = effect.look === 'look4' ? 'ipv4' : 'ipv6';
        later(LOOK_MS, () => ({
          kind: 'looked',
          look: effect.look,
          address: world.address[family],
          answers: [],
        }));
        return;
      }
      case 'send': {
        const { host, trace } = effect;
        const addresses = Object.values(effect.sent);
        later(SEND_MS, () => {
          const outcome = world.answer(host);
          sent.push({ at: timeline.now, host, addresses, outcome });
          return { kind: 'replied', host, trace, outcome, elapsedMs: SEND_MS };
        });
        return;
      }
      case 'verify':
        later(VERIFY_MS, () => ({ ...effect, kind: 'verified', result: 'there' }));
    }
  };
  // Each machine ticks at its own fraction of a second.
  const fraction = Math.floor(options.random() * TICK_MS);
  let planned = Number.POSITIVE_INFINITY;
  const wakeUp = (): void => {
    const due = Math.max(core.nextDue(), timeline.now);
    const tick = Math.ceil((due - fraction) / TICK_MS) * TICK_MS + fraction;
    if (tick >= planned) return;
    planned = tick;
    timeline.at(tick, () => {
      if (planned !== tick) return;
      planned = Number.POSITIVE_INFINITY;
      tell({ kind: 'tick' });
    });
  };
  let last = moment();
  const tickEverySecond = (): void => {
    if (passageBetween(last, moment(), TICK_MS) === 'woke') tell({ kind: 'woke' });
    last = moment();
    tell({ kind: 'tick' });
    timeline.at(timeline.now + TICK_MS, tickEverySecond);
  };
  if (options.everySecond === true) timeline.at(fraction, tickEverySecond);
  else wakeUp();
  return {
    core,
    sent,
    log,
    rounds: () => looks,
    tell,
    sleep: (ms) => {
      wallOffset += ms;
    },
    setClock: (byMs) => {
      wallOffset += byMs;
    },
    moment,
  };
}

/** The server took it. */
export const DONE: Outcome = { kind: 'done', code: 'good' };

/** There is no server. */
export const AWAY: Outcome = { kind: 'failed', code: 'network', words: 'The connection was refused.' };
