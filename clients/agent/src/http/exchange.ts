/**
 * One GET over HTTP: bounded in octets and in time, redirects followed only to the same place.
 * Invariant: neither headers nor request go to another scheme, name or port than the URL's.
 */
import type { Dispatcher } from 'undici';
import { request } from 'undici';
import type { Reply } from '../update/reply.ts';

const MOST_REDIRECTS = 3;

/** What to ask and within which bounds. */
export interface Question {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly dispatcher: Dispatcher;
  /** Redirects are not followed where it is 0. */
  readonly redirects?: number;
  readonly mostOctets: number;
  readonly signal: AbortSignal;
}

/** Asks, and reads at most `mostOctets` of the answer; rejects with the error of the network, of TLS or of time. */
export async function exchange(question: Question): Promise<Reply> {
  let { url } = question;
  let left = question.redirects ?? MOST_REDIRECTS;
  for (;;) {
    const reply = await askOnce(url, question);
    const next = redirectOf(reply, url);
    if (next === undefined || left === 0 || new URL(next).origin !== new URL(url).origin)
      return next === undefined ? reply : { ...reply, location: next };
    left -= 1;
    url = next;
  }
}

async function askOnce(url: string, question: Question): Promise<Reply> {
  const { statusCode, headers, body } = await request(url, {
    method: question.method ?? 'GET',
    headers: { ...question.headers },
    dispatcher: question.dispatcher,
    signal: question.signal,
    // The signal is the bound of the whole exchange.
    headersTimeout: 0,
    bodyTimeout: 0,
    ...(question.body === undefined ? {} : { body: question.body }),
  });
  const retryAfter = headers['retry-after'];
  const location = headers['location'];
  return {
    status: statusCode,
    body: await readBounded(body, question.mostOctets),
    ...(typeof retryAfter === 'string' ? { retryAfter } : {}),
    ...(typeof location === 'string' ? { location } : {}),
  };
}

/** The first octets of a body; the rest is not waited for, and its connection not used again. */
async function readBounded(body: Dispatcher.ResponseData['body'], most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    octets += chunk.length;
    // Leaving the loop destroys the stream.
    if (octets > most) break;
  }
  return Buffer.concat(chunks).subarray(0, most).toString('utf8');
}

function redirectOf({ status, location }: Reply, base: string): string | undefined {
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined;
  return URL.parse(location, base)?.href;
}
