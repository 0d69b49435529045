/** The record of a host's attempts in words, for its owner. Invariant: every outcome has words of its own. */
import { formatIpAddress } from '../../net/ip-address.ts';
import type { AttemptOutcome, AttemptRun } from './sighting.ts';

/** Equal attempts, as commands print them. */
export interface AttemptInfo {
  readonly outcome: AttemptOutcome;
  /** The outcome in words. */
  readonly text: string;
  readonly count: number;
  /** ISO 8601. */
  readonly first: string;
  readonly last: string;
  readonly source: string;
  /** Null where the client named none. */
  readonly agent: string | null;
  /** Null where the request was in none. */
  readonly dialect: string | null;
}

const WORDS: Readonly<Record<AttemptOutcome, string>> = {
  changed: 'good: changed',
  unchanged: 'unchanged',
  'no-such-host': 'credentials of another account',
  'not-fqdn': 'not a full host name',
  'not-permitted': 'token is for other hosts',
  blocked: 'host is blocked',
  'address-refused': 'address that the zone does not publish',
  'record-refused': 'TXT value that the zone has no place for',
  'bad-credentials': 'wrong password or unknown token',
  'no-credentials': 'no credentials',
  'wrong-user': 'wrong user name for this host',
  'insecure-credentials': 'plain HTTP refused',
  'locked-out': 'too many wrong log-ins',
  'bad-request': 'malformed address or parameter',
  'no-hostname': 'no host named',
  'too-many-hosts': 'too many hosts in one request',
  'over-budget': 'changes too often',
  overloaded: 'server busy',
  unavailable: 'server failing',
  'wrong-path': 'wrong path',
  'wrong-method': 'method that updates nothing',
  'unread-body': 'body too long, or cut short',
};

/** Attempts as commands print them. */
export function describeAttempts(runs: readonly AttemptRun[]): readonly AttemptInfo[] {
  return runs.map(({ outcome, count, firstAt, lastAt, source, agent, dialect }) => ({
    outcome,
    text: WORDS[outcome],
    count,
    first: new Date(firstAt).toISOString(),
    last: new Date(lastAt).toISOString(),
    source: formatIpAddress(source),
    agent: agent === '' ? null : agent,
    dialect: dialect === '' ? null : dialect,
  }));
}
