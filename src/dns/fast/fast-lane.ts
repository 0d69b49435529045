/**
 * The fast lane as the main thread sees it: sockets, workers, the answer table, and the packets that workers hand over.
 *
 * Invariants: sockets outlive workers, so a worker that dies is started again on the same ports; a packet that was
 * handed over is answered from the socket and the address it came to; what waits for the main thread is bounded.
 */
import { randomInt } from 'node:crypto';
import { extname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { IpAddress } from '../../net/ip-address.ts';
import { preferThread } from '../../ops/system/thread-priority.ts';
import type { ByteRange } from '../cookies/server-cookies.ts';
import type { LimitNotice } from '../rrl/limit-notices.ts';
import type { RateLimitOptions } from '../rrl/rate-limits.ts';
import { AnswerTable } from './table/answer-table.ts';
import {
  COUNTERS,
  ENVELOPE_BYTES,
  type FromWorker,
  HEAD_BYTES,
  type HandedOver,
  type ToWorker,
  type WorkerStart,
} from './lane-protocol.ts';
import { BATCH, CONTROL_BYTES, MessageBatch, NAME_BYTES, SLOT } from './message-batch.ts';
import type { NativeSockets } from './native-socket.ts';
import { ReplyQueue } from './reply-queue.ts';
import { boundPort, closeSocket, openSocket, sourceLength, sourceOffset } from './udp-socket.ts';

/** What the lane is made of. */
export interface FastLaneOptions {
  readonly native: NativeSockets;
  readonly workers: number;
  readonly limits: RateLimitOptions;
  /** The secrets of cookies, the first of which makes them; absent where cookies are switched off. */
  readonly cookieSecrets?: readonly Uint8Array[] | undefined;
  /** Answers what the workers cannot, for the address `source`, which it reads before it returns; must not throw. */
  readonly answer: (packet: Uint8Array, source: ByteRange) => Uint8Array | undefined;
  readonly onNotice: (notice: LimitNotice) => void;
  /** The module each worker runs; the one beside this file where absent. */
  readonly workerFile?: URL;
  /** Told when a worker ended that should not have; it is started again. */
  readonly onWorkerLost: (worker: number, error: unknown) => void;
}

/** What the workers have done so far, all together, and how many of them were lost. */
export type LaneCounters = Record<(typeof COUNTERS)[number] | 'workersLost', number>;

const RESTART_DELAY_MS = 100;

/** The fast lane. */
export class FastLane {
  readonly table: AnswerTable;
  readonly #options: FastLaneOptions;
  /** The table's memory, by the numbers of its chunks. */
  readonly chunks: SharedArrayBuffer[] = [];
  readonly #workers: (Worker | undefined)[] = [];
  /** For each worker, its socket on each address. */
  readonly #sockets: readonly number[][];
  readonly #memory: MessageBatch;
  readonly #replies: ReplyQueue;
  readonly #shared: Pick<WorkerStart, 'batches' | 'pending' | 'posted' | 'counters'>;
  #limits: RateLimitOptions;
  #cookieSecrets: readonly Uint8Array[] | undefined;
  #workersLost = 0;
  #stopping = false;

  constructor(options: FastLaneOptions) {
    const { workers } = options;
    this.#options = options;
    this.#limits = options.limits;
    this.#cookieSecrets = options.cookieSecrets;
    this.#memory = new MessageBatch(options.native);
    this.#replies = new ReplyQueue(options.native, this.#memory);
    this.#sockets = Array.from({ length: workers }, () => []);
    this.#shared = {
      batches: new Int32Array(new SharedArrayBuffer(workers * 4)),
      pending: new Int32Array(new SharedArrayBuffer(workers * 4)),
      posted: new Int32Array(new SharedArrayBuffer(4)),
      counters: new Float64Array(new SharedArrayBuffer(workers * COUNTERS.length * 8)),
    };
    this.table = new AnswerTable(randomInt(2 ** 32) | 0, this.#shared.batches, (memory) => {
      this.chunks.push(memory);
      this.#post({ kind: 'chunk', memory });
    });
  }

  get counters(): LaneCounters {
    const sum = (counter: number): number =>
      this.#sockets.reduce(
        (total, _, id) => total + this.#shared.counters[id * COUNTERS.length + counter]!,
        0,
      );
    const counters = Object.fromEntries(COUNTERS.map((name, i) => [name, sum(i)]));
    return { ...counters, workersLost: this.#workersLost } as LaneCounters;
  }

  /** Binds an address for all workers, before `start`; returns the port. Throws SocketError, and then binds nothing. */
  bind(address: IpAddress, port: number): number {
    const { native } = this.#options;
    const opened: number[] = [];
    let bound = port;
    try {
      while (opened.length < this.#sockets.length) {
        const socket = openSocket(native, address, bound);
        opened.push(socket);
        if (bound === 0) bound = boundPort(native, socket);
      }
    } catch (error) {
      for (const socket of opened) closeSocket(native, socket);
      throw error;
    }
    for (const [id, socket] of opened.entries()) this.#sockets[id]!.push(socket);
    return bound;
  }

  /** Gives back the address that was bound last. */
  unbind(): void {
    for (const sockets of this.#sockets) closeSocket(this.#options.native, sockets.pop()!);
  }

  /** Starts the workers; resolves when all of them run. */
  async start(): Promise<void> {
    await Promise.all(this.#sockets.map((_, id) => this.#startWorker(id)));
  }

  /** Takes up other limits, with full buckets; the same limits change nothing. */
  limit(limits: RateLimitOptions): void {
    if (isDeepStrictEqual(limits, this.#limits)) return;
    this.#limits = limits;
    this.#post({ kind: 'limits', limits });
  }

  /** Makes cookies under a new secret; those of the one before are still taken. */
  rotateCookies(secret: Uint8Array): void {
    this.#cookieSecrets = [secret, ...(this.#cookieSecrets?.slice(0, 1) ?? [])];
    this.#post({ kind: 'cookie-secret', secret });
  }

  /** Ends the workers and closes the sockets. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const running = this.#workers.filter((worker) => worker !== undefined);
    const ends = running.map(ended);
    this.#post({ kind: 'stop' });
    await Promise.all(ends);
    for (const sockets of this.#sockets) {
      for (const socket of sockets) closeSocket(this.#options.native, socket);
      sockets.length = 0;
    }
  }

  #post(message: ToWorker): void {
    for (const worker of this.#workers) worker?.postMessage(message);
    Atomics.add(this.#shared.posted, 0, 1);
  }

  async #startWorker(id: number): Promise<void> {
    const start: WorkerStart = {
      id,
      sockets: this.#sockets[id]!,
      seed: this.table.seed,
      chunks: this.chunks,
      limits: this.#limits,
      ...(this.#cookieSecrets && { cookieSecrets: this.#cookieSecrets }),
      ...this.#shared,
    };
    const file =
      this.#options.workerFile ?? new URL(`./fast-worker${extname(import.meta.url)}`, import.meta.url);
    const name = `dns-${id}`;
    const worker = new Worker(file, { workerData: start, name });
    this.#workers[id] = worker;
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'notice') this.#options.onNotice(message.notice);
      else this.#answerHandedOver(id, message);
    });
    let failure: unknown;
    worker.on('error', (error: unknown) => {
      failure = error;
    });
    worker.once('exit', () => {
      this.#workerEnded(id, failure);
    });
    await new Promise<void>((resolve, reject) => {
      worker.once('online', () => {
        // An answer takes microseconds, what the main thread does at once may take milliseconds.
        preferThread(name);
        resolve();
      });
      worker.once('exit', () => {
        reject(new Error(`DNS worker ${id} ended before it began`, { cause: failure }));
      });
    });
  }

  #workerEnded(id: number, error: unknown): void {
    this.#workers[id] = undefined;
    // It holds no reference into the table any more, and what it had handed over was answered or is lost with it.
    if ((Atomics.load(this.#shared.batches, id) & 1) === 1) Atomics.add(this.#shared.batches, id, 1);
    Atomics.store(this.#shared.pending, id, 0);
    if (this.#stopping) return;
    this.#workersLost++;
    this.#options.onWorkerLost(id, error);
    setTimeout(() => {
      // One that ends before it began is seen by its end like any other.
      if (!this.#stopping) this.#startWorker(id).catch(() => undefined);
    }, RESTART_DELAY_MS);
  }

  #answerHandedOver(id: number, { count, bytes: { buffer } }: HandedOver): void {
    // As a Buffer, whose parts are Buffers too: reading a name out of them takes no further object.
    const bytes = Buffer.from(buffer);
    const memory = this.#memory;
    const replies = this.#replies;
    const source: ByteRange = { bytes, at: 0, length: 0 };
    let socket = -1;
    let queued = 0;
    let at = 0;
    for (let i = 0; i < count; i++) {
      const length = (bytes[at + 4]! << 8) | bytes[at + 5]!;
      const end = at + ENVELOPE_BYTES + length;
      source.at = at + HEAD_BYTES + sourceOffset(bytes, at + HEAD_BYTES);
      source.length = sourceLength(bytes, at + HEAD_BYTES);
      const reply = this.#options.answer(bytes.subarray(at + ENVELOPE_BYTES, end), source);
      const from = this.#sockets[id]![bytes[at]!];
      if (queued > 0 && (from !== socket || queued === BATCH)) {
        replies.flush(socket);
        queued = 0;
      }
      // Undefined once the lane has stopped.
      if (reply !== undefined && reply.length <= SLOT && from !== undefined) {
        socket = from;
        const name = at + HEAD_BYTES;
        const control = name + NAME_BYTES;
        memory.names.set(bytes.subarray(name, control), queued * NAME_BYTES);
        memory.controls.set(bytes.subarray(control, control + CONTROL_BYTES), queued * CONTROL_BYTES);
        memory.packets.set(reply, queued * SLOT);
        replies.queue(queued, reply.length, bytes[at + 1]!, bytes[at + 2]!);
        queued++;
      }
      at = end;
    }
    if (queued > 0) replies.flush(socket);
    Atomics.sub(this.#shared.pending, id, count);
  }
}

function ended(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once('exit', () => {
      resolve();
    });
  });
}
