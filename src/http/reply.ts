/**
 * Replies to devices: small, plain, whole (D-8).
 *
 * Invariants: a string body with plain header names, which @hono/node-server sends as one write with a
 * Content-Length and the names' case kept (a lower-case header starting with `w` reads as a wait code to
 * ez-ipupdate); no ETag, no redirect, no compression.
 */

/** Header names and values as sent. */
export type ReplyHeaders = Readonly<Record<string, string>>;

/** Headers of every plain-text reply. */
export const TEXT_HEADERS: ReplyHeaders = {
  'Content-Type': 'text/plain; charset=utf-8',
  'Cache-Control': 'no-store',
};

/** What a reply without success says besides the code must avoid, in any case, as part of any word (D-8.6). */
export const SUCCESS_WORDS: readonly string[] = ['good', 'nochg', 'ok', 'true', 'updated', 'success'];

/** A plain-text reply. `extra` adds headers or replaces the usual ones. */
export function textReply(body: string, status = 200, extra?: ReplyHeaders): Response {
  return new Response(body, {
    status,
    headers: extra === undefined ? TEXT_HEADERS : { ...TEXT_HEADERS, ...extra },
  });
}

/** A JSON reply. */
export function jsonReply(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
  });
}
