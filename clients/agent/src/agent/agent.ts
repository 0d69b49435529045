/**
 * The agent at work: carries out what the core asks for, and tells it what came of it.
 * Invariant: nothing that is carried out keeps the others waiting.
 */
import { EVENTS, type LogEntry } from '../log/log-entry.ts';
import type { Log } from '../log/log.ts';
import type { Platform } from '../platform/platform.ts';
import { createAgentCore } from '../schedule/core.ts';
import type { AgentEvent, Effect } from '../schedule/core-types.ts';
import { toWall } from '../schedule/host-run.ts';
import type { Moment } from '../schedule/moment.ts';
import type { AgentState } from '../state/state-file.ts';
import { type ActionContext, carryOutLook, carryOutSend, carryOutVerify, pause } from './actions.ts';
import { createKeeper } from './keeper.ts';
import type { Setup } from './setup.ts';

/** An agent. */
export interface Agent {
  /** Takes an event; what follows from it is begun. */
  tell(event: AgentEvent): void;
  /** Uses another configuration from now on. */
  configure(setup: Setup): void;
  /** The network is another one: connections that were kept are not used again. */
  renewConnections(): void;
  /** Logs one line, and tells the system's log where the entry says so. */
  note(entry: LogEntry): void;
  /** Waits until the system's log has what it was told. */
  reported(): Promise<void>;
  /** Whether something is under way. */
  readonly busy: boolean;
  /** Writes what changed since the last time. */
  save(): Promise<void>;
  /** Waits until nothing is under way, for at most `graceMs`, ends what still is, and writes the state. */
  end(graceMs: number): Promise<void>;
}

/** What an agent is made of. */
export interface AgentOptions {
  readonly setup: Setup;
  readonly state: AgentState;
  readonly stateDirectory: string;
  readonly mode: 'run' | 'once';
  readonly platform: Platform;
  /** The log in force, which a new configuration may replace. */
  readonly log: () => Log;
  readonly moment: () => Moment;
  readonly force: boolean;
}

const POLL_MS = 20;

/** Makes an agent that has begun nothing yet. */
export function createAgent(options: AgentOptions): Agent {
  const { platform, moment, stateDirectory, mode, force, state } = options;
  const abort = new AbortController();
  let { setup } = options;
  const core = createAgentCore({
    ...{ plan: setup.plan, memory: state.memory, now: moment(), random: Math.random, force },
  });
  const note = createNote(options);
  const keeper = createKeeper({
    directory: stateDirectory,
    salt: state.salt,
    note: note.write,
    read: () => {
      const now = moment();
      const roundAt = mode === 'run' ? { roundAt: toWall(core.roundAt, now)! } : {};
      return { run: { mode, at: now.wall, ...roundAt }, memory: core.memory(now) };
    },
  });
  const context: ActionContext = {
    ...{ platform, moment, signal: abort.signal },
    setup: () => setup,
    acknowledged: (host, family) => core.memory(moment()).hosts.get(host)?.acknowledged[family]?.address,
    warnUnverifiable: createUnverifiableWarning(note.write),
  };
  const tell = (event: AgentEvent): void => {
    for (const effect of core.handle(event, moment())) carryOut(effect);
  };
  const carryOut = (effect: Effect): void => {
    if (effect.kind === 'log') note.write(effect.entry);
    else if (effect.kind === 'save') keeper.touch();
    else void begin(effect, context).then(tell);
  };
  return {
    tell,
    note: note.write,
    reported: note.reported,
    save: () => keeper.save(),
    get busy() {
      return core.busy;
    },
    configure: (next) => {
      const before = setup.connections;
      setup = next;
      // Requests under way end on the old connections.
      for (const connections of before.values()) void connections.close();
      tell({ kind: 'configured', plan: next.plan });
    },
    renewConnections: () => {
      for (const connections of setup.connections.values()) connections.renew();
    },
    end: async (graceMs) => {
      const until = moment().elapsed + graceMs;
      while (core.busy && moment().elapsed < until) await pause(POLL_MS);
      abort.abort(new Error('the agent ends'));
      keeper.touch();
      await keeper.save();
      await note.reported();
      await Promise.all([...setup.connections.values()].map((connections) => connections.close()));
    },
  };
}

function begin(
  effect: Exclude<Effect, { kind: 'log' | 'save' }>,
  context: ActionContext,
): Promise<AgentEvent> {
  switch (effect.kind) {
    case 'look':
      return carryOutLook(effect.look, context);
    case 'send':
      return carryOutSend(effect, context);
    case 'verify':
      return carryOutVerify(effect, context);
  }
}

/** Writes to the log, and to the system's log one event after the other: a storm of failures is none of processes. */
function createNote({ log, platform, stateDirectory }: AgentOptions): {
  readonly write: (entry: LogEntry) => void;
  readonly reported: () => Promise<void>;
} {
  let reporting: Promise<void> = Promise.resolve();
  return {
    write: (entry) => {
      log().write(entry);
      if (entry.report !== true || !(entry.event in EVENTS)) return;
      const { id, kind } = EVENTS[entry.event as keyof typeof EVENTS];
      reporting = reporting.then(() => platform.report({ id, kind, text: entry.message }, stateDirectory));
    },
    reported: () => reporting,
  };
}

function createUnverifiableWarning(note: (entry: LogEntry) => void): (host: string) => void {
  const told = new Set<string>();
  return (host) => {
    if (told.has(host)) return;
    told.add(host);
    const message = `No name servers were found for ${host}; whether its address has arrived is not verified.`;
    note({ level: 'warn', event: 'warned', host, message });
  };
}
