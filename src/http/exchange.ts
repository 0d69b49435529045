/**
 * One request as the handlers see it: what was proved about it, and its raw target. Hono sees only a canonical
 * path (D-1.3), so whatever odd bytes a device sends never reach a URL parser.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { IpAddress } from '../net/ip-address.ts';

/** A request body: all of it, or why not. */
export type Body =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  /** Longer than the limit; the rest was not read. */
  | { readonly kind: 'too-large' }
  /** The connection ended before the body did. */
  | { readonly kind: 'cut-short' };

/** The fields of a request that something here reads. */
export type RequestHeaders = Partial<
  Pick<
    IncomingHttpHeaders,
    | 'authorization'
    | 'connection'
    | 'content-type'
    | 'forwarded'
    | 'host'
    | 'if-none-match'
    | 'if-range'
    | 'range'
    | 'user-agent'
    | 'x-api-key'
    | 'x-api-user'
    | 'x-forwarded-for'
    | 'x-forwarded-proto'
  >
>;

/** The bindings of the hono app. */
export interface Exchange {
  /** Unique in the log of this process. */
  readonly requestId: string;
  readonly method: string;
  /** The canonical path (request-target), which may have a query behind it. */
  readonly route: string;
  /** Everything behind the first `?` of the raw request target, one character for each octet. */
  readonly query: string;
  /** The Host header as sent, or empty; nothing is routed by it but a name that starts with `checkip`. */
  readonly host: string;
  readonly headers: RequestHeaders;
  /** Proved source address (net/source-address). */
  readonly source: IpAddress;
  /** Whether a trusted proxy says that the client came over HTTPS; Homing itself speaks plain HTTP. */
  readonly secure: boolean;
  readBody(): Promise<Body>;
  /** Ends the connection at once, whatever is still to be sent. */
  hangUp(): void;
}

/** What is known of a message besides what it says itself. */
export type Proved = Pick<Exchange, 'requestId' | 'route' | 'query' | 'source' | 'secure'>;

/** The exchange of a GET that is nothing but its head. */
export class PlainExchange implements Exchange {
  readonly requestId: string;
  readonly method = 'GET';
  readonly route: string;
  readonly query: string;
  readonly headers: RequestHeaders;
  readonly source: IpAddress;
  readonly secure: boolean;
  readonly hangUp: () => void;

  constructor(
    headers: RequestHeaders,
    hangUp: () => void,
    { requestId, route, query, source, secure }: Proved,
  ) {
    this.requestId = requestId;
    this.route = route;
    this.query = query;
    this.headers = headers;
    this.source = source;
    this.secure = secure;
    this.hangUp = hangUp;
  }

  get host(): string {
    return this.headers.host ?? '';
  }

  readBody(): Promise<Body> {
    return Promise.resolve({ kind: 'whole', bytes: Buffer.alloc(0) });
  }
}

/** The exchange of a message that arrived. */
export class MessageExchange implements Exchange {
  readonly requestId: string;
  readonly method: string;
  readonly route: string;
  readonly query: string;
  readonly host: string;
  readonly headers: IncomingHttpHeaders;
  readonly source: IpAddress;
  readonly secure: boolean;
  readonly #message: IncomingMessage;
  readonly #bodyBytes: number;

  constructor(
    message: IncomingMessage,
    bodyBytes: number,
    { requestId, route, query, source, secure }: Proved,
  ) {
    this.requestId = requestId;
    this.method = message.method ?? 'GET';
    this.route = route;
    this.query = query;
    this.host = message.headers.host ?? '';
    this.headers = message.headers;
    this.source = source;
    this.secure = secure;
    this.#message = message;
    this.#bodyBytes = bodyBytes;
  }

  readBody(): Promise<Body> {
    return readBody(this.#message, this.#bodyBytes);
  }

  hangUp(): void {
    this.#message.socket.destroy();
  }
}

/** Reads a body of at most `limit` bytes. Never rejects. */
function readBody(message: IncomingMessage, limit: number): Promise<Body> {
  return new Promise((resolve) => {
    // What has neither length nor encoding has no body, and its stream has ended before anybody could listen.
    if (message.readableEnded) {
      resolve({ kind: 'whole', bytes: Buffer.alloc(0) });
      return;
    }
    // It waited behind another request, and its client has gone meanwhile.
    if (message.destroyed) {
      resolve({ kind: 'cut-short' });
      return;
    }
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = (body: Body): void => {
      message.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      resolve(body);
    };
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > limit) finish({ kind: 'too-large' });
      else chunks.push(chunk);
    };
    const onEnd = (): void => {
      finish({ kind: 'whole', bytes: Buffer.concat(chunks) });
    };
    const onClose = (): void => {
      finish({ kind: 'cut-short' });
    };
    message.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}
