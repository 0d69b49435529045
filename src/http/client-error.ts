/**
 * The answer to what is not HTTP, came too slowly or is too long: a whole reply in one write, then the end (D-8.7).
 * Node's parser finds these before there is a request, so they never reach hono.
 */
import type { Duplex } from 'node:stream';

const REPLIES = {
  400: rawReply('400 Bad Request', 'This is not an HTTP request that this server can read.'),
  405: rawReply('405 Method Not Allowed', 'This is no proxy.', 'Allow: GET, HEAD, POST, PUT\r\n'),
  408: rawReply('408 Request Timeout', 'The request did not arrive in time.'),
  413: rawReply('413 Content Too Large', 'The request is too large.'),
  431: rawReply('431 Request Header Fields Too Large', 'The request line or headers are too large.'),
} as const;

/** Answers a failed connection as far as it still can be answered, and closes it. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  // The other side may be gone by now; the 'error' of this last write has nobody left to tell.
  socket.on('error', () => socket.destroy());
  socket.end(REPLIES[statusOf(error.code)], () => socket.destroy());
}

/** Answers a CONNECT, which asks for a proxy that this server is not, and closes the connection. */
export function refuseTunnel(socket: Duplex): void {
  // As above: a client that does not wait for the answer is none to tell.
  socket.on('error', () => socket.destroy());
  socket.end(REPLIES[405], () => socket.destroy());
}

function statusOf(code: string | undefined): 400 | 408 | 413 | 431 {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 431;
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return 413;
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 408;
    default:
      return 400;
  }
}

function rawReply(status: string, text: string, headers = ''): string {
  const head = `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n`;
  return `${head}${headers}Connection: close\r\nContent-Length: ${text.length + 1}\r\n\r\n${text}\n`;
}
