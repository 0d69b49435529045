/**
 * The DNS server as a whole: a UDP and a TCP listener on the same port of each address, one set of limits and
 * counters for all of them.
 * Invariant: `start` either binds everything or nothing; after `stop` nothing of it keeps the process alive.
 */
import { isIPv6 } from 'node:net';
import { type Clock, systemClock } from '../../ops/clock.ts';
import type { ZoneSet } from '../../zone/zone.ts';
import type { DnsLog } from '../answer.ts';
import type { DnsSettings, Transport } from '../pipeline.ts';
import type { RateLimitStats } from '../rrl/rate-limiter.ts';
import type { RateLimitOptions } from '../rrl/rate-limits.ts';
import { Answerer, type DnsServerSettings } from './answerer.ts';
import { DEFAULT_DNS_LIMITS, type DnsLimits } from './limits.ts';
import { type DnsStats, createDnsStats } from './stats.ts';
import { SessionTable } from './session-table.ts';
import { TcpListener } from './tcp-listener.ts';
import { UdpListener } from './udp-listener.ts';

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
}

/** A DNS server. */
export interface DnsServer {
  /** Empty before `start`. */
  readonly addresses: readonly BoundAddress[];
  readonly stats: Readonly<DnsStats>;
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
  readonly stats = createDnsStats();
  readonly #options: DnsServerOptions;
  readonly #limits: DnsLimits;
  readonly #answerer: Answerer;
  readonly #table: SessionTable;
  #listeners: (UdpListener | TcpListener)[] = [];
  #addresses: BoundAddress[] = [];

  constructor(options: DnsServerOptions) {
    checkSettings(options.settings ?? {});
    this.#options = options;
    this.#limits = { ...DEFAULT_DNS_LIMITS, ...options.limits };
    this.#table = new SessionTable(this.#limits, this.stats);
    const { zones, settings = {}, clock = systemClock, log } = options;
    this.#answerer = new Answerer({ zones, settings, clock, log, stats: this.stats });
  }

  get addresses(): readonly BoundAddress[] {
    return this.#addresses;
  }

  get rateLimitStats(): RateLimitStats {
    return this.#answerer.rateLimiting.stats;
  }

  reconfigure({ rateLimits }: { readonly rateLimits: RateLimitOptions }): void {
    this.#answerer.rateLimiting.reconfigure(rateLimits);
  }

  async start(): Promise<void> {
    this.#answerer.start();
    try {
      for (const wanted of this.#options.listen) await this.#listen(wanted);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#answerer.stop();
    const listeners = this.#listeners;
    this.#listeners = [];
    this.#addresses = [];
    const closed = listeners.map((listener) => close(listener));
    this.#table.clear();
    await Promise.all(closed);
  }

  async #listen(wanted: ListenAddress): Promise<void> {
    for (let left = wanted.port === 0 ? PORT_TRIES : 1; ; left--) {
      const udp = this.#createUdp(wanted.address);
      const tcp = new TcpListener(
        { answer: this.#answer('tcp'), limits: this.#limits, stats: this.stats },
        this.#table,
      );
      let port = wanted.port;
      try {
        port = await udp.bindTo(wanted.address, port);
        await tcp.bindTo(wanted.address, port);
      } catch (cause) {
        await close(udp);
        const error = cause as NodeJS.ErrnoException;
        if (error.code === 'EADDRINUSE' && left > 1) continue;
        throw new DnsListenError({ address: wanted.address, port }, error);
      }
      this.#listeners.push(udp, tcp);
      const address = wanted.address;
      this.#addresses.push({ address, port, transport: 'udp' }, { address, port, transport: 'tcp' });
      return;
    }
  }

  #createUdp(address: string): UdpListener {
    return new UdpListener({
      family: isIPv6(address) ? 6 : 4,
      answer: this.#answer('udp'),
      stats: this.stats,
    });
  }

  #answer(transport: Transport): (query: Uint8Array, source: string) => Uint8Array | undefined {
    return (query, source) => this.#answerer.answer(query, source, transport);
  }
}

function checkSettings({ identity, version }: DnsSettings): void {
  for (const text of [identity, version]) {
    if (text !== undefined && !/^[\x20-\x7e]{1,64}$/.test(text))
      throw new RangeError('identity and version are 1 to 64 printable ASCII characters');
  }
}

function close(listener: UdpListener | TcpListener): Promise<void> {
  return new Promise((resolve) => {
    listener.close(() => {
      resolve();
    });
  });
}
