/**
 * The update endpoint: a request in the DynDNS2 protocol becomes an UpdateRequest, its result return codes (D-1 to
 * D-8). Order: method, body, parameters, credentials, hosts; wrong credentials are told before anything else.
 * Invariants: HEAD changes nothing; whoever is not authenticated learns nothing about hosts; one log line for each
 * update, without secrets; what needs no waiting is answered without any, because a reply that is there at once is
 * sent with less work.
 */
import type { Authentication, Authenticator, Credentials } from '../../account/authenticator.ts';
import type { Principal } from '../../account/principal.ts';
import type { IpFamily } from '../../net/ip-address.ts';
import type { Clock } from '../../ops/clock.ts';
import { describeNotice } from '../../update/derivation.ts';
import type { HostOutcome, RequestOutcome } from '../../update/outcome.ts';
import { MAX_HOSTS_PER_REQUEST } from '../../update/request.ts';
import type { UpdateResult, UpdateService } from '../../update/service.ts';
import { parseHostnameOrWildcard } from '../../zone/hostname.ts';
import type { Exchange } from '../exchange.ts';
import type { HttpLog } from '../log.ts';
import { type Reply, type ReplyHeaders, plainReply } from '../reply.ts';
import { resolveAddressUpdate } from './address-intent.ts';
import { parseCredentials } from './credentials.ts';
import { formText } from './form.ts';
import { type UpdateParameters, parseUpdateParameters } from './parameters.ts';
import { RETURN_CODES, describeRefusal, formatHostLines } from './return-code.ts';

/** What the update endpoint works with. */
export interface Dyndns2Options {
  readonly service: UpdateService;
  readonly authenticator: Authenticator;
  readonly log: HttpLog;
  readonly clock: Clock;
}

/** Answers one request to an update path; at once where nothing must be read, computed or written for it. */
export type Dyndns2Handler = (exchange: Exchange) => Reply | Promise<Reply>;

/** One request on its way. */
interface Update {
  readonly exchange: Exchange;
  readonly parameters: UpdateParameters;
  readonly credentials: Credentials | undefined;
  readonly hosts: readonly string[];
}

/** The result of one request and what the reply and the log need beside it. */
type Result =
  | {
      readonly kind: 'hosts';
      readonly outcomes: readonly HostOutcome[];
      readonly families: readonly IpFamily[];
      readonly principal: Principal;
    }
  | { readonly kind: 'request'; readonly outcome: RequestOutcome; readonly principal?: Principal };

const CHALLENGE: ReplyHeaders = { 'WWW-Authenticate': 'Basic realm="DDNS"' };
const ALLOWED: ReplyHeaders = { Allow: 'GET, HEAD, POST, PUT' };
const LONGEST_LOGGED = 200;
const MOST_NOTICES = 20;
const BUG_RETRY_SECONDS = 300;

/** The update endpoint over these collaborators. The handler never rejects. */
export function createDyndns2({ service, authenticator, log, clock }: Dyndns2Options): Dyndns2Handler {
  function applyUpdate(update: Update): Result | Promise<Result> {
    const { exchange, credentials } = update;
    if (credentials === undefined) return { kind: 'request', outcome: { kind: 'bad-credentials' } };
    const authentication = authenticator.authenticate(credentials, exchange.source);
    return authentication instanceof Promise
      ? authentication.then((proved) => updateHosts(update, proved))
      : updateHosts(update, authentication);
  }

  function updateHosts(update: Update, authentication: Authentication): Result | Promise<Result> {
    if (authentication.kind !== 'authenticated') return { kind: 'request', outcome: authentication };
    const { principal } = authentication;
    const { ipv4, ipv6, families, prefix } = resolveAddressUpdate(update.parameters, update.exchange.source);
    const result = service.update({
      principal,
      hostnames: update.hosts.map(parseHostnameOrWildcard),
      ipv4,
      ipv6,
      prefix,
    });
    return result instanceof Promise
      ? result.then((updated) => resultOf(updated, families, principal))
      : resultOf(result, families, principal);
  }

  function answer(exchange: Exchange, form: string): Reply | Promise<Reply> {
    const startedAt = clock.now();
    // A bug, caught once for this surface: the device must try again later and not give up.
    const replyBug = (error: unknown): Reply => {
      log.error({ requestId: exchange.requestId, err: error }, 'update failed');
      return replyRequest({ kind: 'unavailable', retryAfterSeconds: BUG_RETRY_SECONDS });
    };
    const reply = (update: Update, result: Result): Reply => {
      logUpdate(log, update, { result, durationMs: clock.now() - startedAt });
      return result.kind === 'hosts'
        ? replyHosts(result.outcomes, result.families)
        : replyRequest(result.outcome);
    };
    try {
      const update = parseUpdate(exchange, form);
      const result = applyUpdate(update);
      return result instanceof Promise
        ? result.then((settled) => reply(update, settled)).catch(replyBug)
        : reply(update, result);
    } catch (error) {
      return replyBug(error);
    }
  }

  return (exchange) => {
    if (exchange.method === 'GET') return answer(exchange, '');
    if (exchange.method === 'HEAD') return plainReply('');
    return readForm(exchange).then((form) => (typeof form === 'string' ? answer(exchange, form) : form));
  };
}

