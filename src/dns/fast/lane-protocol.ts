/**
 * What the DNS workers and the main thread share and say to each other.
 * Invariant: everything that both sides write at the same time is a word and is accessed by Atomics.
 */
import type { LimitNotice } from '../rrl/limit-notices.ts';
import type { RateLimitOptions } from '../rrl/rate-limits.ts';
import { CONTROL_BYTES, NAME_BYTES } from './message-batch.ts';

/** What a worker is started with. */
export interface WorkerStart {
  readonly id: number;
  /** Descriptors of bound UDP sockets, open in the main thread for the life of the lane. */
  readonly sockets: readonly number[];
  readonly seed: number;
  /** The answer table's chunks so far; later ones come as messages. */
  readonly chunks: readonly SharedArrayBuffer[];
  /** One word for each worker: odd while it works on a batch. */
  readonly batches: Int32Array;
  /** One word for each worker: how many of its packets the main thread has yet to answer. */
  readonly pending: Int32Array;
  /** One word: grows with every message to the workers, so that they look for messages only when there is one. */
  readonly posted: Int32Array;
  readonly limits: RateLimitOptions;
  /** The secrets of cookies, the first of which makes them; absent where cookies are switched off. */
  readonly cookieSecrets?: readonly Uint8Array[];
  /** COUNTERS.length numbers for each worker; each is written by its worker only. */
  readonly counters: Float64Array;
}

/** What the main thread tells a worker: memory that is about to be used, other limits, a new secret for cookies, or to end. */
export type ToWorker =
  | { readonly kind: 'chunk'; readonly memory: SharedArrayBuffer }
  | { readonly kind: 'limits'; readonly limits: RateLimitOptions }
  | { readonly kind: 'cookie-secret'; readonly secret: Uint8Array }
  | { readonly kind: 'stop' };

/** What a worker tells the main thread. */
export type FromWorker =
  ({ readonly kind: 'handed-over' } & HandedOver) | { readonly kind: 'notice'; readonly notice: LimitNotice };

/** What a worker counts, in this order. `limited` are answers that rate limiting dropped. */
export const COUNTERS = ['answered', 'handedOver', 'dropped', 'limited', 'unsent', 'batches'] as const;

/** How many of a worker's packets may wait for the main thread; more are dropped and counted. */
export const PENDING_LIMIT = 4096;

/**
 * Packets for the general lane, one after the other in one buffer. Each has a head of HEAD_BYTES (socket index,
 * length of the peer's address, length of the control data, one unused, length of the packet as two octets, two
 * unused), NAME_BYTES of address, CONTROL_BYTES of control data, and the packet.
 */
export interface HandedOver {
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** Bytes before the address of each packet in `HandedOver`. */
export const HEAD_BYTES = 8;

/** Bytes of a packet in `HandedOver` beside the packet itself. */
export const ENVELOPE_BYTES = HEAD_BYTES + NAME_BYTES + CONTROL_BYTES;
