/**
 * The DNS server as a whole: a UDP and a TCP listener on the same port of each address, one set of limits and
 * counters for all of them.
 * Invariant: `start` either binds everything or nothing; after `stop` nothing of it keeps the process alive.
 */
import { type Clock, systemClock } from '../../ops/clock.ts';
import type { ZoneSet } from '../../zone/zone.ts';
import { type DnsLog, answerQuery } from '../answer.ts';
import { BatchedSide, type ZoneFeed } from '../fast/batched-side.ts';
import { type NativeSockets, loadNativeSockets } from '../fast/native-socket.ts';
import type { DnsSettings, Transport } from '../pipeline.ts';
import { DEFAULT_DNS_LIMITS, type DnsLimits } from './limits.ts';
import { type DnsStats, createDnsStats } from './stats.ts';
import { SessionTable, TcpListener } from './tcp-listener.ts';
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
  readonly settings?: DnsSettings;
  /** The machine's where none is given. */
  readonly clock?: Clock;
  readonly log: DnsLog;
  /** What UDP workers need; without it, or where the machine has no batched sockets, UDP is served by node:dgram. */
  readonly workers?: WorkerOptions;
}

/** UDP workers with batched sockets. */
export interface WorkerOptions {
  readonly feed: ZoneFeed;
  /** How many threads; at least 1. */
  readonly count: number;
}

/** A DNS server. */
export interface DnsServer {
  /** Empty before `start`. */
  readonly addresses: readonly BoundAddress[];
  readonly stats: Readonly<DnsStats>;
  /** How UDP is served, in words for the operator: by what, and why not by workers where it is not. */
  readonly lane: string;
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
  readonly #options: DnsServerOptions;
  readonly #limits: DnsLimits;
  readonly #table = new SessionTable();
  readonly #udp: UdpSide;
  #tcp: TcpListener[] = [];
  #addresses: BoundAddress[] = [];

  constructor(options: DnsServerOptions) {
    checkSettings(options.settings ?? {});
    this.#options = options;
    this.#limits = { ...DEFAULT_DNS_LIMITS, ...options.limits };
    const { workers } = options;
    const native = workers === undefined ? 'no workers are configured' : loadNativeSockets();
    if (typeof native === 'string' || workers === undefined) {
      this.lane = `node:dgram on the main thread${typeof native === 'string' ? `: ${native}` : ''}`;
      this.#udp = new DgramSide(this.#answerer('udp'));
    } else {
      this.lane = `batched sockets (threads: ${workers.count})`;
      this.#udp = this.#createWorkers(native, workers);
    }
  }

  get addresses(): readonly BoundAddress[] {
    return this.#addresses;
  }

  get stats(): DnsStats {
    return { ...this.#stats, ...this.#udp.counters };
  }

  async start(): Promise<void> {
    try {
      for (const wanted of this.#options.listen) await this.#listen(wanted);
      await this.#udp.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const listeners = this.#tcp;
    this.#tcp = [];
    this.#addresses = [];
    const closed = listeners.map((listener) => close(listener));
    for (const session of this.#table.sessions) session.destroy();
    await Promise.all([this.#udp.stop(), ...closed]);
  }

  async #listen(wanted: ListenAddress): Promise<void> {
    const { address } = wanted;
    for (let left = wanted.port === 0 ? PORT_TRIES : 1; ; left--) {
      const tcp = new TcpListener(
        { answer: this.#answerer('tcp'), limits: this.#limits, stats: this.#stats },
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

  #createWorkers(native: NativeSockets, { feed, count }: WorkerOptions): UdpSide {
    const { log } = this.#options;
    const unlimited = this.#answerer('tcp');
    return new BatchedSide({
      native,
      feed,
      workers: count,
      limits: {},
      answer: this.#answerer('udp'),
      answerUnlimited: (query) => unlimited(query, '127.0.0.1'),
      onNotice: (notice) => {
        log.error(
          notice,
          `DNS answers to a network ${notice.kind === 'started' ? 'are' : 'are no longer'} limited`,
        );
      },
      onWorkerLost: (worker, error) => {
        log.error({ worker, err: error }, 'A DNS worker ended and is started again');
      },
    });
  }

  #answerer(transport: Transport): (query: Uint8Array, source: string) => Uint8Array | undefined {
    const { zones, settings = {}, clock = systemClock } = this.#options;
    const log: DnsLog = {
      error: (fields, message) => {
        this.#stats.bugs++;
        this.#options.log.error(fields, message);
      },
    };
    return (query, source) => answerQuery(query, { zones, transport, source, settings, clock, log });
  }
}

function checkSettings({ cookieSecrets = [], identity, version }: DnsSettings): void {
  if (cookieSecrets.some((secret) => secret.length !== 16))
    throw new RangeError('a cookie secret has 16 octets');
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
