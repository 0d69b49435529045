/**
 * A reply as the bytes on the wire, for connections that Node's HTTP server does not have.
 * Invariant: the same bytes that Node's server sends for the reply, so that no client can tell the lanes apart.
 */
import { STATUS_CODES } from 'node:http';
import { type Reply, TEXT_HEADERS } from '../reply.ts';

/** What the connection does behind the reply. */
export type Afterwards = 'keep-alive' | 'close';

/** Writes replies; made for the time that an idle connection is kept, in milliseconds. */
export function createReplyFormatter(
  keepAliveTimeout: number,
): (reply: Reply, afterwards: Afterwards) => string {
  const kept = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveTimeout / 1000)}\r\n\r\n`;
  let second = -1;
  let date = '';
  return ({ status, body, headers }, afterwards) => {
    const now = Math.floor(Date.now() / 1000);
    if (now !== second) {
      second = now;
      date = `\r\nDate: ${new Date(now * 1000).toUTCString()}\r\n`;
    }
    const opening =
      status === 200 && headers === TEXT_HEADERS ? PLAIN_OPENING : formatOpening(status, headers);
    return `${opening}${body.length}${date}${afterwards === 'keep-alive' ? kept : CLOSED}${body}`;
  };
}

const CLOSED = 'Connection: close\r\n\r\n';
const PLAIN_OPENING = formatOpening(200, TEXT_HEADERS);

function formatOpening(status: number, headers: Reply['headers']): string {
  let opening = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`;
  for (const [name, value] of Object.entries(headers)) opening += `${name}: ${value}\r\n`;
  return `${opening}Content-Length: `;
}
