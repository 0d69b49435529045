/**
 * What a reply means. Invariant: every reply, however odd, has exactly one of three outcomes, and the words of an
 * outcome hold nothing of the request but addresses.
 */

/** The codes that stop a host. */
export const STOPPING_CODES = [
  'badauth',
  '!donator',
  'notfqdn',
  'nohost',
  'numhost',
  '!yours',
  'badagent',
  'badsys',
  'abuse',
] as const;

/** A code that stops a host. */
export type StoppingCode = (typeof STOPPING_CODES)[number];

/** Why a request failed. */
export type FailureCode =
  'dnserr' | '911' | 'status' | 'redirect' | 'proxy' | 'reply' | 'network' | 'tls' | 'timeout' | 'secret';

/** What came of a request. `retryAfterMs` is how long the server asked to be left alone. */
export type Outcome =
  | { readonly kind: 'done'; readonly code: 'good' | 'nochg' }
  | {
      readonly kind: 'stopped';
      readonly code: StoppingCode;
      readonly words: string;
      readonly retryAfterMs?: number;
    }
  | {
      readonly kind: 'failed';
      readonly code: FailureCode;
      readonly words: string;
      readonly retryAfterMs?: number;
    };

/** A reply as it was read: at most 4,096 octets of its body. */
export interface Reply {
  readonly status: number;
  readonly body: string;
  readonly retryAfter?: string;
  /** Where a redirect that was not followed leads. */
  readonly location?: string;
}

/** At most this many octets of a reply are read. */
export const MOST_REPLY_OCTETS = 4096;

const LONGEST_RETRY_MS = 86_400_000;

/** What a stop means, and what to do. */
export const STOP_WORDS: Readonly<Record<StoppingCode, string>> = {
  badauth:
    'The server does not accept user and secret. Check them in the configuration; perhaps the token was revoked.',
  '!donator': 'The server wants payment for this. Ask its operator, or take another server.',
  notfqdn: 'The server says that this is no full name of a host. Check the host in the configuration.',
  nohost: 'The server does not know this host. Create it there, or correct its name in the configuration.',
  numhost: 'The server says that these are too many hosts in one request. Ask its operator.',
  '!yours': 'The host belongs to somebody else at the server. Check host and user in the configuration.',
  badagent: 'The server refuses this program. Ask its operator.',
  badsys: 'The server does not know what was asked of it. Check the path in the configuration.',
  abuse: 'The host is blocked at the server. Ask its operator to unblock it, then run once with --force.',
};

/** The outcome of a reply to an update that sent these addresses. `now` is for a Retry-After that is a date. */
export function interpretReply(reply: Reply, sent: readonly string[], now: number): Outcome {
  const { status } = reply;
  const [code, argument] = codeOf(reply.body);
  const fine = status >= 200 && status <= 299;
  const wait = parseRetryAfter(reply.retryAfter, now);
  const later = wait === undefined ? {} : { retryAfterMs: wait };
  const stop = (reason: StoppingCode): Outcome => ({
    kind: 'stopped',
    code: reason,
    words: STOP_WORDS[reason],
    ...later,
  });
  const fail = (reason: FailureCode, words: string): Outcome => ({
    kind: 'failed',
    code: reason,
    words,
    ...later,
  });

  if (fine && (code === 'good' || code === 'nochg')) {
    const refused = code === 'good' && argument === '127.0.0.1' && !sent.includes('127.0.0.1');
    return refused ? stop('badagent') : { kind: 'done', code };
  }
  if (isStopping(code)) return stop(code);
  if (status === 401) return stop('badauth');
  if (status === 407) return fail('proxy', 'The proxy wants a user and password.');
  if ((code === '911' || code === 'dnserr') && (fine || isBusy(status)))
    return fail(code, `The server has a fault of its own (${code}).`);
  if (isBusy(status)) return fail('status', `The server answered with status ${status}.`);
  if (status >= 300 && status <= 399)
    return fail('redirect', `The server points to ${placeOf(reply.location)}, which is not followed.`);
  return fail('reply', `The answer (status ${status}) is none that an update server gives.`);
}

/** How long a Retry-After asks to wait, in milliseconds, at most a day; undefined where it is none. */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  const ms = /^\d{1,15}$/.test(text)
    ? Number(text) * 1000
    : /[A-Za-z]{3}/.test(text)
      ? Date.parse(text) - now
      : NaN;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_RETRY_MS);
}

/** The code of a stop that a reply may carry. */
export function isStopping(code: string): code is StoppingCode {
  return (STOPPING_CODES as readonly string[]).includes(code);
}

/** The first two words of the first line that is not empty; the first in lower case. */
function codeOf(body: string): readonly [string, string | undefined] {
  const line = body.split(/\r\n|\r|\n/).find((text) => text.trim() !== '') ?? '';
  const [code = '', argument] = line.trim().split(/[ \t]+/);
  return [code.toLowerCase(), argument];
}

function isBusy(status: number): boolean {
  return status === 429 || (status >= 500 && status <= 599);
}

/** A place without anything that could be secret in it. */
function placeOf(location: string | undefined): string {
  const url = location === undefined ? null : URL.parse(location);
  return url === null ? 'another place' : url.origin;
}
