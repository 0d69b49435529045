/**
 * From requests and their results to the record of attempts.
 *
 * Invariants: an attempt is noted at the hosts that it names, whoever sent it; whether somebody may see a host is
 * decided as for updates; what strangers send is noted after their reply was written, so that it takes as long for a
 * host that exists as for one that does not; an unchanged update
 * leaves nothing behind.
 */
import { hostAccess } from '../../account/permission.ts';
import type { Principal } from '../../account/principal.ts';
import type { Clock } from '../../ops/clock.ts';
import type { HostOutcome, RequestOutcome } from '../../update/outcome.ts';
import type { UpdateResult } from '../../update/service.ts';
import type { TxtOutcome, TxtResult } from '../../update/txt/txt.ts';
import type { Exchange } from '../exchange.ts';
import { parseUpdateParameters } from '../update/parameters.ts';
import type { AttemptRecord } from './attempt-record.ts';
import { type AttemptOutcome, keptAgent } from './host-attempts.ts';

/** A request on its way: who it was, once that is proved, and the hosts that it names. */
export interface NamedHosts {
  readonly exchange: Exchange;
  readonly principal: Principal | undefined;
  readonly hosts: readonly string[];
}

type Settled = UpdateResult | TxtResult | RequestOutcome;

/** Notes what came of the requests of one dialect; `at` is the time in milliseconds. */
export interface AttemptRecorder {
  note(request: NamedHosts, result: Settled, at: number): void;
}

/** The recorder of a dialect. */
export function createAttemptRecorder(record: AttemptRecord, dialect: string): AttemptRecorder {
  return new DialectRecorder(record, dialect);
}

/** Notes a request with host names that came to a path where nothing is. */
export function noteWrongPath(record: AttemptRecord, exchange: Exchange, clock: Clock): void {
  if (exchange.query === '') return;
  setImmediate(() => {
    const { source, headers } = exchange;
    const agent = keptAgent(headers['user-agent']);
    const at = clock.now();
    for (const host of parseUpdateParameters(exchange.query).hosts.slice(0, MAX_WRONG_PATH_HOSTS))
      record.note(host, { outcome: 'wrong-path', proved: false, source, agent, dialect: '', at });
  });
}

const MAX_WRONG_PATH_HOSTS = 20;

class DialectRecorder implements AttemptRecorder {
  readonly #record: AttemptRecord;
  readonly dialect: string;

  constructor(record: AttemptRecord, dialect: string) {
    this.#record = record;
    this.dialect = dialect;
  }

  note(request: NamedHosts, result: Settled, at: number): void {
    if (request.hosts.length === 0) return;
    if (isOwners(request, result)) this.#noteAll(request, result, at);
    else
      setImmediate(() => {
        this.#noteAll(request, result, at);
      });
  }

  #noteAll({ exchange, principal, hosts }: NamedHosts, result: Settled, at: number): void {
    const { source, headers } = exchange;
    const agent = keptAgent(headers['user-agent']);
    const { dialect } = this;
    for (let i = 0; i < hosts.length; i++) {
      const host = hosts[i]!;
      const outcome = outcomeAt(result, i, hosts.length);
      const proved =
        principal !== undefined &&
        (outcomesOf(result) === undefined ? this.#maySee(principal, host) : outcome !== 'no-such-host');
      this.#record.note(host, { outcome, proved, source, agent, dialect, at });
    }
  }

  #maySee(principal: Principal, text: string): boolean {
    const host = this.#record.hostOf(text);
    return host !== undefined && hostAccess(principal, host) !== 'none';
  }
}

/** Of each host, where the request got as far. */
function outcomesOf(result: Settled): readonly (HostOutcome | TxtOutcome)[] | undefined {
  return result.kind === 'hosts' || result.kind === 'txt' ? result.outcomes : undefined;
}

/** Whether all that was named is the sender's: the reply said so already. */
function isOwners({ principal }: NamedHosts, result: Settled): boolean {
  const outcomes = outcomesOf(result);
  if (principal === undefined || outcomes === undefined) return false;
  for (const { kind } of outcomes) if (kind === 'no-such-host') return false;
  return true;
}

function outcomeAt(result: Settled, index: number, count: number): AttemptOutcome {
  if (result.kind !== 'hosts' && result.kind !== 'txt')
    return result.kind === 'bad-credentials' ? (result.why ?? result.kind) : result.kind;
  const { outcomes } = result;
  // TXT values stand at a host and at a name below it: then the outcomes are not one for each host.
  if (outcomes.length !== count)
    return outcomes.find(({ kind }) => kind !== 'unchanged')?.kind ?? 'unchanged';
  return outcomes[index]!.kind;
}
