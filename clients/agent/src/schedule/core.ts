/**
 * What the agent does next: events in, effects out. It does no input or output and reads no clock, so that a
 * week of it runs in a second. Invariants: a host has at most one request under way; nothing is sent for a host that is
 * stopped, waits for its back-off or its Retry-After, or whose server's circuit is open (unless it tries for all).
 */
import { FAMILIES } from '../config/agent-config.ts';
import { settleReply } from './after-reply.ts';
import { roundDelay } from './back-off.ts';
import { type CoreContext, hold } from './core-context.ts';
import type { AgentEvent, Effect, Memory, Plan } from './core-types.ts';
import { entryOf } from './entries.ts';
import { dueUpdate, isAcknowledged, rebaseTimes } from './host-record.ts';
import type { HostRun } from './host-run.ts';
import { addHost, configure, remember } from './hosts.ts';
import type { Moment, Random } from './moment.ts';
import type { ServerGate } from './server-gate.ts';

/** A round for each of these in the long run, three at once at most, a second apart. */
const HURRIED = { everyMs: 10_000, burst: 3, apartMs: 1000 } as const;

/** The core of the agent. */
export interface AgentCore {
  /** Takes one event and answers what is to be done now. */
  handle(event: AgentEvent, now: Moment): readonly Effect[];
  /** Whether something is under way that an event will end. */
  readonly busy: boolean;
  /** When `tick` has something to do next, on the clock that only goes forward. */
  nextDue(): number;
  /** When the next round is, on the clock that only goes forward. */
  readonly roundAt: number;
  /** What to keep on disk, brought up to date. */
  memory(now: Moment): Memory;
}

/** Makes a core, whose first round is due at once. */
export function createAgentCore(options: {
  readonly plan: Plan;
  readonly memory: Memory;
  readonly now: Moment;
  readonly random: Random;
  /** Every host is tried once, whatever keeps it back. */
  readonly force?: boolean;
}): AgentCore {
  const { plan, memory, now, random } = options;
  const core: CoreContext = {
    ...{ random, hosts: new Map(), gates: new Map(), effects: [], now, plan, verifying: 0 },
    roundAt: now.elapsed,
    lastRound: Number.NEGATIVE_INFINITY,
    roundsPaidUntil: now.elapsed,
    earliestRound: now.elapsed,
  };
  for (const host of plan.hosts) addHost(core, host, memory);
  for (const run of core.hosts.values()) run.forced = options.force ?? false;
  return {
    handle: (event, at) => {
      core.now = at;
      core.effects = [];
      dispatch(core, event);
      pump(core);
      core.verifying += core.effects.filter(({ kind }) => kind === 'verify').length;
      return core.effects;
    },
    get busy() {
      return core.verifying > 0 || [...core.hosts.values()].some(({ phase }) => phase !== 'idle');
    },
    get roundAt() {
      return core.roundAt;
    },
    nextDue: () => nextDue(core),
    memory: (at) => remember(core, at),
  };
}

function dispatch(core: CoreContext, event: AgentEvent): void {
  switch (event.kind) {
    case 'tick':
      // What came due before the spread is over waits as well: others were started with this machine.
      if (core.now.elapsed < core.earliestRound) return;
      if (core.now.elapsed >= core.roundAt) beginRound(core);
      retryDue(core);
      return;
    case 'woke': {
      // Machines whose power came back together do not ask together.
      const delay = Math.round(core.random() * core.plan.startSpreadMs);
      core.earliestRound = Math.max(core.now.elapsed + delay, soonestRound(core));
      core.roundAt = core.earliestRound;
      return;
    }
    case 'interfaces-changed':
      hurryRound(core);
      return;
    case 'configured':
      configure(core, event.plan);
      hurryRound(core);
      return;
    case 'looked':
      takeLook(core, event);
      return;
    case 'replied':
      settleReply(core, event);
      return;
    case 'verified':
      core.verifying -= 1;
      takeVerified(core, event);
      return;
  }
}

/** The next round as soon as it may be. */
function hurryRound(core: CoreContext): void {
  core.roundAt = Math.min(core.roundAt, Math.max(core.now.elapsed, core.earliestRound, soonestRound(core)));
}

/** When a round may follow those before: a link that comes back waits for none, one that flaps wears nobody out. */
function soonestRound({ lastRound, roundsPaidUntil }: CoreContext): number {
  return Math.max(lastRound + HURRIED.apartMs, roundsPaidUntil - (HURRIED.burst - 1) * HURRIED.everyMs);
}

function beginRound(core: CoreContext): void {
  const { intervalMs, jitter } = core.plan;
  core.lastRound = core.now.elapsed;
  core.roundsPaidUntil = Math.max(core.roundsPaidUntil, core.now.elapsed) + HURRIED.everyMs;
  core.roundAt = core.now.elapsed + roundDelay(intervalMs, jitter, core.random);
  const trace = newTrace(core.random);
  for (const run of core.hosts.values()) {
    rebaseTimes(run.record, core.now.wall);
    if (run.phase !== 'idle') continue;
    const waits = run.record.stop !== undefined || (run.due !== undefined && run.due > core.now.elapsed);
    if (run.forced || !waits) beginLook(core, run, trace);
  }
  core.effects.push({ kind: 'save' });
}

