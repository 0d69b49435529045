/**
 * What every dialect shares: from a request to the one write path and back. A dialect says what a request asks for
 * and how a result reads; everything between is here once.
 *
 * Invariants: order is method, body, credentials, hosts; HEAD changes nothing; whoever is not authenticated learns
 * nothing about hosts; one log line for each attempt but in a flood, without secrets, and one note for the owners of its hosts; a bug
 * is caught here and answered as something to be tried again; what needs no waiting is answered without any. The
 * handlers never reject.
 */
import type { Authentication, Authenticator } from '../../account/authenticator.ts';
import type { Principal } from '../../account/principal.ts';
import type { IpAddress } from '../../net/ip-address.ts';
import type { Clock } from '../../ops/clock.ts';
import { describeNotice } from '../../update/derivation.ts';
import type { Outcome, OutcomeKind, RequestOutcome } from '../../update/outcome.ts';
import type { UpdateResult, UpdateService } from '../../update/service.ts';
import type { TxtResult, TxtOutcome } from '../../update/txt/txt.ts';
import type { AttemptRecord } from '../attempts/attempt-record.ts';
import {
  type Attribution,
  type Claim,
  type Unserved,
  createAttemptRecorder,
  noteUnserved,
} from '../attempts/recorder.ts';
import type { Exchange } from '../exchange.ts';
import type { HttpLog } from '../log.ts';
import { type Reply, type ReplyHeaders, plainReply } from '../reply.ts';
import { formText } from './form.ts';
import type { Refusals } from './refusals.ts';
import { RETURN_CODES } from './return-code.ts';

/** The dialects of update clients, by the names of the setting. */
export type DialectName =
  'dyndns2' | 'dyndns1' | 'duckdns' | 'dynv6' | 'freedns' | 'plain' | 'acme-dns' | 'httpreq' | 'gnudip';

/** Where credentials may stand in a URL: anywhere, only where it came over HTTPS, or nowhere. */
export type UrlCredentialPolicy = 'anywhere' | 'https' | 'nowhere';

/** What dialects work with. */
export interface DialectOptions {
  readonly service: UpdateService;
  readonly authenticator: Authenticator;
  readonly log: HttpLog;
  readonly clock: Clock;
  readonly refusals: Refusals;
  /** Where attempts are kept for the hosts' owners; without it they are not. */
  readonly attempts?: AttemptRecord;
  /** Default: `anywhere`. */
  readonly urlCredentials?: UrlCredentialPolicy;
}

/** Answers one request; at once where nothing must be read, computed or written for it. */
export type DialectHandler = (exchange: Exchange) => Reply | Promise<Reply>;

/** What a request asks for. Each dialect adds what it needs. */
export interface Attempt extends Claim {
  /** Whether they stood in the URL. */
  readonly inUrl: boolean;
  /** The host names as sent; they are logged. */
  readonly hosts: readonly string[];
}

/** An attempt whose sender is proved, with the hosts that it is about. */
export interface ProvedAttempt<A extends Attempt> {
  readonly attempt: A;
  readonly principal: Principal;
  readonly hosts: readonly string[];
}

/** What came of an attempt. */
export type Result = UpdateResult | TxtResult | RequestOutcome;

/** One dialect. Its functions are pure but for `apply`, which calls the service. */
export interface Dialect<A extends Attempt> {
  readonly name: DialectName;
  /** What a body is read as; JSON is taken by POST alone, which it then needs. */
  readonly body: 'form' | 'json';
  parse(exchange: Exchange, body: string): A;
  /** The hosts where the request does not name them itself, or not in full. Default: those of the attempt. */
  resolveHosts?(attempt: A, principal: Principal): readonly string[];
  /** Proves who asks where the authenticator cannot. */
  authenticate?(attempt: A, source: IpAddress): Authentication;
  apply(proved: ProvedAttempt<A>): Result | Promise<Result>;
  /** `attempt` is undefined where reading the request failed on a bug. */
  format(result: Result, attempt: A | undefined, hosts: readonly string[]): Reply;
}

/** Challenges a client that shows its credentials only when asked (RFC 7617 §2). */
export const CHALLENGE: ReplyHeaders = { 'WWW-Authenticate': 'Basic realm="DDNS"' };

const ALLOWED = { form: 'GET, HEAD, POST, PUT', json: 'POST' } as const;
const LONGEST_LOGGED = 200;
const MOST_NOTICES = 20;
const NO_CREDENTIALS: Authentication = { kind: 'bad-credentials', why: 'no-credentials' };
const BUG: RequestOutcome = { kind: 'unavailable', retryAfterSeconds: 300 };

