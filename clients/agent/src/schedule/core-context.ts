/** What the parts of the core share. Invariant: it is changed only while an event is handled. */
import type { Effect, Plan } from './core-types.ts';
import type { HostRun } from './host-run.ts';
import type { Moment, Random } from './moment.ts';
import type { ServerGate } from './server-gate.ts';

/** The state of the core. */
export interface CoreContext {
  readonly random: Random;
  readonly hosts: Map<string, HostRun>;
  readonly gates: Map<string, ServerGate>;
  /** What the event that is handled asks for. */
  effects: Effect[];
  now: Moment;
  plan: Plan;
  roundAt: number;
  lastRound: number;
  /** Later than now by what the rounds before have used of those that may hurry. */
  roundsPaidUntil: number;
  /** No round before: the spread after a boot or a resume. */
  earliestRound: number;
  /** Verifications that are under way. */
  verifying: number;
}

/** Lets a host wait for its server's circuit instead of a time of its own. */
export function hold(run: HostRun): void {
  run.held = true;
  run.due = undefined;
  run.phase = 'idle';
}
