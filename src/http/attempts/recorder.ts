/**
 * From requests and their results to the record of attempts.
 *
 * Invariants: an attempt is noted at the hosts that it names, whoever sent it; whether somebody may see a host is
 * decided as for updates; what strangers send is noted after their reply was written, so that it takes as long for a
 * host that exists as for one that does not; an unchanged update leaves no garbage.
 */
import { hostAccess } from '../../account/permission.ts';
import type { Principal } from '../../account/principal.ts';
import type { IpAddress } from '../../net/ip-address.ts';
import type { Clock } from '../../ops/clock.ts';
import type { RequestOutcome } from '../../update/outcome.ts';
import type { UpdateResult } from '../../update/service.ts';
import type { TxtResult } from '../../update/txt.ts';
import type { Exchange } from '../exchange.ts';
import { parseUpdateParameters } from '../update/parameters.ts';
import type { AttemptRecord } from './attempt-record.ts';
import { type AttemptOutcome, type Sighting, keptAgent } from './host-attempts.ts';

/** A request on its way: who it was, once that is proved, and the hosts that it names. */
export interface NamedHosts {
  readonly exchange: Exchange;
  readonly principal: Principal | undefined;
  readonly hosts: readonly string[];
}

/** Notes what came of the requests of one dialect; `at` is the time in milliseconds. */
export interface AttemptRecorder {
  note(request: NamedHosts, result: UpdateResult | TxtResult | RequestOutcome, at: number): void;
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

/** What is said of an attempt; the recorder's own, filled in anew for each. */
type Draft = { -readonly [K in keyof Sighting]: Sighting[K] };

class DialectRecorder implements AttemptRecorder {
  readonly #record: AttemptRecord;
  readonly #draft: Draft;

  constructor(record: AttemptRecord, dialect: string) {
    this.#record = record;
    // A time from the beginning: as a whole number first, the field would have to change its kind.
    this.#draft = {
      outcome: 'unchanged',
      proved: false,
      source: '' as IpAddress,
      agent: '',
      dialect,
      at: 0.5,
    };
  }

  note(request: NamedHosts, result: Parameters<AttemptRecorder['note']>[1], at: number): void {
    if (request.hosts.length === 0) return;
    if (isOwners(request, result)) this.#noteAll(request, result, at);
    else
      setImmediate(() => {
        this.#noteAll(request, result, at);
      });
  }

  #noteAll(
    { exchange, principal, hosts }: NamedHosts,
    result: Parameters<AttemptRecorder['note']>[1],
    at: number,
  ): void {
    const draft = this.#draft;
    draft.source = exchange.source;
    draft.agent = keptAgent(exchange.headers['user-agent']);
    draft.at = at;
    for (let i = 0; i < hosts.length; i++) {
      const host = hosts[i]!;
      draft.outcome = outcomeAt(result, i, hosts.length);
      draft.proved =
        principal !== undefined &&
        ('outcomes' in result ? draft.outcome !== 'no-such-host' : this.#maySee(principal, host));
      this.#record.note(host, draft);
    }
  }

  #maySee(principal: Principal, text: string): boolean {
    const host = this.#record.hostOf(text);
    return host !== undefined && hostAccess(principal, host) !== 'none';
  }
}

/** Whether all that was named is the sender's: the reply said so already. */
function isOwners({ principal }: NamedHosts, result: Parameters<AttemptRecorder['note']>[1]): boolean {
  if (principal === undefined || !('outcomes' in result)) return false;
  for (const { kind } of result.outcomes) if (kind === 'no-such-host') return false;
  return true;
}

function outcomeAt(
  result: Parameters<AttemptRecorder['note']>[1],
  index: number,
  count: number,
): AttemptOutcome {
  if (!('outcomes' in result))
    return result.kind === 'bad-credentials' ? (result.why ?? result.kind) : result.kind;
  const { outcomes } = result;
  // TXT values stand at a host and at a name below it: then the outcomes are not one for each host.
  if (outcomes.length !== count)
    return outcomes.find(({ kind }) => kind !== 'unchanged')?.kind ?? 'unchanged';
  return outcomes[index]!.kind;
}