/** One attempt on its way; who it was and which hosts are filled in as they become known. */
interface Course<A extends Attempt> {
  readonly exchange: Exchange;
  readonly attempt: A;
  readonly startedAt: number;
  principal: Principal | undefined;
  hosts: readonly string[];
}

/** The handler of a dialect. */
export function createDialectHandler<A extends Attempt>(
  dialect: Dialect<A>,
  options: DialectOptions,
): DialectHandler {
  const { authenticator, log, clock, refusals } = options;
  const attribution = attributionOf(options);
  const recorder = attribution === undefined ? undefined : createAttemptRecorder(attribution, dialect);
  function start(course: Course<A>): Result | Promise<Result> {
    const { attempt, exchange } = course;
    if (attempt.inUrl && !mayStandInUrl(exchange, options.urlCredentials))
      return { kind: 'insecure-credentials' };
    const authentication = prove(attempt, exchange.source);
    return authentication instanceof Promise
      ? authentication.then((proved) => proceed(course, proved))
      : proceed(course, authentication);
  }

  function prove(attempt: A, source: IpAddress): Authentication | Promise<Authentication> {
    if (dialect.authenticate !== undefined) return dialect.authenticate(attempt, source);
    if (attempt.credentials === undefined) return NO_CREDENTIALS;
    return authenticator.authenticate(attempt.credentials, source);
  }

  function proceed(course: Course<A>, authentication: Authentication): Result | Promise<Result> {
    if (authentication.kind !== 'authenticated') return authentication;
    const { attempt } = course;
    const { principal } = authentication;
    course.principal = principal;
    if (dialect.resolveHosts !== undefined) course.hosts = dialect.resolveHosts(attempt, principal);
    return dialect.apply({ attempt, principal, hosts: course.hosts });
  }

  function finish(course: Course<A>, result: Result): Reply | Promise<Reply> {
    const now = clock.now();
    logAttempt(log, dialect.name, { course, result, durationMs: now - course.startedAt });
    recorder?.note(course, result, now);
    const reply = dialect.format(result, course.attempt, course.hosts);
    const isGuess = course.principal === undefined && course.attempt.credentials !== undefined;
    return isGuess ? refusals.hold(reply) : reply;
  }

  function answer(exchange: Exchange, body: string): Reply | Promise<Reply> {
    const startedAt = clock.now();
    // Caught once for this surface: the device must try again later and not give up.
    const replyBug = (error: unknown, course?: Course<A>): Reply => {
      log.error({ requestId: exchange.requestId, err: error }, 'update failed');
      if (course !== undefined) recorder?.note(course, BUG, clock.now());
      return dialect.format(BUG, undefined, []);
    };
    try {
      const attempt = dialect.parse(exchange, body);
      const course = { exchange, attempt, startedAt, principal: undefined, hosts: attempt.hosts };
      const result = start(course);
      return result instanceof Promise
        ? result.then((settled) => finish(course, settled)).catch((error: unknown) => replyBug(error, course))
        : finish(course, result);
    } catch (error) {
      return replyBug(error);
    }
  }

  return byMethod(dialect.body, answer, (exchange, outcome) => {
    if (attribution !== undefined)
      noteUnserved(attribution, exchange, { outcome, dialect: dialect.name, clock });
  });
}

/** Hands on what may carry an update, with its body; of the rest, which changes nothing, notes what it was. */
function byMethod(
  kind: 'form' | 'json',
  answer: (exchange: Exchange, body: string) => Reply | Promise<Reply>,
  noteUnread: (exchange: Exchange, outcome: Unserved['outcome']) => void,
): DialectHandler {
  return (exchange) => {
    if (kind === 'form' && exchange.method === 'GET') return answer(exchange, '');
    if (kind === 'form' && exchange.method === 'HEAD') {
      noteUnread(exchange, 'wrong-method');
      return plainReply('');
    }
    return readBody(exchange, kind).then((body) => {
      if (typeof body === 'string') return answer(exchange, body);
      noteUnread(exchange, body.status === 405 ? 'wrong-method' : 'unread-body');
      return body;
    });
  };
}

/** How the attempts of a surface are attributed; undefined where they are not kept. */
export function attributionOf({
  attempts,
  authenticator,
}: Pick<DialectOptions, 'attempts' | 'authenticator'>): Attribution | undefined {
  if (attempts === undefined) return undefined;
  return { record: attempts, identify: (secret) => authenticator.identify(secret) };
}

