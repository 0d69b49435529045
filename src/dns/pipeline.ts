/**
 * The general lane of a DNS message: named steps in the order in which they decide. Each one lets the message pass,
 * drops it, or replies; what becomes of the reply is then decided by `limitRate`.
 *
 * Enforces RFC 1035 §4.1, RFC 6891 §6.1.3, RFC 8906 §3, RFC 9619 §4, RFC 5936 §6, RFC 5001 and RFC 7873. The order
 * is part of the contract: what cannot be understood is refused before what is asked for is looked at.
 */
import type { Clock } from '../ops/clock.ts';
import { type Name, ROOT, parentOf, parseName } from '../zone/name.ts';
import { resolve } from '../zone/lookup.ts';
import { RRTYPE } from '../zone/rrtype.ts';
import type { ZoneSet, ZoneView } from '../zone/zone-view.ts';
import { type ByteRange, type ServerCookies, parseCookieOption } from './cookies/server-cookies.ts';
import { EXTENDED_ERROR, extendedError } from './edns/extended-error.ts';
import { EDNS_OPTION, EDNS_VERSION, type EdnsOption, findOption } from './edns/opt.ts';
import { CLASS, OPCODE, RCODE, RCODE_OF_RESOLUTION } from './rcode.ts';
import { classifyReply } from './rrl/answer-class.ts';
import { RATE_VERDICT, type RateLimiter, type RateVerdict } from './rrl/rate-limiter.ts';
import type { DnsRequest, Question } from './wire/request.ts';
import { type Reply, bareReply } from './wire/response.ts';

/** How a message arrived. */
export type Transport = 'udp' | 'tcp';

/** What the server says about itself; nothing where nothing is said here. */
export interface DnsSettings {
  /** What this server calls itself to those who ask (NSID, id.server, hostname.bind); at most 64 ASCII characters. */
  readonly identity?: string;
  /** What it says to those who ask for its version (version.server, version.bind); at most 64 ASCII characters. */
  readonly version?: string;
}

/** What a step sees: the message, what it may ask, and the options that the reply will carry whatever it is. */
export interface Exchange {
  readonly request: DnsRequest;
  readonly zones: ZoneSet;
  readonly transport: Transport;
  /** The address that asks, 4 or 16 network bytes; undefined where it is none. */
  readonly source: ByteRange | undefined;
  readonly settings: DnsSettings;
  /** Undefined where cookies are switched off. */
  readonly cookies: ServerCookies | undefined;
  /** Undefined where answers are not limited. */
  readonly limiter: RateLimiter | undefined;
  readonly clock: Clock;
  readonly replyOptions: EdnsOption[];
  /** Whether the source is known not to be forged: by the handshake of TCP, or by a cookie of ours that came back. */
  isProven: boolean;
}

/** What a step decides. */
export type Verdict = 'next' | 'drop' | Reply;

/** One decision about a message. */
export type Step = (exchange: Exchange) => Verdict;

/** QTYPEs that are no data and no request for several types; nothing can hold them (RFC 6895 §3.1, RFC 9824 §3.4). */
const PSEUDO_TYPES: ReadonlySet<number> = new Set([RRTYPE.OPT, 128, 249, RRTYPE.TSIG]);

/** The names of class CH that have a setting as their answer. */
const SERVER_NAMES: ReadonlyMap<Name | undefined, 'identity' | 'version'> = new Map([
  [parseName('id.server'), 'identity'],
  [parseName('hostname.bind'), 'identity'],
  [parseName('version.server'), 'version'],
  [parseName('version.bind'), 'version'],
] as const);

const NO_OPTIONS: readonly EdnsOption[] = [];

/** The steps of every message; the last one always replies. */
export const STEPS: readonly Step[] = [
  dropResponse,
  refuseOpcode,
  refuseMalformed,
  refuseVersion,
  addIdentity,
  addCookie,
  refuseQuestionCount,
  answerAboutServer,
  refuseClass,
  refuseType,
  answerFromZone,
];

/** Runs a message through steps; undefined where it gets no answer. */
export function runSteps(steps: readonly Step[], exchange: Exchange): Reply | undefined {
  for (const step of steps) {
    const verdict = step(exchange);
    if (verdict === 'drop') return undefined;
    if (verdict !== 'next') return verdict;
  }
  throw new Error('no step replied');
}

/** An answer that is answered makes two servers talk to each other for ever. */
export function dropResponse({ request }: Exchange): Verdict {
  return request.isResponse ? 'drop' : 'next';
}

/** Opcodes that are known but not served here are refused, others are not implemented (RFC 8906 §3.1.4). */
export function refuseOpcode({ request: { opcode } }: Exchange): Verdict {
  if (opcode === OPCODE.QUERY) return 'next';
  const isKnown = opcode === OPCODE.NOTIFY || opcode === OPCODE.UPDATE;
  return bareReply(isKnown ? RCODE.REFUSED : RCODE.NOTIMP);
}

/** What breaks the format is told so. */
export function refuseMalformed({ request }: Exchange): Verdict {
  return request.malformed ? bareReply(RCODE.FORMERR) : 'next';
}

