/**
 * One attempt to update a host, as it is noted, and equal ones as they are told.
 * Invariant: a text that is kept is short and a string of its own, whoever sent it.
 */
import type { IpAddress } from '../../net/ip-address.ts';
import type { OutcomeKind } from '../../update/outcome.ts';

/** What came of an attempt; the last five are told apart for the owner alone, never in a reply. */
export type AttemptOutcome =
  OutcomeKind | 'wrong-path' | 'wrong-method' | 'unread-body' | 'no-credentials' | 'wrong-user';

/** One attempt as it is noted. */
export interface Sighting {
  readonly outcome: AttemptOutcome;
  /** Whether its sender proved to be one who may at least see the host. */
  readonly proved: boolean;
  readonly source: IpAddress;
  /** Empty where the client named none. */
  readonly agent: string;
  /** The dialect's name; empty where the request was none's. */
  readonly dialect: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Equal attempts: how many, and when the first and the last of them came. */
export interface AttemptRun extends Readonly<Omit<Sighting, 'at'>> {
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
}

const LONGEST_AGENT = 100;

/** A user agent as it is kept: cut, so that comparing it costs little, whoever sent it. */
export function keptAgent(agent: string | undefined): string {
  if (agent === undefined) return '';
  return agent.length <= LONGEST_AGENT ? agent : agent.slice(0, LONGEST_AGENT);
}

/** A part of a string keeps the whole alive; this is one of its own. */
export function copyOf(agent: string): string {
  return agent.length < LONGEST_AGENT ? agent : Buffer.from(agent, 'latin1').toString('latin1');
}
