/**
 * The UDP side on workers with batched sockets: the fast lane, with the zones published to it.
 * Invariant: what a commit changed is published before the commit is acknowledged, so that the query after a device
 * read its reply already gets the new address, from whichever worker.
 */
import { parseIpAddress } from '../../net/ip-address.ts';
import { beginInTurns } from '../../ops/steps.ts';
import type { Change } from '../../store/change.ts';
import type { LimitNotice } from '../rrl/limit-notices.ts';
import type { RateLimitOptions } from '../rrl/rate-limits.ts';
import type { UdpCounters } from '../server/stats.ts';
import type { UdpSide } from '../server/udp-side.ts';
import { FastLane } from './fast-lane.ts';
import type { NativeSockets } from './native-socket.ts';
import { type PublishedZones, Publisher } from './publisher.ts';

/** The zones, and the way to hear of each commit once it is visible in them and before it is acknowledged, which waits for the listener's promise. */
export interface ZoneFeed {
  readonly view: PublishedZones;
  onCommit(listener: (changes: readonly Change[]) => undefined | Promise<undefined>): () => void;
}

/** What the side is made of. */
export interface BatchedSideOptions {
  readonly native: NativeSockets;
  readonly feed: ZoneFeed;
  readonly workers: number;
  readonly limits: RateLimitOptions;
  /** The general lane; must not throw. */
  readonly answer: (query: Uint8Array, source: string) => Uint8Array | undefined;
  /** The general lane without limits, for what is published of its answers. */
  readonly answerUnlimited: (query: Uint8Array) => Uint8Array | undefined;
  readonly onNotice: (notice: LimitNotice) => void;
  readonly onWorkerLost: (worker: number, error: unknown) => void;
}

/** The UDP side on workers. */
export class BatchedSide implements UdpSide {
  readonly #lane: FastLane;
  readonly #publisher: Publisher;
  readonly #feed: ZoneFeed;
  #general = 0;
  #unanswered = 0;
  #unsubscribe: (() => void) | undefined;

  constructor({ feed, answer, answerUnlimited, ...lane }: BatchedSideOptions) {
    this.#feed = feed;
    this.#lane = new FastLane({
      ...lane,
      answer: (query, source) => {
        const reply = answer(query, source);
        if (reply === undefined) this.#unanswered++;
        else this.#general++;
        return reply;
      },
    });
    this.#publisher = new Publisher(this.#lane.table, feed.view, answerUnlimited);
  }

  get counters(): UdpCounters {
    const { answered, handedOver, dropped, limited, unsent } = this.#lane.counters;
    return {
      udpQueries: answered + unsent + handedOver + dropped + limited,
      udpAnswers: answered + this.#general,
      udpDropped: dropped + limited + this.#unanswered,
      udpSendErrors: unsent,
    };
  }

  bind(address: string, port: number): Promise<number> {
    // In a promise, so that an address that can't be bound rejects like any other side's.
    return Promise.resolve().then(() => {
      const parsed = parseIpAddress(address);
      if (parsed === undefined) throw new RangeError(`"${address}" is not an IP address`);
      return this.#lane.bind(parsed, port);
    });
  }

  unbind(): Promise<void> {
    this.#lane.unbind();
    return Promise.resolve();
  }

  /** Publishes all zones, then lets the workers answer. */
  async start(): Promise<void> {
    // What takes long goes on in turns, and the commit waits for it before it is acknowledged.
    this.#unsubscribe = this.#feed.onCommit((changes) => beginInTurns(this.#publisher.publish(changes)));
    await this.#publisher.publishAll(() => new Promise((resolve) => setImmediate(resolve)));
    await this.#lane.start();
  }

  /** Takes up other limits of the answer rate. */
  limit(limits: RateLimitOptions): void {
    this.#lane.limit(limits);
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    await this.#lane.stop();
  }
}
