/**
 * One DNS worker: receives a batch, answers in place what the table can answer, limits, sends, and hands the rest to
 * the main thread without waiting for it. Runs until it is told to end; its event loop never turns.
 * Invariant: its word in `batches` is odd exactly while it may hold references into the table.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { CookieInPlace } from '../cookies/cookie-in-place.ts';
import { type ByteRange, ServerCookies } from '../cookies/server-cookies.ts';
import { ANSWER_CLASS } from '../rrl/answer-class.ts';
import type { LimitNotice } from '../rrl/limit-notices.ts';
import { RATE_VERDICT, type RateLimiter, createRateLimiter } from '../rrl/rate-limiter.ts';
import type { RateLimitOptions } from '../rrl/rate-limits.ts';
import { slipInPlace } from '../rrl/slip.ts';
import { DROP, FastAnswer } from './fast-answer.ts';
import {
  COUNTERS,
  ENVELOPE_BYTES,
  type FromWorker,
  HEAD_BYTES,
  PENDING_LIMIT,
  type ToWorker,
  type WorkerStart,
} from './lane-protocol.ts';
import { BATCH, CONTROL_BYTES, MessageBatch, NAME_BYTES, SLOT } from './message-batch.ts';
import { type NativeSockets, loadNativeSockets } from './native-socket.ts';
import { ReplyQueue } from './reply-queue.ts';
import { SocketSet, sourceLength, sourceOffset } from './udp-socket.ts';

const SWEEP_MS = 1000;

/**
 * A socket that gave so many messages and is empty now will have more in a moment: to wait for them is cheaper for both
 * sides than to be woken by each. Nothing is held back meanwhile, the replies are on their way.
 */
const BUSY_BATCH = 8;
/** Microseconds; with the timer's own slack a wait takes about 0.1 ms. */
const PAUSE_US = 50;

/** One worker's life. */
class FastWorker {
  readonly #start: WorkerStart;
  readonly #port: MessagePort;
  readonly #chunks: SharedArrayBuffer[];
  readonly #answers: FastAnswer;
  readonly #batch: MessageBatch;
  readonly #native: NativeSockets;
  readonly #replies: ReplyQueue;
  readonly #outgoing = new Uint8Array(BATCH * (SLOT + ENVELOPE_BYTES));
  readonly #counters: Float64Array;
  /** Undefined with one socket: that is waited on by receiving from it, which saves a system call for each batch. */
  readonly #set: SocketSet | undefined;
  readonly #cookies: ServerCookies | undefined;
  /** Whose packet is being answered. */
  readonly #client: ByteRange;
  #limiter: RateLimiter;
  #sweptAt = 0;
  #seen = 0;
  #stopping = false;

  constructor(start: WorkerStart, port: MessagePort, native: NativeSockets) {
    this.#start = start;
    this.#port = port;
    this.#chunks = [...start.chunks];
    this.#answers = new FastAnswer(start.seed, (chunk) => this.#chunk(chunk));
    this.#batch = new MessageBatch(native);
    this.#native = native;
    this.#replies = new ReplyQueue(native, this.#batch);
    this.#counters = start.counters.subarray(start.id * COUNTERS.length, (start.id + 1) * COUNTERS.length);
    this.#set = start.sockets.length === 1 ? undefined : new SocketSet(native, start.sockets);
    this.#limiter = this.#createLimiter(start.limits);
    this.#client = { bytes: this.#batch.names, at: 0, length: 0 };
    if (start.cookieSecrets !== undefined) {
      this.#cookies = new ServerCookies(start.cookieSecrets);
      this.#answers.cookies = new CookieInPlace(this.#cookies, this.#client);
    }
  }

