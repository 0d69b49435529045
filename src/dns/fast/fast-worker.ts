/**
 * One DNS worker: receives a batch, answers in place what the table can answer, sends, and hands the rest to the main
 * thread without waiting for it. Runs until the lane stops; its event loop never turns.
 * Invariant: its word in `batches` is odd exactly while it may hold references into the table.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { DROP, FastAnswer } from './fast-answer.ts';
import {
  ENVELOPE_BYTES,
  HEAD_BYTES,
  type HandedOver,
  COUNTERS,
  PENDING_LIMIT,
  type WorkerStart,
} from './lane-protocol.ts';
import { BATCH, CONTROL_BYTES, MessageBatch, NAME_BYTES, SLOT, loadNativeSockets } from './native-socket.ts';
import { SocketSet } from './udp-socket.ts';

const start = workerData as WorkerStart;
const port = parentPort!;
const native = loadNativeSockets();
if (typeof native === 'string') throw new Error(native);

const chunks = [...start.chunks];
const answers = new FastAnswer(start.seed, (wanted) => {
  // The main thread has sent a chunk before anything in it could be found.
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    chunks.push(next.message as SharedArrayBuffer);
  }
  const chunk = chunks[wanted];
  if (chunk === undefined) throw new Error(`chunk ${wanted} of the answer table is missing`);
  return chunk;
});
const batch = new MessageBatch(native);
const outgoing = new Uint8Array(BATCH * (SLOT + ENVELOPE_BYTES));
const counters = start.counters.subarray(start.id * COUNTERS.length, (start.id + 1) * COUNTERS.length);

// One socket is waited on by receiving from it, which saves a system call for each batch.
const set = start.sockets.length === 1 ? undefined : new SocketSet(native, start.sockets);
while (Atomics.load(start.stopping, 0) === 0) {
  set?.wait();
  for (let i = 0; i < start.sockets.length; i++) if (set === undefined || set.isReady(i)) work(i);
}

/** Takes one batch from a socket and deals with each of its packets. */
function work(socket: number): void {
  const descriptor = start.sockets[socket]!;
  const count = batch.receive(descriptor, set === undefined);
  if (count === 0) return;
  Atomics.add(start.batches, start.id, 1);
  let answered = 0;
  let dropped = 0;
  let handed = 0;
  let used = 0;
  for (let i = 0; i < count; i++) {
    const length = batch.lengthOf(i);
    const reply = answers.answer(batch.packets, i * SLOT, length);
    if (reply > 0) {
      batch.queueReply(i, reply);
      answered++;
    } else if (reply === DROP || Atomics.load(start.pending, start.id) + handed >= PENDING_LIMIT) dropped++;
    else {
      used = enclose(socket, i, length, used);
      handed++;
    }
  }
  const unsent = batch.flush(descriptor);
  Atomics.add(start.batches, start.id, 1);
  if (handed > 0) handOver(handed, used);
  counters[0]! += answered - unsent;
  counters[1]! += handed;
  counters[2]! += dropped;
  counters[3]! += unsent;
  counters[4]! += 1;
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
  Atomics.add(start.pending, start.id, count);
  const bytes = outgoing.slice(0, used);
  const message: HandedOver = { count, bytes };
  port.postMessage(message, [bytes.buffer]);
}
