/**
 * One DNS worker: receives a batch, answers in place what the table can answer, limits, sends, and hands the rest to
 * the main thread without waiting for it. Runs until it is told to end; its event loop never turns.
 * Invariant: its word in `batches` is odd exactly while it may hold references into the table.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { ANSWER_CLASS } from '../rrl/answer-class.ts';
import { RATE_VERDICT, createRateLimiter } from '../rrl/rate-limiter.ts';
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
import { BATCH, CONTROL_BYTES, MessageBatch, NAME_BYTES, SLOT, loadNativeSockets } from './native-socket.ts';
import { SocketSet, sourceLength, sourceOffset } from './udp-socket.ts';

const SWEEP_MS = 1000;
const OPT_BYTES = 11;

const start = workerData as WorkerStart;
const port = parentPort!;
const native = loadNativeSockets();
if (typeof native === 'string') throw new Error(native);

const { id } = start;
const chunks = [...start.chunks];
const answers = new FastAnswer(start.seed, (wanted) => {
  // The main thread has sent a chunk before anything in it could be found.
  if (chunks[wanted] === undefined) readMessages();
  const chunk = chunks[wanted];
  if (chunk === undefined) throw new Error(`chunk ${wanted} of the answer table is missing`);
  return chunk;
});
const batch = new MessageBatch(native);
const outgoing = new Uint8Array(BATCH * (SLOT + ENVELOPE_BYTES));
const counters = start.counters.subarray(id * COUNTERS.length, (id + 1) * COUNTERS.length);
const notify = (notice: Extract<FromWorker, { kind: 'notice' }>['notice']): void => {
  post({ kind: 'notice', notice });
};
let limiter = createRateLimiter({ ...start.limits, onNotice: notify });
let sweptAt = 0;
let seen = 0;
const state = { stopping: false };

// One socket is waited on by receiving from it, which saves a system call for each batch.
const set = start.sockets.length === 1 ? undefined : new SocketSet(native, start.sockets);
while (!state.stopping) {
  set?.wait();
  for (let i = 0; i < start.sockets.length; i++) if (set === undefined || set.isReady(i)) work(i);
  if (Atomics.load(start.posted, 0) !== seen) readMessages();
}

/** Takes one batch from a socket and deals with each of its packets. */
function work(socket: number): void {
  const descriptor = start.sockets[socket]!;
  const count = batch.receive(descriptor, set === undefined);
  const now = Math.floor(performance.now());
  if (now - sweptAt >= SWEEP_MS) {
    limiter.sweep(now);
    sweptAt = now;
  }
  if (count === 0) return;
  Atomics.add(start.batches, id, 1);
  let answered = 0;
  let dropped = 0;
  let limited = 0;
  let handed = 0;
  let used = 0;
  for (let i = 0; i < count; i++) {
    const length = batch.lengthOf(i);
    const made = answers.answer(batch.packets, i * SLOT, length);
    if (made > 0) {
      const reply = limit(i, made, now);
      if (reply > 0) {
        batch.queueReply(i, reply);
        answered++;
      }
      if (reply !== made) limited++;
    } else if (made === DROP || Atomics.load(start.pending, id) + handed >= PENDING_LIMIT) dropped++;
    else {
      used = enclose(socket, i, length, used);
      handed++;
    }
  }
  const unsent = batch.flush(descriptor);
  Atomics.add(start.batches, id, 1);
  if (handed > 0) handOver(handed, used);
  counters[0]! += answered - unsent;
  counters[1]! += handed;
  counters[2]! += dropped;
  counters[3]! += limited;
  counters[4]! += unsent;
  counters[5]! += 1;
}

/** The length of what is sent of a reply of `length` bytes in slot `i`: all of it, the slipped one, or 0 for nothing. */
function limit(i: number, length: number, now: number): number {
  const at = i * SLOT;
  const hasAnswer = batch.packets[at + 7] !== 0;
  const source = i * NAME_BYTES + sourceOffset(batch.names, i * NAME_BYTES);
  const verdict = limiter.check(
    batch.names,
    source,
    sourceLength(batch.names, i * NAME_BYTES),
    hasAnswer ? ANSWER_CLASS.ANSWER : ANSWER_CLASS.NEGATIVE,
    now,
  );
  if (verdict === RATE_VERDICT.PASS) return length;
  if (verdict === RATE_VERDICT.DROP) return 0;
  return slipInPlace(batch.packets, at, length, batch.packets[at + 11] === 0 ? 0 : OPT_BYTES);
}

function readMessages(): void {
  seen = Atomics.load(start.posted, 0);
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    const message = next.message as ToWorker;
    if (message.kind === 'chunk') chunks.push(message.memory);
    else if (message.kind === 'limits') limiter = createRateLimiter({ ...message.limits, onNotice: notify });
    else state.stopping = true;
  }
}

/** Copies received message `i` with where it came from behind the first `at` bytes of what goes out. */
function enclose(socket: number, i: number, length: number, at: number): number {
  outgoing[at] = socket;
  outgoing[at + 1] = batch.nameLengthOf(i);
  outgoing[at + 2] = batch.controlLengthOf(i);
  outgoing[at + 4] = length >>> 8;
  outgoing[at + 5] = length;
  outgoing.set(batch.names.subarray(i * NAME_BYTES, (i + 1) * NAME_BYTES), at + HEAD_BYTES);
  outgoing.set(
    batch.controls.subarray(i * CONTROL_BYTES, (i + 1) * CONTROL_BYTES),
    at + HEAD_BYTES + NAME_BYTES,
  );
  outgoing.set(batch.packets.subarray(i * SLOT, i * SLOT + length), at + ENVELOPE_BYTES);
  return at + ENVELOPE_BYTES + length;
}

function handOver(count: number, used: number): void {
  Atomics.add(start.pending, id, count);
  post({ kind: 'handed-over', count, bytes: outgoing.slice(0, used) });
}

function post(message: FromWorker): void {
  port.postMessage(message, message.kind === 'handed-over' ? [message.bytes.buffer as ArrayBuffer] : []);
}
