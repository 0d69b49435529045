/**
 * From requests and their results to the record of attempts.
 *
 * Invariants: an attempt is noted at the hosts that it names, whoever sent it, else at those of the token that it holds;
 * whether somebody may see a host is decided as for updates; what strangers send, and whatever was refused before it was
 * proved, is noted after the reply was written, so that it takes as long for a host that exists as for one that does
 * not; an unchanged update leaves nothing behind.
 */
import type { Credentials } from '../../account/authenticator.ts';
import { hostAccess } from '../../account/permission.ts';
import type { Principal, TokenPrincipal } from '../../account/principal.ts';
import type { Clock } from '../../ops/clock.ts';
import type { HostOutcome, RequestOutcome } from '../../update/outcome.ts';
import type { UpdateResult } from '../../update/service.ts';
import type { TxtOutcome, TxtResult } from '../../update/txt/txt.ts';
import type { Exchange } from '../exchange.ts';
import { parseCredentials } from '../update/credentials.ts';
import { hostsOfToken } from '../update/dialects/token-hosts.ts';
import { parseUpdateParameters } from '../update/parameters.ts';
import type { AttemptRecord } from './attempt-record.ts';
import { type AttemptOutcome, keptAgent } from './sighting.ts';

/** What a request says of itself before anything is proved. */
export interface Claim {
  readonly credentials: Credentials | undefined;
  /** Whether a value that stands for an address or a prefix is none; the rest of the request counts all the same. */
  readonly malformed?: boolean;
}

/** A request on its way: who it was, once that is proved, and the hosts that it names. */
export interface NamedHosts<C extends Claim> {
  readonly exchange: Exchange;
  readonly attempt: C;
  readonly principal: Principal | undefined;
  readonly hosts: readonly string[];
}

/** How requests are attributed to hosts. */
export interface Attribution {
  readonly record: AttemptRecord;
  /** Whose token a secret is; for requests that were refused before that was asked. */
  readonly identify: (secret: string) => TokenPrincipal | undefined;
}

/** What is noted of one dialect. */
export interface RecordedDialect<C extends Claim> {
  readonly name: string;
  /** The hosts where requests do not name them themselves, or not in full. */
  readonly resolveHosts?: ((attempt: C, principal: Principal) => readonly string[]) | undefined;
}

type Settled = UpdateResult | TxtResult | RequestOutcome;

/** Notes what came of the requests of one dialect; `at` is the time in milliseconds. */
export interface AttemptRecorder<C extends Claim> {
  note(request: NamedHosts<C>, result: Settled, at: number): void;
}

/** The recorder of a dialect. */
export function createAttemptRecorder<C extends Claim>(
  attribution: Attribution,
  dialect: RecordedDialect<C>,
): AttemptRecorder<C> {
  return new DialectRecorder(attribution, dialect);
}

/** Why a request never came before a dialect, or one could not read it. */
export interface Unserved {
  readonly outcome: 'wrong-path' | 'wrong-method' | 'unread-body';
  /** Empty where it is none's. */
  readonly dialect: string;
  readonly clock: Clock;
}

/**
 * Notes a request that no dialect served, after its reply was written: at the hosts that its query names, else at
 * those of the token that it holds, else at the host that is its user name.
 */
export function noteUnserved({ record, identify }: Attribution, exchange: Exchange, why: Unserved): void {
  const { route, query, headers, source } = exchange;
  const inPath = TOKEN_IN_PATH.exec(route)?.[1];
  if (query === '' && headers.authorization === undefined && inPath === undefined) return;
  setImmediate(() => {
    const { hosts: named, ...parameters } = parseUpdateParameters(query);
    const sent = parseCredentials(headers.authorization, parameters) ?? { user: '', secret: inPath ?? query };
    const principal = identify(sent.secret);
    const ofToken = principal === undefined ? [sent.user] : hostsOfToken(principal);
    const [agent, at] = [keptAgent(headers['user-agent']), why.clock.now()];
    for (const host of (named.length > 0 ? named : ofToken).slice(0, MAX_UNSERVED_HOSTS)) {
      const proved = principal !== undefined && maySee(record, principal, host);
      record.note(host, { outcome: why.outcome, proved, source, agent, dialect: why.dialect, at });
    }
  });
}

const MAX_UNSERVED_HOSTS = 20;
const TOKEN_IN_PATH = /^\/u\/([^/?]{1,100})/;
const MALFORMED: RequestOutcome = { kind: 'bad-request', reason: 'address' };

class DialectRecorder<C extends Claim> implements AttemptRecorder<C> {
  readonly #attribution: Attribution;
  readonly #dialect: RecordedDialect<C>;

  constructor(attribution: Attribution, dialect: RecordedDialect<C>) {
    this.#attribution = attribution;
    this.#dialect = dialect;
  }

  note(request: NamedHosts<C>, result: Settled, at: number): void {
    if (isOwners(request, result)) this.#noteAll(request, result, at);
    else if (request.hosts.length > 0 || request.attempt.credentials !== undefined)
      setImmediate(() => {
        // Whether it is a token was asked before the queue of password checks was.
        const attributed = result.kind === 'overloaded' ? request : this.#attribute(request);
        this.#noteAll(attributed, result, at);
      });
  }

  /** The request with its principal and hosts where it holds a token and was refused before that was looked at. */
  #attribute(request: NamedHosts<C>): NamedHosts<C> {
    const { attempt, hosts } = request;
    const secret = request.principal === undefined ? attempt.credentials?.secret : undefined;
    const principal = secret === undefined ? undefined : this.#attribution.identify(secret);
    if (principal === undefined) return request;
    const resolved = this.#dialect.resolveHosts?.(attempt, principal) ?? hosts;
    return { ...request, principal, hosts: resolved.length > 0 ? resolved : hostsOfToken(principal) };
  }

  #noteAll(request: NamedHosts<C>, result: Settled, at: number): void {
    const { exchange, attempt, principal, hosts } = request;
    const { source, headers } = exchange;
    const agent = keptAgent(headers['user-agent']);
    const { record } = this.#attribution;
    const dialect = this.#dialect.name;
    for (let i = 0; i < hosts.length; i++) {
      const host = hosts[i]!;
      const outcome = outcomeAt(result, i, hosts.length);
      const proved =
        principal !== undefined &&
        (outcomesOf(result) === undefined ? maySee(record, principal, host) : outcome !== 'no-such-host');
      record.note(host, { outcome, proved, source, agent, dialect, at });
    }
    // Beside what came of it: the rest of the request was served.
    if (attempt.malformed === true && result.kind !== MALFORMED.kind)
      this.#noteAll({ ...request, attempt: { ...attempt, malformed: false } }, MALFORMED, at);
  }
}

function maySee(record: AttemptRecord, principal: Principal, text: string): boolean {
  const host = record.hostOf(text);
  return host !== undefined && hostAccess(principal, host) !== 'none';
}

/** Of each host, where the request got as far. */
function outcomesOf(result: Settled): readonly (HostOutcome | TxtOutcome)[] | undefined {
  return result.kind === 'hosts' || result.kind === 'txt' ? result.outcomes : undefined;
}

/** Whether all that was named is the sender's: the reply said so already. */
function isOwners({ principal }: NamedHosts<Claim>, result: Settled): boolean {
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
