/**
 * The DNS server as a whole: a UDP and a TCP listener on the same port of each address, one set of limits and
 * counters for all of them.
 * Invariant: `start` either binds everything or nothing; after `stop` nothing of it keeps the process alive.
 */
import { type Clock, systemClock } from '../../ops/clock.ts';
import type { ZoneSet } from '../../zone/zone-view.ts';
import type { DnsLog } from '../answer.ts';
import type { ByteRange } from '../cookies/server-cookies.ts';
import { BatchedSide } from '../fast/batched-side.ts';
import { type NativeSockets, loadNativeSockets } from '../fast/native-socket.ts';
import type { DnsSettings, Transport } from '../pipeline.ts';
import type { RateLimitStats } from '../rrl/rate-limiter.ts';
import type { RateLimitOptions } from '../rrl/rate-limits.ts';
import { Answerer, type DnsServerSettings } from './answerer.ts';
import {
  PublishedAnswers,
  type TableWithMemory,
  type ZoneFeed,
  createLocalTable,
} from './published-answers.ts';
import { logLimitNotice } from './rate-limiting.ts';
import { DEFAULT_DNS_LIMITS, type DnsLimits } from './limits.ts';
import { type DnsStats, createDnsStats } from './stats.ts';
import { SessionTable } from './session-table.ts';
import { TcpListener } from './tcp-listener.ts';
import { DgramSide, type UdpSide } from './udp-side.ts';

/** An address of this machine and a port; port 0 lets the system choose one. */
export interface ListenAddress {
  readonly address: string;
  readonly port: number;
}

/** Where a started server listens. */
export interface BoundAddress extends ListenAddress {
  readonly transport: Transport;
}

/** What a server needs. */
export interface DnsServerOptions {
  readonly listen: readonly ListenAddress[];
  readonly zones: ZoneSet;
  readonly limits?: Partial<DnsLimits>;
  readonly settings?: DnsServerSettings;
  /** The machine's where none is given. */
  readonly clock?: Clock;
  readonly log: DnsLog;
  /** What a table of finished answers needs; without it, every answer is made by the general lane, on node:dgram. */
  readonly workers?: WorkerOptions;
}

/** The answer table and who reads it. */
export interface WorkerOptions {
  readonly feed: ZoneFeed;
  /** How many threads serve UDP by batched sockets; with 0, or where the machine has none, node:dgram does. */
  readonly count: number;
}

/** A DNS server. */
export interface DnsServer {
  /** Empty before `start`. */
  readonly addresses: readonly BoundAddress[];
  readonly stats: Readonly<DnsStats>;
  /** How UDP is served, in words for the operator: by what, and why not by workers where it is not. */
  readonly lane: string;
  readonly rateLimitStats: RateLimitStats;
  /** Takes other rate limits into force. Throws RangeError on a limit that is out of its range. */
  reconfigure(settings: { readonly rateLimits: RateLimitOptions }): void;
  /** Binds all addresses; rejects with DnsListenError and binds none where one cannot be. */
  start(): Promise<void>;
  /** Stops answering and closes every connection. */
  stop(): Promise<void>;
}

/** An address that could not be bound; `code` is the system's (such as EADDRINUSE, EACCES, EADDRNOTAVAIL). */
export class DnsListenError extends Error {
  override readonly name = 'DnsListenError';
  readonly code: string;
  readonly address: string;
  readonly port: number;

  constructor({ address, port }: ListenAddress, cause: NodeJS.ErrnoException) {
    super(`Cannot listen for DNS on ${address} port ${port}: ${cause.code ?? cause.message}`, { cause });
    this.code = cause.code ?? 'UNKNOWN';
    this.address = address;
    this.port = port;
  }
}

/** How often a port that the system chose for UDP may turn out to be taken for TCP. */
const PORT_TRIES = 32;

/** A server for these zones; it listens once it is started. Throws RangeError on settings that break their contract. */
export function createDnsServer(options: DnsServerOptions): DnsServer {
  return new DualTransportServer(options);
}

class DualTransportServer implements DnsServer {
  readonly lane: string;
  readonly #stats = createDnsStats();
  readonly #limits: DnsLimits;
  readonly #listen: readonly ListenAddress[];
  readonly #answerer: Answerer;
  readonly #table: SessionTable;
  readonly #udp: UdpSide;
  readonly #published: PublishedAnswers | undefined;
  #tcp: TcpListener[] = [];
  #addresses: BoundAddress[] = [];

