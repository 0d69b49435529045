/**
 * From the bytes of one message to the bytes of its answer. Never waits, and keeps nothing but what the limiter counts;
 * all that is read of the zones is read at once, so an answer never mixes two states of a zone.
 *
 * Invariant: nothing that a stranger sends can make this throw. A bug that one message finds is logged with that
 * message, costs its sender a SERVFAIL, and nobody else anything.
 */
import type { Clock } from '../ops/clock.ts';
import type { ZoneSet } from '../zone/zone-view.ts';
import type { ByteRange, ServerCookies } from './cookies/server-cookies.ts';
import { EDNS_OPTION, type EdnsOption, payloadLimit } from './edns/opt.ts';
import { type DnsSettings, type Exchange, STEPS, type Transport, limitRate, runSteps } from './pipeline.ts';
import { RATE_VERDICT, type RateLimiter } from './rrl/rate-limiter.ts';
import { encodeSlip } from './rrl/slip.ts';
import { type DnsRequest, parseRequest } from './wire/request.ts';
import { type Reply, encodeResponse, encodeServerFailure } from './wire/response.ts';

/** Where the DNS side reports what an operator should see. `fields` are data, `message` is a sentence. */
export interface DnsLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What answering needs beside the message. */
export interface AnswerContext {
  readonly zones: ZoneSet;
  readonly transport: Transport;
  /** The address that asks, 4 or 16 network bytes, read before this returns; undefined where it is none. */
  readonly source: ByteRange | undefined;
  readonly settings: DnsSettings;
  /** Undefined where cookies are switched off. */
  readonly cookies: ServerCookies | undefined;
  /** Undefined where answers are not limited. */
  readonly limiter: RateLimiter | undefined;
  readonly clock: Clock;
  readonly log: Pick<DnsLog, 'error'>;
}

/** How much of a message that found a bug is logged. */
const MAX_LOGGED = 1024;

/** The answer to a message, at most 1232 bytes long over UDP; undefined where it gets none. */
export function answerQuery(bytes: Uint8Array, context: AnswerContext): Uint8Array | undefined {
  let request: DnsRequest | undefined;
  try {
    request = parseRequest(bytes);
    if (request === undefined) return undefined;
    return answerRequest(exchangeOf(request, context));
  } catch (error) {
    const query = Buffer.from(bytes.subarray(0, MAX_LOGGED)).toString('hex');
    context.log.error({ err: error, query }, 'A bug in answering this DNS query; its sender got SERVFAIL');
    // Where not even the header was read, it may be somebody's answer, and those are never answered.
    return request === undefined ? undefined : encodeServerFailure(request);
  }
}

function answerRequest(exchange: Exchange): Uint8Array | undefined {
  const { request, transport, replyOptions } = exchange;
  const reply = runSteps(STEPS, exchange);
  if (reply === undefined) return undefined;
  const verdict = limitRate(exchange, reply);
  if (verdict === RATE_VERDICT.DROP) return undefined;
  if (verdict === RATE_VERDICT.SLIP) {
    const cookie = replyOptions.filter(({ code }) => code === EDNS_OPTION.COOKIE);
    return encodeSlip(request, cookie);
  }
  const whole = replyOptions.length === 0 ? reply : withOptions(reply, replyOptions);
  return encodeResponse(request, whole, payloadLimit(request.opt, transport));
}

function withOptions(reply: Reply, before: readonly EdnsOption[]): Reply {
  return { ...reply, options: [...before, ...reply.options] };
}

/** What the steps see. Field by field, since copying an object of unknown fields is slow, and this is every message. */
function exchangeOf(request: DnsRequest, context: AnswerContext): Exchange {
  const { zones, transport, source, settings, cookies, limiter, clock } = context;
  const isProven = transport === 'tcp';
  return { request, zones, transport, source, settings, cookies, limiter, clock, replyOptions: [], isProven };
}
