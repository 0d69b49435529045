/**
 * The fast lane as the main thread sees it: sockets, workers, the answer table, and the packets that workers hand over.
 *
 * Invariants: sockets outlive workers, so a worker that dies is started again on the same ports; a packet that was
 * handed over is answered from the socket and the address it came to; what waits for the main thread is bounded.
 */
import { extname } from 'node:path';
import { randomInt } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { IpAddress } from '../../net/ip-address.ts';
import { AnswerTable } from './answer-table.ts';
import { COUNTERS, ENVELOPE_BYTES, HEAD_BYTES, type HandedOver, type WorkerStart } from './lane-protocol.ts';
import { BATCH, CONTROL_BYTES, MessageBatch, NAME_BYTES, type NativeSockets, SLOT } from './native-socket.ts';
import { closeSocket, openSocket } from './udp-socket.ts';

/** What the lane is made of. */
export interface FastLaneOptions {
  readonly native: NativeSockets;
  readonly listen: readonly { readonly address: IpAddress; readonly port: number }[];
  readonly workers: number;
  /** Answers what the workers cannot; must not throw. */
  readonly answer: (packet: Uint8Array) => Uint8Array | undefined;
  /** Told when a worker ended that should not have, and that it was started again. */
  readonly onWorkerLost: (worker: number, error: unknown) => void;
}

/** What the workers have done so far, all together. */
export type LaneCounters = Record<(typeof COUNTERS)[number] | 'workersLost', number>;

const RESTART_DELAY_MS = 100;

/** The fast lane. */
export class FastLane {
  readonly table: AnswerTable;
  readonly #options: FastLaneOptions;
  readonly #chunks: SharedArrayBuffer[] = [];
  readonly #workers: (Worker | undefined)[] = [];
  /** Each worker's sockets, one for each listen address. */
  readonly #sockets: number[][] = [];
  readonly #replies: MessageBatch;
  readonly #shared: Pick<WorkerStart, 'batches' | 'pending' | 'stopping' | 'counters'>;
  #workersLost = 0;
  #stopping = false;

  constructor(options: FastLaneOptions) {
    this.#options = options;
    this.#replies = new MessageBatch(options.native);
    const words = (count: number): Int32Array => new Int32Array(new SharedArrayBuffer(count * 4));
    this.#shared = {
      batches: words(options.workers),
      pending: words(options.workers),
      stopping: words(1),
      counters: new Float64Array(new SharedArrayBuffer(options.workers * COUNTERS.length * 8)),
    };
    this.table = new AnswerTable(randomInt(2 ** 32) | 0, this.#shared.batches, (chunk) => {
      this.#chunks.push(chunk);
      for (const worker of this.#workers) worker?.postMessage(chunk);
    });
  }

  /** Opens the sockets; throws SocketError, and then none is left open. */
  bind(): void {
    try {
      for (let worker = 0; worker < this.#options.workers; worker++) {
        const sockets: number[] = [];
        this.#sockets.push(sockets);
        for (const { address, port } of this.#options.listen)
          sockets.push(openSocket(this.#options.native, address, port));
      }
    } catch (error) {
      this.#closeSockets();
      throw error;
    }
  }

  /** Starts the workers; resolves when all of them run. */
  async start(): Promise<void> {
    await Promise.all(this.#sockets.map((_, worker) => this.#startWorker(worker)));
  }

  get counters(): LaneCounters {
    const sums = Object.fromEntries(
      COUNTERS.map((name, i) => [
        name,
        this.#sockets.reduce(
          (sum, _, worker) => sum + this.#shared.counters[worker * COUNTERS.length + i]!,
          0,
        ),
      ]),
    ) as Record<(typeof COUNTERS)[number], number>;
    return { ...sums, workersLost: this.#workersLost };
  }

  /** Ends the workers and closes the sockets. */
  async stop(): Promise<void> {
    this.#stopping = true;
    Atomics.store(this.#shared.stopping, 0, 1);
    await Promise.all(
      this.#workers.map((worker) => (worker === undefined ? Promise.resolve() : ended(worker))),
    );
    this.#closeSockets();
  }

  async #startWorker(id: number): Promise<void> {
    const start: WorkerStart = {
      id,
      sockets: this.#sockets[id]!,
      seed: this.table.seed,
      chunks: this.#chunks,
      ...this.#shared,
    };
    const file = new URL(`./fast-worker${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(file, { workerData: start, name: `dns-${id}` });
    this.#workers[id] = worker;
    worker.on('message', (message: HandedOver) => {
      this.#answerHandedOver(id, message);
    });
    let failure: unknown;
    worker.on('error', (error: unknown) => {
      failure = error;
    });
    worker.once('exit', () => {
      this.#workerEnded(id, failure);
    });
    await new Promise<void>((resolve) => worker.once('online', resolve));
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
      if (!this.#stopping) void this.#startWorker(id);
    }, RESTART_DELAY_MS);
  }

  #answerHandedOver(id: number, { count, bytes }: HandedOver): void {
    const replies = this.#replies;
    let socket = -1;
    let queued = 0;
    const flush = (): void => {
      if (queued > 0) replies.flush(socket);
      queued = 0;
    };
    let at = 0;
    for (let i = 0; i < count; i++) {
      const length = (bytes[at + 4]! << 8) | bytes[at + 5]!;
      const packet = bytes.subarray(at + ENVELOPE_BYTES, at + ENVELOPE_BYTES + length);
      const reply = this.#options.answer(packet);
      const from = this.#sockets[id]![bytes[at]!]!;
      if (from !== socket || queued === BATCH) flush();
      socket = from;
      if (reply !== undefined && reply.length <= SLOT) {
        const name = at + HEAD_BYTES;
        replies.names.set(bytes.subarray(name, name + NAME_BYTES), queued * NAME_BYTES);
        replies.controls.set(bytes.subarray(name + NAME_BYTES, at + ENVELOPE_BYTES), queued * CONTROL_BYTES);
        replies.packets.set(reply, queued * SLOT);
        replies.queue(queued, reply.length, bytes[at + 1]!, bytes[at + 2]!);
        queued++;
      }
      at += ENVELOPE_BYTES + length;
    }
    flush();
    Atomics.sub(this.#shared.pending, id, count);
  }

  #closeSockets(): void {
    for (const sockets of this.#sockets)
      for (const socket of sockets) closeSocket(this.#options.native, socket);
    this.#sockets.length = 0;
  }
}

function ended(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once('exit', () => {
      resolve();
    });
  });
}