  constructor({ listen, zones, settings = {}, clock = systemClock, log, workers, limits }: DnsServerOptions) {
    checkSettings(settings);
    this.#listen = listen;
    this.#limits = { ...DEFAULT_DNS_LIMITS, ...limits };
    this.#table = new SessionTable(this.#limits, this.#stats);
    this.#answerer = new Answerer({
      ...{ zones, settings, clock, log, stats: this.#stats },
      onCookieSecret: (secret) => {
        this.#udp.rotateCookies(secret);
      },
    });
    const count = workers?.count ?? 0;
    const native = count === 0 ? 'no workers are configured' : loadNativeSockets();
    if (typeof native === 'string') {
      this.lane = `node:dgram on the main thread: ${native}`;
      this.#udp = new DgramSide(this.#answer('udp'));
      this.#published = workers && this.#publish(createLocalTable(), workers.feed);
    } else {
      this.lane = `batched sockets (threads: ${count})`;
      const side = this.#createWorkers(native, count, {
        rateLimits: settings.rateLimits ?? { rate: 0 },
        log,
      });
      this.#udp = side;
      this.#published = workers && this.#publish(side, workers.feed);
    }
  }

  get addresses(): readonly BoundAddress[] {
    return this.#addresses;
  }

  get stats(): DnsStats {
    return { ...this.#stats, ...this.#udp.counters };
  }

  get rateLimitStats(): RateLimitStats {
    return this.#answerer.rateLimiting.stats;
  }

  reconfigure({ rateLimits }: { readonly rateLimits: RateLimitOptions }): void {
    this.#answerer.rateLimiting.reconfigure(rateLimits);
    this.#udp.limit(rateLimits);
  }

  async start(): Promise<void> {
    this.#answerer.start();
    try {
      for (const wanted of this.#listen) await this.#bind(wanted);
      await this.#published?.start();
      await this.#udp.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#answerer.stop();
    this.#published?.stop();
    const listeners = this.#tcp;
    this.#tcp = [];
    this.#addresses = [];
    const closed = listeners.map((listener) => close(listener));
    this.#table.clear();
    await Promise.all([this.#udp.stop(), ...closed]);
  }

  async #bind(wanted: ListenAddress): Promise<void> {
    const { address } = wanted;
    for (let left = wanted.port === 0 ? PORT_TRIES : 1; ; left--) {
      const tcp = new TcpListener(
        { answer: this.#answer('tcp'), limits: this.#limits, stats: this.#stats },
        this.#table,
      );
      let port = wanted.port;
      let hasUdp = false;
      try {
        port = await this.#udp.bind(address, port);
        hasUdp = true;
        await tcp.bindTo(address, port);
      } catch (cause) {
        if (hasUdp) await this.#udp.unbind();
        const error = cause as NodeJS.ErrnoException;
        if (error.code === 'EADDRINUSE' && left > 1) continue;
        throw new DnsListenError({ address, port }, error);
      }
      this.#tcp.push(tcp);
      this.#addresses.push({ address, port, transport: 'udp' }, { address, port, transport: 'tcp' });
      return;
    }
  }

  #createWorkers(
    native: NativeSockets,
    workers: number,
    { rateLimits, log }: { rateLimits: RateLimitOptions; log: DnsLog },
  ): BatchedSide {
    return new BatchedSide({
      native,
      workers,
      limits: rateLimits,
      cookieSecrets: this.#answerer.cookieSecrets,
      answer: (query, source) => this.#answerer.answerGenerally(query, source, 'udp'),
      onNotice: (notice) => {
        logLimitNotice(log, notice, rateLimits);
      },
      onWorkerLost: (worker, error) => {
        log.error({ worker, err: error }, 'A DNS worker ended and is started again');
      },
    });
  }

  /** Publishes the zones in a table, from which the main thread answers plain queries too. */
  #publish(memory: TableWithMemory, feed: ZoneFeed): PublishedAnswers {
    // Over TCP nothing is limited or cut short.
    const general = (query: Uint8Array): Uint8Array | undefined =>
      this.#answerer.answerGenerally(query, undefined, 'tcp');
    const published = new PublishedAnswers(memory, feed, { general, cookies: this.#answerer.cookies });
    this.#answerer.use(published);
    return published;
  }

  #answer(
    transport: Transport,
  ): (query: Uint8Array, source: ByteRange | undefined) => Uint8Array | undefined {
    return (query, source) => this.#answerer.answer(query, source, transport);
  }
}

function checkSettings({ identity, version }: DnsSettings): void {
  for (const text of [identity, version]) {
    if (text !== undefined && !/^[\x20-\x7e]{1,64}$/.test(text))
      throw new RangeError('identity and version are 1 to 64 printable ASCII characters');
  }
}

function close(listener: TcpListener): Promise<void> {
  return new Promise((resolve) => {
    listener.close(() => {
      resolve();
    });
  });
}
