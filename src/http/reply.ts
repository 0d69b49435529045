/**
 * Replies to devices: small, plain, whole (D-8).
 *
 * Invariants: a string body with plain header names, sent as one write with a Content-Length and the names' case kept
 * (a lower-case header starting with `w` reads as a wait code to ez-ipupdate), by hono's adapter and by `sendReply`
 * alike; no ETag, no redirect, no compression.
 */
import type { ServerResponse } from 'node:http';

/** Header names and values as sent. */
export type ReplyHeaders = Readonly<Record<string, string>>;

/** A reply with a body of text. */
export interface Reply {
  readonly status: number;
  /** ASCII, so that its length is that of its octets. */
  readonly body: string;
  readonly headers: ReplyHeaders;
}

/** Headers of every plain-text reply. */
export const TEXT_HEADERS: ReplyHeaders = {
  'Content-Type': 'text/plain; charset=utf-8',
  'Cache-Control': 'no-store',
};

const TEXT_HEADER_LIST: readonly string[] = Object.entries(TEXT_HEADERS).flat();

/** What a reply without success says besides the code must avoid, in any case, as part of any word (D-8.6). */
export const SUCCESS_WORDS: readonly string[] = ['good', 'nochg', 'ok', 'true', 'updated', 'success'];

/** A plain-text reply. `extra` adds headers or replaces the usual ones. */
export function plainReply(body: string, status = 200, extra?: ReplyHeaders): Reply {
  return { status, body, headers: extra === undefined ? TEXT_HEADERS : { ...TEXT_HEADERS, ...extra } };
}

/** A reply as hono's handlers give it. */
export function toResponse({ status, body, headers }: Reply): Response {
  return new Response(body, { status, headers });
}

/** Sends a reply in one write. Nothing happens where the client has gone meanwhile. */
export function sendReply(response: ServerResponse, { status, body, headers }: Reply): void {
  if (response.destroyed) return;
  response.writeHead(status, withLength(headers, body.length));
  response.end(body, 'latin1');
}

/** Names and values in turn, which Node takes without looking at an object's keys. */
function withLength(headers: ReplyHeaders, length: number): (string | number)[] {
  if (headers === TEXT_HEADERS) return [...TEXT_HEADER_LIST, 'Content-Length', length];
  return [...Object.entries(headers).flat(), 'Content-Length', length];
}

/** A plain-text reply as hono's handlers give it. `extra` adds headers or replaces the usual ones. */
export function textReply(body: string, status = 200, extra?: ReplyHeaders): Response {
  return toResponse(plainReply(body, status, extra));
}

/** A JSON reply. */
export function jsonReply(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
  });
}
