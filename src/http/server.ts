/**
 * The HTTP server: listeners, connections and their limits (D-8). A connection comes from its listener to the PROXY
 * header where one is due, then to the fast lane, and from there to Node's HTTP server if it carries more than updates.
 *
 * Invariants: every connection is bounded in time and size; `stop` lets requests under way finish.
 */
import { type Server, createServer } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type IpAddress, parseIpAddress } from '../net/ip-address.ts';
import { type SourcePolicy, isTrustedProxy } from '../net/source-address.ts';
import type { HttpAppOptions } from './app.ts';
import { type ClientError, answerClientError, refuseTunnel } from './connection/client-error.ts';
import { type FastLane, createFastLane } from './connection/fast-lane.ts';
import { awaitProxyHeader } from './connection/proxy-protocol.ts';
import {
  HttpMessage,
  type HttpResponse,
  type RequestListener,
  createRequestListener,
} from './request-listener.ts';

/** Where to listen; port 0 takes a free one. */
export interface ListenAddress {
  readonly address: string;
  readonly port: number;
}

/** The bounds of a connection; times in milliseconds, sizes in bytes. */
export interface HttpLimits {
  /** Of a POST body: 20 hosts with all parameters fit many times. */
  readonly bodyBytes: number;
  /** Of request line and headers together: what reverse proxies and browsers send at most. */
  readonly headerBytes: number;
  /** Until the headers are there; some recorders never end theirs. */
  readonly headersTimeout: number;
  /** Until the whole request is there, over the slowest line. */
  readonly requestTimeout: number;
  /** Of idleness where keep-alive was asked for: longer than the 60 s for which nginx keeps an idle upstream. */
  readonly keepAliveTimeout: number;
  /** On each listener; more are dropped at once instead of exhausting file descriptors. */
  readonly maxConnections: number;
}

/** What can be replaced while the server runs. */
export interface HttpServerPolicy {
  readonly trustedProxies: SourcePolicy['trustedProxies'];
  /** Default: `either`. */
  readonly forwardedHeader?: SourcePolicy['forwardedHeader'];
}

/** What the server works with. */
export interface HttpServerOptions extends HttpAppOptions, HttpServerPolicy {
  readonly listen: readonly ListenAddress[];
  readonly limits?: Partial<HttpLimits>;
  /** Whether connections from trusted proxies start with a PROXY protocol header, which they then must. */
  readonly proxyProtocol?: boolean;
}

/** A server; made to be started and stopped once. */
export interface HttpServer {
  /** Where it listens, with the real ports; empty before `start`. */
  readonly addresses: readonly ListenAddress[];
  /** Rejects with the system's error (`code`, `address`, `port`) where one address cannot be had; then none is. */
  start(): Promise<void>;
  /** Stops accepting, lets requests under way finish for `graceMs`, then closes what is left. */
  stop(options: { readonly graceMs: number }): Promise<void>;
  /** From the next request on. */
  reconfigure(policy: HttpServerPolicy): void;
}

const DEFAULT_LIMITS: HttpLimits = {
  bodyBytes: 16 * 1024,
  headerBytes: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  keepAliveTimeout: 65_000,
  maxConnections: 10_000,
};

/** How often the two request timeouts are looked at. */
const CHECKING_INTERVAL = 1_000;

