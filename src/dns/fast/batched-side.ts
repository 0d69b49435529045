/**
 * The UDP side on workers with batched sockets: the fast lane, as the DNS server sees it.
 * Invariant: a query is counted once, by the worker that took it.
 */
import { parseIpAddress } from '../../net/ip-address.ts';
import type { RateLimitOptions } from '../rrl/rate-limits.ts';
import type { UdpCounters } from '../server/stats.ts';
import type { UdpSide } from '../server/udp-side.ts';
import { FastLane, type FastLaneOptions } from './fast-lane.ts';
import type { AnswerTable } from './table/answer-table.ts';

/** What the side is made of: what the lane is; its `answer` is the general lane. */
export type BatchedSideOptions = Omit<FastLaneOptions, 'workerFile'>;

/** The UDP side on workers. */
export class BatchedSide implements UdpSide {
  readonly #lane: FastLane;
  #general = 0;
  #unanswered = 0;

  constructor({ answer, ...lane }: BatchedSideOptions) {
    this.#lane = new FastLane({
      ...lane,
      answer: (query, source) => {
        const reply = answer(query, source);
        if (reply === undefined) this.#unanswered++;
        else this.#general++;
        return reply;
      },
    });
  }

  /** The table that the workers read; whoever writes it does so on this thread. */
  get table(): AnswerTable {
    return this.#lane.table;
  }

  /** The memory of that table, by the numbers of its chunks; it grows with the table. */
  get chunks(): readonly SharedArrayBuffer[] {
    return this.#lane.chunks;
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

  /** Lets the workers answer from what is published by then. */
  start(): Promise<void> {
    return this.#lane.start();
  }

  /** Takes up other limits of the answer rate. */
  limit(limits: RateLimitOptions): void {
    this.#lane.limit(limits);
  }

  /** Makes cookies under a new secret. */
  rotateCookies(secret: Uint8Array): void {
    this.#lane.rotateCookies(secret);
  }

  stop(): Promise<void> {
    return this.#lane.stop();
  }
}