/** A newer EDNS version is told which one is spoken here (RFC 6891 §6.1.3). */
export function refuseVersion({ request: { opt } }: Exchange): Verdict {
  return opt !== undefined && opt.version > EDNS_VERSION ? bareReply(RCODE.BADVERS) : 'next';
}

/** Who answers, for those who ask (RFC 5001 §2). */
export function addIdentity({ request: { opt }, settings, replyOptions }: Exchange): Verdict {
  if (settings.identity !== undefined && opt !== undefined && findOption(opt, EDNS_OPTION.NSID) !== undefined)
    replyOptions.push({ code: EDNS_OPTION.NSID, data: Buffer.from(settings.identity, 'latin1') });
  return 'next';
}

/** Gives a cookie to who sent one, whether or not it proves anything (RFC 7873 §5.2); alone it is a question too (§5.4). */
export function addCookie(exchange: Exchange): Verdict {
  const { request, cookies, clock, source, replyOptions } = exchange;
  if (cookies === undefined || request.opt === undefined) return 'next';
  const data = findOption(request.opt, EDNS_OPTION.COOKIE);
  if (data === undefined) return 'next';
  if (parseCookieOption(data) === 'malformed') return bareReply(RCODE.FORMERR);
  if (source === undefined) return 'next';
  const now = clock.now() / 1000;
  const worth = cookies.check({ bytes: data, at: 0, length: data.length }, source, now);
  if (worth !== 'invalid') exchange.isProven = true;
  replyOptions.push({
    code: EDNS_OPTION.COOKIE,
    data: worth === 'valid' ? data : cookies.make(data, source, now),
  });
  return request.questionCount === 0 ? bareReply(RCODE.NOERROR) : 'next';
}

/** A query has exactly one question (RFC 9619 §4). */
export function refuseQuestionCount({ request }: Exchange): Verdict {
  return request.question === undefined ? bareReply(RCODE.FORMERR) : 'next';
}

/** Questions about the server itself, as far as it says anything about itself (RFC 4892 §2). */
export function answerAboutServer({ request, settings }: Exchange): Verdict {
  const { name, type, class: qclass } = questionOf(request);
  if (qclass !== CLASS.CH || type !== RRTYPE.TXT) return 'next';
  const key = SERVER_NAMES.get(name);
  const text = key === undefined ? undefined : settings[key];
  if (text === undefined) return 'next';
  const rdata = Buffer.from(String.fromCharCode(text.length) + text, 'latin1');
  const answer = [{ owner: name, rrset: { type, ttl: 0, rdata: [rdata] } }];
  return { ...bareReply(RCODE.NOERROR), authoritative: true, answer };
}

/** Only the class IN has zones here. */
export function refuseClass({ request }: Exchange): Verdict {
  return questionOf(request).class === CLASS.IN ? 'next' : bareReply(RCODE.REFUSED);
}

/** Transfers are refused on every transport, pseudo-types are no question at all. */
export function refuseType({ request }: Exchange): Verdict {
  const { type } = questionOf(request);
  if (type === RRTYPE.AXFR || type === RRTYPE.IXFR) return bareReply(RCODE.REFUSED);
  if (PSEUDO_TYPES.has(type))
    return bareReply(RCODE.FORMERR, [extendedError(EXTENDED_ERROR.INVALID_QUERY_TYPE)]);
  return 'next';
}

/** The answer of the zone that holds the name, or a refusal without any referral upwards (RFC 8906 §3.1.1). */
export function answerFromZone({ request, zones }: Exchange): Reply {
  const { name, type } = questionOf(request);
  const zone = zoneFor(zones, name, type);
  if (zone === undefined) return bareReply(RCODE.REFUSED, [extendedError(EXTENDED_ERROR.NOT_AUTHORITATIVE)]);
  // Field by field: to copy what is left of an object costs as much as the resolution.
  const { kind, authoritative, answer, authority, glue, additional } = resolve(zone, name, type);
  const rcode = RCODE_OF_RESOLUTION[kind];
  return { rcode, options: NO_OPTIONS, authoritative, answer, authority, glue, additional };
}

/** What becomes of a reply: whoever may be somebody else gets no more of a kind than the limiter grants. */
export function limitRate({ limiter, isProven, source, clock }: Exchange, reply: Reply): RateVerdict {
  if (limiter === undefined || isProven || source === undefined) return RATE_VERDICT.PASS;
  const length = source.length === 4 ? 4 : 16;
  return limiter.check(source.bytes, source.at, length, classifyReply(reply), clock.now());
}

/** DS belongs to the zone above the cut where that is served here too (RFC 4035 §3.1.4.1). */
function zoneFor(zones: ZoneSet, name: Name, type: number): ZoneView | undefined {
  const zone = zones.zoneFor(name);
  if (type !== RRTYPE.DS || zone?.apex !== name || name === ROOT) return zone;
  return zones.zoneFor(parentOf(name)!) ?? zone;
}

function questionOf({ question }: DnsRequest): Question {
  if (question === undefined) throw new Error('a step before this one refuses a message without a question');
  return question;
}