/** Begins what is due outside of rounds: hosts after their back-off, and the one that tries for all at a server. */
function retryDue(core: CoreContext): void {
  const now = core.now.elapsed;
  for (const run of core.hosts.values())
    if (run.phase === 'idle' && run.due !== undefined && run.due <= now)
      beginLook(core, run, newTrace(core.random));
  for (const [server, gate] of core.gates) {
    if (!gate.wantsProbe(now)) continue;
    const waiting = heldAt(core, server).filter(({ notBefore }) => (notBefore ?? 0) <= now);
    const chosen = waiting[Math.floor(core.random() * waiting.length)];
    if (chosen === undefined) continue;
    gate.choose(chosen.plan.key);
    beginLook(core, chosen, newTrace(core.random));
  }
}

function heldAt(core: CoreContext, server: string): HostRun[] {
  return [...core.hosts.values()].filter(
    (run) => run.held && run.phase === 'idle' && run.plan.server === server,
  );
}

function beginLook(core: CoreContext, run: HostRun, trace: string): void {
  const underWay = new Set([...core.hosts.values()].flatMap(({ awaiting }) => [...awaiting]));
  run.phase = 'looking';
  run.due = undefined;
  run.trace = trace;
  run.found = {};
  run.awaiting = new Set(FAMILIES.flatMap((family) => run.plan.looks[family] ?? []));
  for (const look of run.awaiting) if (!underWay.has(look)) core.effects.push({ kind: 'look', look, trace });
}

function takeLook(core: CoreContext, event: Extract<AgentEvent, { kind: 'looked' }>): void {
  for (const run of core.hosts.values()) {
    const family = FAMILIES.find((name) => run.plan.looks[name] === event.look);
    if (family === undefined || !run.awaiting.delete(event.look)) continue;
    const { address, answers } = event;
    run.record.looks[family] = {
      at: core.now.wall,
      answers,
      ...(address === undefined ? {} : { address }),
    };
    if (address !== undefined) run.found = { ...run.found, [family]: address };
    else core.effects.push(entryOf(run, { event: 'undetected', family, answers }));
    if (run.awaiting.size === 0) decide(core, run);
  }
}

/** All families were looked for: what is sent, if anything. */
function decide(core: CoreContext, run: HostRun): void {
  const { record, plan, found } = run;
  const gate = core.gates.get(plan.server)!;
  const due = run.forced
    ? { families: FAMILIES.filter((family) => found[family] !== undefined) }
    : dueUpdate(record, found, { now: core.now.wall, refreshMs: core.plan.refreshMs });
  if (due === undefined || due.families.length === 0) {
    run.phase = 'idle';
    run.held = false;
    run.forced = false;
    core.effects.push({ kind: 'save' });
    // Another host may try for all at once, unless nothing can be found out at all.
    gate.release(plan.key, Object.keys(found).length > 0 ? core.now.elapsed : core.roundAt);
    return;
  }
  run.requests =
    plan.families === 'apart' ? due.families.map((family) => ({ [family]: found[family]! })) : [found];
  run.phase = 'queued';
}

/** Sends whatever may be sent now. */
function pump(core: CoreContext): void {
  const now = core.now.elapsed;
  for (const run of core.hosts.values()) {
    if (run.phase !== 'queued') continue;
    const { key, server } = run.plan;
    const gate = core.gates.get(server)!;
    if (!run.forced && run.notBefore !== undefined && run.notBefore > now) {
      run.phase = 'idle';
      run.due = run.notBefore;
      gate.release(key, run.notBefore);
      continue;
    }
    const admission = run.forced && gate.open ? forceOpen(gate, key, now) : gate.admit(key, now);
    if (admission === 'hold') hold(run);
    if (admission !== 'go') continue;
    run.phase = 'sending';
    run.held = false;
    run.forced = false;
    run.notBefore = undefined;
    core.effects.push({ kind: 'send', host: key, sent: run.requests[0]!, trace: run.trace });
  }
}

/** One request for each host goes out although the circuit is open. */
function forceOpen(gate: ServerGate, key: string, now: number): 'go' | 'queue' | 'hold' {
  gate.choose(key);
  return gate.admit(key, now);
}

function takeVerified(core: CoreContext, event: Extract<AgentEvent, { kind: 'verified' }>): void {
  const run = core.hosts.get(event.host);
  if (run === undefined || !isAcknowledged(run.record, event.sent)) return;
  run.record.verified = { at: core.now.wall, result: event.result };
  if (event.result === 'missing') core.effects.push(entryOf(run, { event: 'missing' }));
  core.effects.push({ kind: 'save' });
}

function nextDue(core: CoreContext): number {
  let next = core.roundAt;
  for (const run of core.hosts.values()) {
    if (run.phase === 'idle' && run.due !== undefined) next = Math.min(next, run.due);
    const probeAt = run.held && run.phase === 'idle' ? core.gates.get(run.plan.server)!.probeAt : undefined;
    if (probeAt !== undefined) next = Math.min(next, Math.max(probeAt, run.notBefore ?? 0));
  }
  return Math.max(next, core.earliestRound);
}

function newTrace(random: Random): string {
  const half = (): string =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return half() + half();
}
