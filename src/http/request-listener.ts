/**
 * One request from Node's HTTP server to its reply: what is proved about it, and the way it takes.
 *
 * Two ways lead to the same handlers: a GET on an update path goes to the update endpoint directly, because it is
 * nearly all there is and hono's Request and Response cost as much as its work; everything else is routed by hono.
 * Invariants: a request reaches hono with a canonical path and a harmless Host, so none is refused for an odd one;
 * a connection stays open only for a client that asks for it (D-8.3). Framing: RFC 9112.
 */
import { randomBytes } from 'node:crypto';
import { IncomingMessage, type ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { IpAddress } from '../net/ip-address.ts';
import { type SourcePolicy, cameOverHttps, resolveSourceAddress } from '../net/source-address.ts';
import { type HttpAppOptions, createHttpApp } from './app.ts';
import { type Exchange, MessageExchange } from './exchange.ts';
import { sendReply, textReply } from './reply.ts';
import { isUpdatePath, parseRequestTarget } from './request-target.ts';

/** A message that carries its exchange to the app. */
export class HttpMessage extends IncomingMessage {
  exchange: Exchange | undefined;
}

/** What a message is answered with. */
export type HttpResponse = ServerResponse<HttpMessage>;

/** Serves requests. */
export interface RequestListener {
  /** Which proxies are believed, from the next request on. */
  policy: SourcePolicy;
  /** Answers one request that came from `peer`. Never throws. */
  serve(message: HttpMessage, response: HttpResponse, peer: IpAddress): void;
  /** Keeps no connection open behind the requests under way and those to come. */
  drain(): void;
}

/** Creates the listener over the app of these options; `bodyBytes` is how long a body may be. */
export function createRequestListener(
  options: HttpAppOptions,
  { bodyBytes, policy }: { readonly bodyBytes: number; readonly policy: SourcePolicy },
): RequestListener {
  return new NodeRequestListener(options, bodyBytes, policy);
}

class NodeRequestListener implements RequestListener {
  policy: SourcePolicy;
  readonly #bodyBytes: number;
  readonly #update: ReturnType<typeof createHttpApp>['update'];
  readonly #throughHono: (message: HttpMessage, response: HttpResponse) => Promise<void>;
  readonly #waiting = new WaitingResponses();
  readonly #idPrefix = randomBytes(4).toString('hex');
  #requests = 0;
  #draining = false;

  constructor(options: HttpAppOptions, bodyBytes: number, policy: SourcePolicy) {
    this.policy = policy;
    this.#bodyBytes = bodyBytes;
    const { app, update } = createHttpApp(options);
    this.#update = update;
    this.#throughHono = getRequestListener(
      (request, { incoming }) => app.fetch(request, (incoming as HttpMessage).exchange),
      {
        errorHandler: (error) => {
          options.log.error({ err: error }, 'request failed before it was routed');
          return textReply('This request cannot be read.\n', 400);
        },
      },
    );
  }

  serve(message: HttpMessage, response: HttpResponse, peer: IpAddress): void {
    const { headers } = message;
    const { route, query } = parseRequestTarget(message.url ?? '');
    const exchange = new MessageExchange(message, this.#bodyBytes, {
      requestId: `${this.#idPrefix}-${(this.#requests++).toString(36)}`,
      route,
      query,
      source: resolveSourceAddress(peer, headers, this.policy),
      secure: cameOverHttps(peer, headers, this.policy),
    });
    if (this.#draining || !asksForKeepAlive(headers.connection)) response.shouldKeepAlive = false;
    if (message.method === 'GET' && isUpdatePath(route)) this.#answerUpdate(exchange, response);
    else this.#routeByHono(message, response, { route, exchange });
  }

  drain(): void {
    this.#draining = true;
    for (const response of this.#waiting.all()) response.shouldKeepAlive = false;
  }

  #answerUpdate(exchange: Exchange, response: HttpResponse): void {
    const reply = this.#update(exchange);
    if (!(reply instanceof Promise)) {
      sendReply(response, reply);
      return;
    }
    const place = this.#waiting.add(response);
    void reply.then((settled) => {
      this.#waiting.remove(place);
      sendReply(response, settled);
    });
  }

  #routeByHono(
    message: HttpMessage,
    response: HttpResponse,
    { route, exchange }: { route: string; exchange: Exchange },
  ): void {
    message.exchange = exchange;
    message.url = route;
    message.headers.host = 'localhost';
    const place = this.#waiting.add(response);
    void this.#throughHono(message, response).finally(() => {
      this.#waiting.remove(place);
    });
  }
}

/**
 * Responses that wait for something. Not a Set: one through which many pass grows a new table now and then, and each
 * table that was left behind keeps the next one, and all that was in it, in memory until the next full collection.
 */
class WaitingResponses {
  readonly #places: (HttpResponse | undefined)[] = [];
  readonly #free: number[] = [];

  /** Adds a response and returns its place. */
  add(response: HttpResponse): number {
    const place = this.#free.pop() ?? this.#places.length;
    this.#places[place] = response;
    return place;
  }

  remove(place: number): void {
    this.#places[place] = undefined;
    this.#free.push(place);
  }

  all(): readonly HttpResponse[] {
    return this.#places.filter((response) => response !== undefined);
  }
}

/** HTTP/1.1's own default is to stay, but most devices read until the end and would wait for it (D-8.3). */
function asksForKeepAlive(connection: string | undefined): boolean {
  if (connection === undefined) return false;
  return (
    connection === 'keep-alive' || (/\bkeep-alive\b/i.test(connection) && !/\bclose\b/i.test(connection))
  );
}