  run(): void {
    const { sockets, posted } = this.#start;
    while (!this.#stopping) {
      this.#set?.wait();
      for (let i = 0; i < sockets.length; i++)
        if (this.#set === undefined || this.#set.isReady(i)) this.#work(i);
      if (Atomics.load(posted, 0) !== this.#seen) this.#readMessages();
    }
  }

  /** Takes one batch from a socket and deals with each of its packets. */
  #work(socket: number): void {
    const { sockets, batches, pending, id } = this.#start;
    const batch = this.#batch;
    const replies = this.#replies;
    const count = batch.receive(sockets[socket]!, this.#set === undefined);
    const now = Math.floor(performance.now());
    if (now - this.#sweptAt >= SWEEP_MS) {
      this.#limiter.sweep(now);
      this.#sweptAt = now;
    }
    if (count === 0) return;
    Atomics.add(batches, id, 1);
    this.#answers.nowSeconds = Math.floor(Date.now() / 1000);
    let answered = 0;
    let dropped = 0;
    let limited = 0;
    let handed = 0;
    let used = 0;
    for (let i = 0; i < count; i++) {
      const length = batch.lengthOf(i);
      this.#readSource(i);
      const made = this.#answers.answer(batch.packets, i * SLOT, length);
      if (made > 0) {
        const reply = this.#limit(i, made, now);
        if (reply > 0) {
          replies.queueReply(i, reply);
          answered++;
        } else limited++;
      } else if (made === DROP || Atomics.load(pending, id) + handed >= PENDING_LIMIT) dropped++;
      else {
        used = this.#enclose(socket, i, used);
        handed++;
      }
    }
    const unsent = replies.flush(sockets[socket]!);
    Atomics.add(batches, id, 1);
    if (handed > 0) this.#handOver(handed, used);
    if (count >= BUSY_BATCH && count < BATCH) this.#native.usleep(PAUSE_US);
    const counters = this.#counters;
    counters[0]! += answered - unsent;
    counters[1]! += handed;
    counters[2]! += dropped;
    counters[3]! += limited;
    counters[4]! += unsent;
    counters[5]! += 1;
  }

  /** The length of what is sent of a reply of `length` bytes in slot `i`: all of it, the slipped one, or 0 for nothing. */
  #limit(i: number, length: number, now: number): number {
    if (this.#answers.isProven) return length;
    const { packets } = this.#batch;
    const { bytes, at: source, length: sourceBytes } = this.#client;
    const at = i * SLOT;
    const answerClass = packets[at + 7] === 0 ? ANSWER_CLASS.NEGATIVE : ANSWER_CLASS.ANSWER;
    const verdict = this.#limiter.check(bytes, source, sourceBytes === 4 ? 4 : 16, answerClass, now);
    if (verdict === RATE_VERDICT.PASS) return length;
    if (verdict === RATE_VERDICT.DROP) return 0;
    return slipInPlace(packets, at, length, this.#answers.optLength);
  }

  /** Makes the sender of received message `i` the client. */
  #readSource(i: number): void {
    const { names } = this.#batch;
    const name = i * NAME_BYTES;
    this.#client.at = name + sourceOffset(names, name);
    this.#client.length = sourceLength(names, name);
  }

  #createLimiter(limits: RateLimitOptions): RateLimiter {
    const onNotice = (notice: LimitNotice): void => {
      this.#post({ kind: 'notice', notice });
    };
    return createRateLimiter({ ...limits, onNotice });
  }

  #readMessages(): void {
    this.#seen = Atomics.load(this.#start.posted, 0);
    for (
      let next = receiveMessageOnPort(this.#port);
      next !== undefined;
      next = receiveMessageOnPort(this.#port)
    ) {
      const message = next.message as ToWorker;
      if (message.kind === 'chunk') this.#chunks.push(message.memory);
      else if (message.kind === 'limits') this.#limiter = this.#createLimiter(message.limits);
      else if (message.kind === 'cookie-secret') this.#cookies?.rotate(message.secret);
      else this.#stopping = true;
    }
  }

  #chunk(number: number): SharedArrayBuffer {
    // The main thread has sent a chunk before anything in it could be found.
    if (this.#chunks[number] === undefined) this.#readMessages();
    const chunk = this.#chunks[number];
    if (chunk === undefined) throw new Error(`chunk ${number} of the answer table is missing`);
    return chunk;
  }

  /** Copies received message `i` with where it came from behind the first `at` bytes of what goes out. */
  #enclose(socket: number, i: number, at: number): number {
    const { packets, names, controls } = this.#batch;
    const outgoing = this.#outgoing;
    const length = this.#batch.lengthOf(i);
    outgoing[at] = socket;
    outgoing[at + 1] = this.#batch.nameLengthOf(i);
    outgoing[at + 2] = this.#batch.controlLengthOf(i);
    outgoing[at + 4] = length >>> 8;
    outgoing[at + 5] = length;
    outgoing.set(names.subarray(i * NAME_BYTES, (i + 1) * NAME_BYTES), at + HEAD_BYTES);
    outgoing.set(controls.subarray(i * CONTROL_BYTES, (i + 1) * CONTROL_BYTES), at + HEAD_BYTES + NAME_BYTES);
    outgoing.set(packets.subarray(i * SLOT, i * SLOT + length), at + ENVELOPE_BYTES);
    return at + ENVELOPE_BYTES + length;
  }

  #handOver(count: number, used: number): void {
    Atomics.add(this.#start.pending, this.#start.id, count);
    this.#post({ kind: 'handed-over', count, bytes: this.#outgoing.slice(0, used) });
  }

  #post(message: FromWorker): void {
    this.#port.postMessage(
      message,
      message.kind === 'handed-over' ? [message.bytes.buffer as ArrayBuffer] : [],
    );
  }
}

const native = loadNativeSockets();
if (typeof native === 'string') throw new Error(native);
new FastWorker(workerData as WorkerStart, parentPort!, native).run();