/** The one line of an update; what the operator should look at is a warning. */
function logUpdate(
  log: HttpLog,
  { exchange, hosts }: Update,
  { result, durationMs }: { result: Result; durationMs: number },
): void {
  const isRefused = result.kind === 'request' && RETURN_CODES[result.outcome.kind].status === 503;
  log.update(isRefused ? 'warn' : 'info', {
    requestId: exchange.requestId,
    hostnames: loggedHosts(hosts),
    outcomes: result.kind === 'hosts' ? result.outcomes.map(({ kind }) => kind) : [result.outcome.kind],
    account: accountOf(result.principal),
    source: exchange.source,
    agent: exchange.headers['user-agent']?.slice(0, LONGEST_LOGGED),
    notices: result.kind === 'hosts' ? noticesOf(result.outcomes) : undefined,
    durationMs,
  });
}

function parseUpdate(exchange: Exchange, form: string): Update {
  const parameters = parseUpdateParameters(exchange.query, form);
  const credentials = parseCredentials(exchange.headers.authorization, parameters);
  return { exchange, parameters, credentials, hosts: requestedHosts(parameters.hosts, credentials) };
}

function resultOf(result: UpdateResult, families: readonly IpFamily[], principal: Principal): Result {
  return result.kind === 'hosts'
    ? { kind: 'hosts', outcomes: result.outcomes, families, principal }
    : { kind: 'request', outcome: result, principal };
}

/** The form text of a request with a body that may carry an update, or the reply to one that may not. */
async function readForm(exchange: Exchange): Promise<string | Reply> {
  if (exchange.method !== 'POST' && exchange.method !== 'PUT') {
    return plainReply('Send updates with GET or POST.\n', 405, ALLOWED);
  }
  const body = await exchange.readBody();
  switch (body.kind) {
    case 'whole':
      return formText(body.bytes, exchange.headers['content-type']);
    case 'too-large':
      return plainReply('The body is too large.\n', 413, { Connection: 'close' });
    case 'cut-short':
      return plainReply('The body ended early.\n', 400, { Connection: 'close' });
  }
}

/** The hosts asked for; without any, a user name that is one (per-host keys, D-4.5). One above the limit is enough. */
function requestedHosts(hosts: readonly string[], credentials: Credentials | undefined): readonly string[] {
  if (hosts.length > MAX_HOSTS_PER_REQUEST) return hosts.slice(0, MAX_HOSTS_PER_REQUEST + 1);
  if (hosts.length > 0 || credentials === undefined) return hosts;
  return parseHostnameOrWildcard(credentials.user) === undefined ? [] : [credentials.user];
}

function replyHosts(outcomes: readonly HostOutcome[], families: readonly IpFamily[]): Reply {
  const body = formatHostLines(outcomes, families);
  for (const outcome of outcomes) {
    const reason = describeRefusal(outcome);
    if (reason !== undefined) return plainReply(body, 200, { 'X-Homing-Reason': reason });
  }
  return plainReply(body);
}

function replyRequest(outcome: RequestOutcome): Reply {
  const { code, status } = RETURN_CODES[outcome.kind];
  if (outcome.kind === 'bad-credentials') return plainReply(`${code}\n`, status, CHALLENGE);
  if ('retryAfterSeconds' in outcome) {
    const seconds = Math.max(1, Math.ceil(outcome.retryAfterSeconds));
    return plainReply(`${code}\n`, status, { 'Retry-After': String(seconds) });
  }
  return plainReply(`${code}\n`, status);
}

/** What the owner should know of each host; undefined where there is nothing, which is usual. */
function noticesOf(outcomes: readonly HostOutcome[]): readonly string[] | undefined {
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