/** Creates a server; nothing is opened before `start`. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  return new NodeHttpServer(options);
}

class NodeHttpServer implements HttpServer {
  readonly #options: HttpServerOptions;
  readonly #limits: HttpLimits;
  readonly #servers: Server<typeof HttpMessage>[] = [];
  /** The open connections, and whom each comes from. */
  readonly #peers = new Map<Socket, IpAddress>();
  readonly #requests: RequestListener;
  readonly #fastLane: FastLane;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    const { bodyBytes } = this.#limits;
    this.#requests = createRequestListener(options, { bodyBytes, policy: sourcePolicy(options) });
    this.#fastLane = createFastLane({
      ...this.#limits,
      answer: (request, peer, hangUp) => this.#requests.update(request, peer, hangUp),
      refuseSilent: (socket) => {
        this.#answerClientError({ code: 'ERR_HTTP_REQUEST_TIMEOUT' }, socket);
      },
    });
  }

  get addresses(): readonly ListenAddress[] {
    return this.#servers
      .filter((server) => server.listening)
      .map((server) => {
        const { address, port } = server.address() as AddressInfo; // not a pipe: `listen` gets a host and a port
        return { address, port };
      });
  }

  async start(): Promise<void> {
    try {
      for (const address of this.#options.listen) this.#servers.push(await this.#open(address));
    } catch (error) {
      await this.stop({ graceMs: 0 });
      throw error;
    }
  }

  async stop({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#requests.drain();
    const closed = this.#servers.map(
      (server) =>
        new Promise<void>((resolve) =>
          server.close(() => {
            resolve();
          }),
        ),
    );
    // Browsers open connections ahead of need: one that never carried a byte has nothing to finish.
    for (const socket of this.#peers.keys()) if (socket.bytesRead === 0) socket.destroy();
    this.#fastLane.drain();
    const timer = setTimeout(() => {
      for (const socket of this.#peers.keys()) socket.destroy();
    }, graceMs);
    await Promise.all(closed);
    clearTimeout(timer);
  }

  reconfigure(policy: HttpServerPolicy): void {
    this.#requests.policy = sourcePolicy(policy);
  }

  async #open({ address, port }: ListenAddress): Promise<Server<typeof HttpMessage>> {
    const limits = this.#limits;
    const server = createServer<typeof HttpMessage>(
      {
        IncomingMessage: HttpMessage,
        requireHostHeader: false, // old devices send none
        insecureHTTPParser: false, // what it lets through is what request smuggling is made of
        maxHeaderSize: limits.headerBytes,
        headersTimeout: limits.headersTimeout,
        requestTimeout: limits.requestTimeout,
        keepAliveTimeout: limits.keepAliveTimeout,
        connectionsCheckingInterval: CHECKING_INTERVAL,
        noDelay: true,
        optimizeEmptyRequests: true, // nearly all have no body, so no stream need be set up for one
      },
      (message, response) => {
        this.#serve(message, response);
      },
    );
    server.maxConnections = limits.maxConnections;
    server.maxRequestsPerSocket = 0; // a proxy's connection serves any number of devices
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      this.#answerClientError(error, socket);
    });
    // Left to itself, Node ends a CONNECT without a word, and answers an expectation it does not know with a chunked
    // 417 on a connection that stays open.
    server.on('connect', (_message, socket) => {
      refuseTunnel(socket);
    });
    server.on('checkExpectation', (message: HttpMessage, response: HttpResponse) => {
      this.#serve(message, response);
    });
    this.#receiveConnections(server);
    await listen(server, { address, port }, this.#sharesPort(address, port));
    server.on('error', (error) => {
      this.#options.log.error({ err: error }, 'HTTP listener failed');
    });
    return server;
  }

  /** Puts the PROXY header and the fast lane before Node's own HTTP listener, which gets a connection as if new. */
  #receiveConnections(server: Server<typeof HttpMessage>): void {
    const serveHttp = server.listeners('connection') as ((socket: Socket) => void)[];
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      const peer = peerOf(socket);
      if (peer === undefined) {
        socket.destroy(); // it has already disconnected: nobody to answer, and no source to answer for
        return;
      }
      this.#peers.set(socket, peer);
      socket.once('close', () => this.#peers.delete(socket));
      const begin = (source = peer): void => {
        if (source !== peer) this.#peers.set(socket, source);
        this.#fastLane.take(socket, source, () => {
          for (const listener of serveHttp) listener.call(server, socket);
        });
      };
      if (this.#options.proxyProtocol !== true || !isTrustedProxy(peer, this.#requests.policy)) begin();
      else awaitProxyHeader(socket, this.#limits.headersTimeout, begin);
    });
  }

  #answerClientError(error: ClientError, socket: Duplex): void {
    const { log } = this.#options;
    answerClientError(error, socket, {
      log,
      peer: socket instanceof Socket ? this.#peers.get(socket) : undefined,
    });
  }

  /** `::` takes IPv4 too, unless IPv4 has a listener of its own on that port. */
  #sharesPort(address: string, port: number): boolean {
    return (
      address.includes(':') &&
      this.#options.listen.some((other) => !other.address.includes(':') && other.port === port)
    );
  }

  #serve(message: HttpMessage, response: HttpResponse): void {
    const peer = this.#peers.get(message.socket);
    // Where there is none it has already disconnected: nobody to answer, and no source to answer for.
    if (peer === undefined) message.destroy();
    else this.#requests.serve(message, response, peer);
  }
}

function peerOf({ remoteAddress }: Socket): IpAddress | undefined {
  return parseIpAddress(remoteAddress?.replace(/%.*$/, '') ?? '');
}

function sourcePolicy({ trustedProxies, forwardedHeader = 'either' }: HttpServerPolicy): SourcePolicy {
  return { trustedProxies, forwardedHeader };
}

function listen(server: Server<typeof HttpMessage>, at: ListenAddress, ipv6Only: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: at.address, port: at.port, ipv6Only }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
