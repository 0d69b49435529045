/**
 * The answer to what is not HTTP, came too slowly or is too long: a whole reply in one write, then the end (D-8.7).
 * Node's parser finds these before there is a request, so they never reach hono.
 */
import type { Duplex } from 'node:stream';
import { type IpAddress, formatIpAddress } from '../../net/ip-address.ts';
import type { HttpLog } from '../log.ts';

const REPLIES = {
  400: rawReply('400 Bad Request', 'This is not an HTTP request that this server can read.'),
  405: rawReply('405 Method Not Allowed', 'This is no proxy.', 'Allow: GET, HEAD, POST, PUT\r\n'),
  408: rawReply('408 Request Timeout', 'The request did not arrive in time.'),
  413: rawReply('413 Content Too Large', 'The request is too large.'),
  431: rawReply('431 Request Header Fields Too Large', 'The request line or headers are too large.'),
} as const;

/** What is known of a connection that failed: the code of Node's parser, and the bytes that it failed at. */
export interface ClientError {
  readonly code?: string | undefined;
  readonly rawPacket?: Buffer;
}

/** Answers a failed connection as far as it still can be answered, closes it, and says in the log what was wrong. */
export function answerClientError(
  error: ClientError,
  socket: Duplex,
  { log, peer }: { readonly log: HttpLog; readonly peer: IpAddress | undefined },
): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const source = peer === undefined ? null : formatIpAddress(peer);
  log.info({ source, status: statusOf(error.code), reason: reasonOf(error) }, 'unreadable request');
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

/** In words where it is a mistake that people make, else the parser's code. Never what was sent. */
function reasonOf({ code, rawPacket }: ClientError): string {
  // A handshake record of TLS (RFC 8446 §5.1).
  if (rawPacket?.[0] === 0x16 && rawPacket[1] === 3) return 'TLS on a port that speaks plain HTTP';
  if (rawPacket?.toString('latin1', 0, 14) === 'PRI * HTTP/2.0') return 'HTTP/2, which is not served';
  return code ?? 'unknown';
}

function rawReply(status: string, text: string, headers = ''): string {
  const head = `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n`;
  return `${head}${headers}Connection: close\r\nContent-Length: ${text.length + 1}\r\n\r\n${text}\n`;
}
