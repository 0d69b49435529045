/**
 * The UDP side of the DNS server: what the server needs of it, and the side that works everywhere, on node:dgram.
 * Invariant: an address is answered only between `start` and `stop`, and given back by `stop` or `unbind`.
 */
import { isIPv6 } from 'node:net';
import type { RateLimitOptions } from '../rrl/rate-limits.ts';
import type { UdpCounters } from './stats.ts';
import { UdpListener, type UdpListenerOptions } from './udp-listener.ts';

/** How UDP is served. */
export interface UdpSide {
  readonly counters: UdpCounters;
  /** Binds an address and resolves with its port; rejects with an error that has the system's code. */
  bind(address: string, port: number): Promise<number>;
  /** Gives back the address that was bound last. */
  unbind(): Promise<void>;
  start(): Promise<void>;
  /** Takes other rate limits into force for the answers that this side makes by itself. */
  limit(limits: RateLimitOptions): void;
  /** Takes a new secret for the cookies of these answers. */
  rotateCookies(secret: Uint8Array): void;
  stop(): Promise<void>;
}

/** The side on node:dgram: one socket for each address, read by the main thread. */
export class DgramSide implements UdpSide {
  readonly counters: UdpCounters = { udpQueries: 0, udpAnswers: 0, udpDropped: 0, udpSendErrors: 0 };
  readonly #answer: UdpListenerOptions['answer'];
  #listeners: UdpListener[] = [];

  constructor(answer: UdpListenerOptions['answer']) {
    this.#answer = answer;
  }

  async bind(address: string, port: number): Promise<number> {
    const listener = new UdpListener({
      family: isIPv6(address) ? 6 : 4,
      answer: this.#answer,
      stats: this.counters,
    });
    this.#listeners.push(listener);
    try {
      return await listener.bindTo(address, port);
    } catch (error) {
      await this.unbind();
      throw error;
    }
  }

  async unbind(): Promise<void> {
    const listener = this.#listeners.pop();
    if (listener !== undefined) await closed(listener);
  }

  /** A bound listener answers at once. */
  async start(): Promise<void> {
    await Promise.resolve();
  }

  limit(): void {
    // Nothing to take up: what makes this side's answers on the main thread limits them too.
  }

  rotateCookies(): void {
    // Nor here: all of this side's cookies are the answerer's.
  }

  async stop(): Promise<void> {
    const listeners = this.#listeners;
    this.#listeners = [];
    await Promise.all(listeners.map(closed));
  }
}

function closed(listener: UdpListener): Promise<void> {
  return new Promise((resolve) => {
    listener.close(() => {
      resolve();
    });
  });
}
