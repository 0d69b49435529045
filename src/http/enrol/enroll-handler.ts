/**
 * `POST /enroll`: a machine exchanges an enrolment code for a host and a token of its own (docs/protocol/enrolment.md).
 *
 * Invariants: status 201 only for what is durable; every other reply is `{"error":WORD,"message":SENTENCE}`, says what to do
 * next and holds no word of success (D-8.6); unknown and revoked codes get the same reply; each attempt is one line in
 * the log, without code and token.
 */
import type { Clock } from '../../ops/clock.ts';
import { formatIpAddress } from '../../net/ip-address.ts';
import type { Enrolled, Enroller, EnrolmentOutcome } from '../../update/enrol/enrolment.ts';
import type { Exchange } from '../exchange.ts';
import type { HttpLog } from '../log.ts';
import { type Reply, type ReplyHeaders, plainReply } from '../reply.ts';
import type { DialectHandler } from '../update/dialect.ts';
import { type EnrollBody, type Unreadable, readEnrollRequest } from './enroll-request.ts';

/** Who enrols, and how codes may come. */
export interface EnrollOptions {
  readonly enroller: Enroller;
  /** Whether a code is taken only where a trusted proxy says that it came over HTTPS. */
  readonly requireHttps: boolean;
}

/** Where an enrolled machine sends its address. */
const UPDATE_PATH = '/nic/update';

type Refusal = Exclude<EnrolmentOutcome, Enrolled>;

/** Status and sentence of each refusal; the word is its kind. */
const REFUSALS: {
  readonly [K in Refusal['kind']]: readonly [
    status: number,
    message: string | ((refusal: Extract<Refusal, { kind: K }>) => string),
  ];
} = {
  'unknown-code': [403, 'This enrolment code is not valid here. Check it, or ask for a new one.'],
  'expired-code': [403, 'This enrolment code has expired. Ask for a new one.'],
  'used-up-code': [403, 'This enrolment code has been used as often as it may be. Ask for a new one.'],
  'serial-needed': [
    400,
    'This code names machines by their serial number, and this one has sent none of its own. Ask for a code with {name} or {n} in its pattern.',
  ],
  'name-unusable': [
    400,
    'What this machine calls itself cannot be made a host name of at most 63 letters, digits and hyphens. Rename it, or ask for a code with another pattern.',
  ],
  'host-taken': [
    409,
    ({ host }) =>
      `${host} is taken, and not by this code. Nothing was changed. Rename the machine, or have the operator remove that name or make a code for that host.`,
  ],
  'other-machine': [
    409,
    ({ host }) =>
      `${host} belongs to another machine that enrolled with this code. Nothing was changed. Rename one of the two, or have the operator remove that host.`,
  ],
  'target-gone': [409, 'What this code was made for is not there any more. Ask for a new one.'],
  'too-often': [429, 'This machine has enrolled several times today. Try again later, or ask the operator.'],
  'locked-out': [429, 'Too many failed enrolments came from this network. Try again later.'],
  overloaded: [503, 'Too many requests are waiting. Try again in some seconds.'],
  unavailable: [503, 'Nothing can be stored at the moment. Try again later.'],
};

const JSON_HEADERS: ReplyHeaders = {
  'Content-Type': 'application/json',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
};

/** The handler of `/enroll`. It never rejects. */
export function createEnrollHandler(
  { enroller, requireHttps }: EnrollOptions,
  { log, clock }: { readonly log: HttpLog; readonly clock: Clock },
): DialectHandler {
  async function answer(exchange: Exchange): Promise<Reply> {
    const startedAt = clock.now();
    const body = await readEnrollRequest(exchange);
    if ('status' in body) return unreadable(body);
    if (requireHttps && !exchange.secure)
      return errorReply(
        403,
        'https-required',
        'Enrolment codes are taken over HTTPS alone here. Use https://.',
      );
    const outcome = await enroller.enrol({ ...body, source: exchange.source });
    logEnrolment(log, { exchange, body, outcome, durationMs: clock.now() - startedAt });
    return outcome.kind === 'enrolled' ? enrolledReply(outcome) : refusalReply(outcome);
  }
  return (exchange) =>
    // Caught once for this surface: the machine must try again later and not give up.
    answer(exchange).catch((error: unknown) => {
      log.error({ requestId: exchange.requestId, err: error }, 'enrolment failed');
      return errorReply(503, 'failed', 'This request failed here. Try again later.', {
        'Retry-After': '300',
      });
    });
}

function enrolledReply({ host, account, secret, zone, servers }: Enrolled): Reply {
  const made = { host, user: account, token: secret, zone, update: UPDATE_PATH, servers };
  return plainReply(JSON.stringify(made), 201, JSON_HEADERS);
}

function refusalReply(refusal: Refusal): Reply {
  const [status, text] = REFUSALS[refusal.kind];
  // The table pairs each kind with its own refusal; TypeScript cannot follow that through an index.
  const message = typeof text === 'string' ? text : (text as (refusal: Refusal) => string)(refusal);
  const wait = 'retryAfterSeconds' in refusal ? { 'Retry-After': String(refusal.retryAfterSeconds) } : {};
  return errorReply(status, refusal.kind, message, wait);
}

function unreadable({ status, error, message }: Unreadable): Reply {
  if (status === 405) return errorReply(status, error, message, { Allow: 'POST' });
  return errorReply(status, error, message, status === 413 ? { Connection: 'close' } : {});
}

function errorReply(status: number, error: string, message: string, more: ReplyHeaders = {}): Reply {
  return plainReply(JSON.stringify({ error, message }), status, { ...JSON_HEADERS, ...more });
}

function logEnrolment(
  log: HttpLog,
  {
    exchange,
    body,
    outcome,
    durationMs,
  }: { exchange: Exchange; body: EnrollBody; outcome: EnrolmentOutcome; durationMs: number },
): void {
  const trouble = outcome.kind === 'overloaded' || outcome.kind === 'unavailable';
  log[trouble ? 'warn' : 'info'](
    {
      requestId: exchange.requestId,
      outcome: outcome.kind,
      ...(outcome.enrolment === undefined ? {} : { enrolment: outcome.enrolment }),
      ...('host' in outcome ? { host: outcome.host } : {}),
      ...(outcome.kind === 'enrolled' ? { tokenId: outcome.tokenId, renewed: outcome.renewed } : {}),
      machine: body.name,
      source: formatIpAddress(exchange.source),
      durationMs,
    },
    'enrolment',
  );
}
