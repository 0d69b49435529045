/**
 * One request to its reply: what is proved about it, and the way it takes.
 *
 * Three ways lead to the same handlers: a plain GET on an update path comes from the fast lane, because it is nearly
 * all there is and Node's HTTP server costs as much as its work; another GET on such a path comes from that server,
 * and goes to the update endpoint directly; everything else is routed by hono.
 * Invariants: a request reaches hono with a canonical path and a harmless Host, so none is refused for an odd one;
 * a connection stays open only for a client that asks for it (D-8.3); the requests of one connection are done in turn,
 * so that what was sent last is what remains (RFC 9112 §9.3.2). Framing: RFC 9112.
 */
import { randomBytes } from 'node:crypto';
import { IncomingMessage, type ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Socket } from 'node:net';
import type { IpAddress } from '../net/ip-address.ts';
import { type SourcePolicy, cameOverHttps, resolveSourceAddress } from '../net/source-address.ts';
import { type HttpAppOptions, createHttpApp } from './app.ts';
import {
  type Exchange,
  MessageExchange,
  PlainExchange,
  type Proved,
  type RequestHeaders,
} from './exchange.ts';
import type { PlainRequest } from './connection/plain-request.ts';
import { asksForKeepAlive } from './connection/keep-alive.ts';
import { Places } from './connection/places.ts';
import { type Reply, sendReply, textReply } from './reply.ts';
import { type RequestTarget, isUpdatePath, parseRequestTarget } from './request-target.ts';

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
  /** Answers a plain request that came from `peer` where it is an update, else undefined. Never throws or rejects. */
  update(request: PlainRequest, peer: IpAddress, hangUp: () => void): Reply | Promise<Reply> | undefined;
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

/** The last request of a connection that is still to be answered. */
interface Turn {
  readonly done: Promise<void>;
  readonly response: HttpResponse;
}

class NodeRequestListener implements RequestListener {
  policy: SourcePolicy;
  readonly #bodyBytes: number;
  readonly #update: ReturnType<typeof createHttpApp>['update'];
  readonly #throughHono: (message: HttpMessage, response: HttpResponse) => Promise<void>;
  readonly #waiting = new Places<HttpResponse>();
  readonly #underWay = new WeakMap<Socket, Turn>();
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
    const { socket } = message;
    const before = this.#underWay.get(socket);
    const done =
      before === undefined
        ? this.#answer(message, response, peer)
        : this.#answerBehind(before, { message, response, peer });
    if (done === undefined) return;
    const turn = { done, response };
    this.#underWay.set(socket, turn);
    void done.then(() => {
      if (this.#underWay.get(socket) === turn) this.#underWay.delete(socket);
    });
  }

  update(
    { target, head: { headers } }: PlainRequest,
    peer: IpAddress,
    hangUp: () => void,
  ): Reply | Promise<Reply> | undefined {
    const parts = parseRequestTarget(target);
    if (!isUpdatePath(parts.route)) return undefined;
    return this.#update(new PlainExchange(headers, hangUp, this.#prove(parts, headers, peer)));
  }

  #prove({ route, query }: RequestTarget, headers: RequestHeaders, peer: IpAddress): Proved {
    return {
      requestId: `${this.#idPrefix}-${(this.#requests++).toString(36)}`,
      route,
      query,
      source: resolveSourceAddress(peer, headers, this.policy),
      secure: cameOverHttps(peer, headers, this.policy),
    };
  }

  drain(): void {
    this.#draining = true;
    for (const response of this.#waiting.all()) response.shouldKeepAlive = false;
  }

  /** Where the connection is closed behind the one before, this one is not there (RFC 9112 §9.6). */
  async #answerBehind(
    before: Turn,
    { message, response, peer }: { message: HttpMessage; response: HttpResponse; peer: IpAddress },
  ): Promise<void> {
    await before.done;
    if (before.response.shouldKeepAlive) await this.#answer(message, response, peer);
  }

  #answer(message: HttpMessage, response: HttpResponse, peer: IpAddress): Promise<void> | undefined {
    const { headers } = message;
    const target = parseRequestTarget(message.url ?? '');
    const exchange = new MessageExchange(message, this.#bodyBytes, this.#prove(target, headers, peer));
    if (this.#draining || !asksForKeepAlive(headers.connection)) response.shouldKeepAlive = false;
    if (message.method === 'GET' && isUpdatePath(target.route)) return this.#answerUpdate(exchange, response);
    return this.#routeByHono(message, response, exchange);
  }

  #answerUpdate(exchange: Exchange, response: HttpResponse): Promise<void> | undefined {
    const reply = this.#update(exchange);
    if (!(reply instanceof Promise)) {
      sendReply(response, reply);
      return undefined;
    }
    const place = this.#waiting.add(response);
    return reply.then((settled) => {
      this.#waiting.remove(place);
      sendReply(response, settled);
    });
  }

  #routeByHono(message: HttpMessage, response: HttpResponse, exchange: Exchange): Promise<void> {
    message.exchange = exchange;
    message.url = exchange.route;
    message.headers.host = 'localhost';
    const place = this.#waiting.add(response);
    return this.#throughHono(message, response).finally(() => {
      this.#waiting.remove(place);
    });
  }
}