/** A result as one word, for dialects with one answer: the first failure, else whether anything changed. */
export function overallKind(result: Result): OutcomeKind {
  if (!('outcomes' in result)) return result.kind;
  const kinds = result.outcomes.map(({ kind }) => kind);
  // Whoever must come again is told that, whatever else there is to tell: the next reply has it.
  if (kinds.includes('over-budget')) return 'over-budget';
  const failure = kinds.find((kind) => kind !== 'changed' && kind !== 'unchanged');
  return failure ?? (kinds.includes('changed') ? 'changed' : 'unchanged');
}

/** The headers that a result needs whatever the dialect: the challenge, the time to wait. */
export function resultHeaders(result: Result): ReplyHeaders | undefined {
  if (result.kind === 'bad-credentials' || result.kind === 'insecure-credentials') return CHALLENGE;
  const seconds = retryAfterSeconds(result);
  return seconds === undefined ? undefined : { 'Retry-After': String(Math.max(1, Math.ceil(seconds))) };
}

function retryAfterSeconds(result: Result): number | undefined {
  if (result.kind !== 'hosts') return 'retryAfterSeconds' in result ? result.retryAfterSeconds : undefined;
  return result.outcomes.find((outcome) => outcome.kind === 'over-budget')?.retryAfterSeconds;
}

function mayStandInUrl({ secure }: Exchange, policy: UrlCredentialPolicy = 'anywhere'): boolean {
  return policy === 'anywhere' || (policy === 'https' && secure);
}

/** The text of a body that may carry an update, or the reply to one that may not. */
async function readBody(exchange: Exchange, kind: 'form' | 'json'): Promise<string | Reply> {
  const { method } = exchange;
  if (method !== 'POST' && (method !== 'PUT' || kind === 'json'))
    return plainReply(`Send this with ${kind === 'form' ? 'GET or POST' : 'POST'}.\n`, 405, {
      Allow: ALLOWED[kind],
    });
  const body = await exchange.readBody();
  switch (body.kind) {
    case 'whole':
      return kind === 'form'
        ? formText(body.bytes, exchange.headers['content-type'])
        : body.bytes.toString('utf8');
    case 'too-large':
      return plainReply('The body is too large.\n', 413, { Connection: 'close' });
    case 'cut-short':
      return plainReply('The body ended early.\n', 400, { Connection: 'close' });
  }
}

/** The one line of an attempt; what the operator should look at is a warning. */
function logAttempt<A extends Attempt>(
  log: HttpLog,
  name: DialectName,
  { course, result, durationMs }: { course: Course<A>; result: Result; durationMs: number },
): void {
  const { exchange, hosts, principal } = course;
  const outcomes = 'outcomes' in result ? result.outcomes.map(({ kind }) => kind) : undefined;
  const isTrouble = outcomes === undefined && RETURN_CODES[(result as RequestOutcome).kind].status === 503;
  const { kind } = result;
  const isUnread = principal === undefined && (kind === 'locked-out' || kind === 'overloaded');
  log[isUnread ? 'refusal' : 'update'](isTrouble ? 'warn' : 'info', {
    requestId: exchange.requestId,
    ...(name === 'dyndns2' ? {} : { dialect: name }),
    hostnames: loggedHosts(hosts),
    outcomes: outcomes ?? [(result as RequestOutcome).kind],
    account: accountOf(principal),
    source: exchange.source,
    agent: exchange.headers['user-agent']?.slice(0, LONGEST_LOGGED),
    notices: 'outcomes' in result ? noticesOf(result.outcomes) : undefined,
    durationMs,
  });
}

/** What the owner should know of each host; undefined where there is nothing, which is usual. */
function noticesOf(outcomes: readonly (Outcome | TxtOutcome)[]): readonly string[] | undefined {
  let notices: string[] | undefined;
  for (const outcome of outcomes)
    if ('notices' in outcome) (notices ??= []).push(...outcome.notices.map(describeNotice));
  return notices?.slice(0, MOST_NOTICES);
}

function accountOf(principal: Principal | undefined): string | undefined {
  return principal === undefined || principal.kind === 'operator' ? undefined : principal.account;
}

function loggedHosts(hosts: readonly string[]): readonly string[] {
  const short = hosts.every((host) => host.length <= LONGEST_LOGGED);
  return short ? hosts : hosts.map((host) => host.slice(0, LONGEST_LOGGED));
}
