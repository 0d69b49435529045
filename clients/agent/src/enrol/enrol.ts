/**
 * Exchanges an enrolment code for a host and its token: `POST URL/enroll`.
 * Invariant: the code goes to that server alone, over HTTPS or to this machine, and is kept nowhere.
 */
import { z } from 'zod';
import type { ServerConfig } from '../config/agent-config.ts';
import { isThisMachine } from '../config/cross-check.ts';
import { type Connections } from '../http/connections.ts';
import { exchange } from '../http/exchange.ts';
import { describeFault } from '../http/fault.ts';
import { parseRetryAfter } from '../update/reply.ts';

/** Who asks for what. */
export interface Enrolment {
  /** `https://name[:port]`. */
  readonly server: string;
  readonly code: string;
  readonly name: string;
  readonly serial?: string;
}

/** What the server gave. */
export interface Enrolled {
  readonly host: string;
  readonly user: string;
  readonly token: string;
  /** The path of updates. */
  readonly path: string;
}

/** What came of it; `again` where the same may work later. */
export type EnrolmentResult =
  | { readonly ok: true; readonly enrolled: Enrolled }
  | { readonly ok: false; readonly again: boolean; readonly reason: string };

/** What one request came to; `afterMs` where the same is worth asking again. */
interface Asked {
  readonly result: EnrolmentResult;
  readonly afterMs?: number;
}

const MOST_OCTETS = 16_384;
const TIMEOUT_MS = 30_000;
const MOST_TRIES = 3;
/** A reply that was lost is asked for again after this time, in milliseconds. */
const LOST_MS = 1000;
const LEAST_SPREAD_MS = 2000;
/** How long a busy server is left alone where it says nothing, and at most. */
const BUSY_MS = { usual: 5000, most: 60_000 } as const;

const replySchema = z.object({
  host: z.string().min(1).max(255),
  user: z.string().max(255),
  token: z.string().min(1).max(512),
  update: z
    .string()
    .regex(/^\/[^?#\s]*$/)
    .default('/nic/update'),
});
const errorSchema = z.object({ error: z.string(), message: z.string().max(1000) });

/** The settings of a server that is known by its URL alone; a reason where the URL is none. */
export function serverOfUrl(
  text: string,
  options: { readonly allowHttp: boolean; readonly ca?: string; readonly proxy?: string },
): { readonly ok: true; readonly value: ServerConfig } | { readonly ok: false; readonly reason: string } {
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null;
  if (url?.pathname !== '/' || url.search !== '' || url.username !== '')
    return { ok: false, reason: 'is not a URL such as https://ddns.example.org' };
  if (url.protocol === 'http:' && !options.allowHttp && !isThisMachine(url))
    return { ok: false, reason: 'is http:, which shows the code to everybody on the way' };
  return {
    ok: true,
    value: {
      name: 'home',
      url: url.origin,
      path: '/nic/update',
      user: '',
      secret: { kind: 'env', name: '' },
      proxy: options.proxy ?? 'system',
      ...(options.ca === undefined ? {} : { ca: options.ca }),
      connectTimeoutMs: 10_000,
      requestTimeoutMs: TIMEOUT_MS,
      families: 'together',
    },
  };
}

/** Asks the server, again where no reply came or it is busy. `wait` is given whole milliseconds. */
export async function enrol(
  enrolment: Enrolment,
  options: {
    readonly connections: Connections;
    readonly userAgent: string;
    readonly wait: (ms: number) => Promise<void>;
  },
): Promise<EnrolmentResult> {
  for (let left = MOST_TRIES - 1; ; left--) {
    const { result, afterMs } = await ask(enrolment, options);
    if (afterMs === undefined || left === 0) return result;
    // Later by chance: the machines of a roll-out are not to come back together.
    await options.wait(Math.round(afterMs + Math.random() * Math.max(LEAST_SPREAD_MS, afterMs)));
  }
}

async function ask(
  { server, code, name, serial }: Enrolment,
  { connections, userAgent }: { readonly connections: Connections; readonly userAgent: string },
): Promise<Asked> {
  const url = `${server}/enroll`;
  try {
    const { status, body, retryAfter } = await exchange({
      url,
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', 'user-agent': userAgent },
      body: JSON.stringify({ code, name, ...(serial === undefined ? {} : { serial }) }),
      dispatcher: connections.to(url),
      redirects: 0,
      mostOctets: MOST_OCTETS,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const result = readReply(status, body);
    if (status !== 503) return { result };
    const told = parseRetryAfter(retryAfter, Date.now()) ?? BUSY_MS.usual;
    return { result, afterMs: Math.min(told, BUSY_MS.most) };
  } catch (error) {
    return { result: { ok: false, again: true, reason: describeFault(error).words }, afterMs: LOST_MS };
  }
}

function readReply(status: number, body: string): EnrolmentResult {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    // A page, or nothing: the status has to do.
    value = undefined;
  }
  if (status === 201) {
    const reply = replySchema.safeParse(value);
    if (!reply.success)
      return { ok: false, again: false, reason: 'The answer is none that an enrolment has.' };
    const { host, user, token, update } = reply.data;
    return { ok: true, enrolled: { host, user, token, path: update } };
  }
  const refusal = errorSchema.safeParse(value);
  const again = status === 429 || status >= 500;
  const reason = refusal.success ? refusal.data.message : `The server answered with status ${status}.`;
  return { ok: false, again, reason };
}
