/**
 * The replies to one batch of messages, sent by as little work of the kernel as can be (`sendmmsg`).
 *
 * Replies of one length to one peer go as one message that the kernel cuts into datagrams (UDP_SEGMENT, udp(7)): a
 * resolver or a load balancer that asks much from one port costs one walk through the network stack for all of them. Where the
 * kernel or the network card refuses that, each goes alone, and it is not tried again.
 * Invariant: a reply leaves as a datagram of its own, whichever way it was sent.
 */
import {
  BATCH,
  CONTROL_BYTES,
  HEADER,
  HEADER_BYTES,
  IOVEC_BYTES,
  type MessageBatch,
  NAME_BYTES,
  SLOT,
} from './message-batch.ts';
import { NativeMemory, type NativeSockets } from './native-socket.ts';

const MSG_DONTWAIT = 0x40;
const EINTR = 4;
const EAGAIN = 11;

/** The control data that asks for segments: `struct cmsghdr` with SOL_UDP and UDP_SEGMENT, then their length (u16). */
const SEGMENT_CONTROL_BYTES = 24;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const SENT_CONTROL_BYTES = CONTROL_BYTES + SEGMENT_CONTROL_BYTES;

/** Well below the largest payload of a UDP message, which the segments of one together must not exceed. */
const MAX_JOINED_BYTES = 60_000;

const BUCKETS = 256;
const NONE = -1;

/** What goes out for the messages of one batch. Not shared between threads. */
export class ReplyQueue {
  readonly #native: NativeSockets;
  readonly #batch: MessageBatch;
  readonly #names: Uint32Array;
  readonly #headers: NativeMemory;
  readonly #iovecs: NativeMemory;
  readonly #controls: NativeMemory;
  /** The two halves of the address of each slot. */
  readonly #slotAddresses: Uint32Array;
  readonly #iovecWords: Uint32Array;
  /** Outgoing message `m` carries the slots from `#first[m]` on, each followed by `#next[slot]`, `#count[m]` in all. */
  readonly #first = new Int32Array(BATCH);
  readonly #last = new Int32Array(BATCH);
  readonly #count = new Int32Array(BATCH);
  readonly #next = new Int32Array(BATCH);
  readonly #length = new Int32Array(BATCH);
  readonly #nameLength = new Int32Array(BATCH);
  readonly #controlLength = new Int32Array(BATCH);
  /** The newest outgoing message for each hash of a peer. */
  readonly #bucket = new Int8Array(BUCKETS).fill(NONE);
  #messages = 0;
  #isJoining = true;

  constructor(native: NativeSockets, batch: MessageBatch) {
    this.#native = native;
    this.#batch = batch;
    this.#names = new Uint32Array(batch.names.buffer);
    this.#headers = new NativeMemory(native, BATCH * HEADER_BYTES);
    this.#iovecs = new NativeMemory(native, BATCH * IOVEC_BYTES);
    this.#controls = new NativeMemory(native, BATCH * SENT_CONTROL_BYTES);
    this.#iovecWords = new Uint32Array(this.#iovecs.bytes.buffer);
    const addresses = new BigUint64Array(BATCH);
    for (let i = 0; i < BATCH; i++) addresses[i] = batch.packetAddress(i);
    this.#slotAddresses = new Uint32Array(addresses.buffer);
    for (let m = 0; m < BATCH; m++) {
      const control = this.#controls.addressAt(m * SENT_CONTROL_BYTES, SENT_CONTROL_BYTES);
      this.#headers.view.setBigUint64(m * HEADER_BYTES + HEADER.CONTROL, control, true);
    }
  }

  /** Queues the first `length` bytes of slot `i` to go back to where received message `i` came from. */
  queueReply(i: number, length: number): void {
    this.queue(i, length, this.#batch.nameLengthOf(i), this.#batch.controlLengthOf(i));
  }

  /** Queues the first `length` bytes of slot `i` for the address and with the control data of slot `i`; each slot at most once. */
  queue(i: number, length: number, nameLength: number, controlLength: number): void {
    if (
      length > SLOT ||
      nameLength > NAME_BYTES ||
      controlLength > CONTROL_BYTES ||
      this.#messages >= BATCH
    ) {
      throw new RangeError(
        `a message of ${length}, ${nameLength} and ${controlLength} bytes does not fit its slot`,
      );
    }
    const bucket = this.#bucketOf(i, length);
    const newest = this.#bucket[bucket]!;
    if (newest !== NONE && this.#canJoin(newest, i, length, controlLength)) {
      this.#next[this.#last[newest]!] = i;
      this.#last[newest] = i;
      this.#count[newest]!++;
      return;
    }
    const message = this.#messages++;
    this.#first[message] = i;
    this.#last[message] = i;
    this.#count[message] = 1;
    this.#length[message] = length;
    this.#nameLength[message] = nameLength;
    this.#controlLength[message] = controlLength;
    if (this.#isJoining) this.#bucket[bucket] = message;
  }

  /** Sends what is queued, without waiting; returns how many replies could not be sent (a full buffer, an impossible address). */
  flush(socket: number): number {
    let iovec = 0;
    for (let message = 0; message < this.#messages; message++) {
      this.#lay(message, iovec);
      iovec += this.#count[message]!;
    }
    let failed = 0;
    for (let message = 0; message < this.#messages;) {
      const sent = this.#send(socket, message, this.#messages - message);
      if (sent > 0) {
        message += sent;
        continue;
      }
      // The call stops at the first message that fails and names it by failing alone.
      const error = this.#native.errno();
      if (error === EINTR) continue;
      if (this.#count[message] === 1) failed++;
      else {
        if (error !== EAGAIN) this.#isJoining = false;
        failed += this.#sendApart(socket, message);
      }
      message++;
    }
    this.#messages = 0;
    this.#bucket.fill(NONE);
    return failed;
  }

  /** Sends the replies of an outgoing message one by one, in its own place; returns how many could not be sent. */
  #sendApart(socket: number, message: number): number {
    let failed = 0;
    const count = this.#count[message]!;
    this.#count[message] = 1;
    for (let slot = this.#first[message]!, i = 0; i < count; slot = this.#next[slot]!, i++) {
      this.#first[message] = slot;
      this.#lay(message, 0);
      while (this.#send(socket, message, 1) <= 0) {
        if (this.#native.errno() === EINTR) continue;
        failed++;
        break;
      }
    }
    return failed;
  }

  #send(socket: number, message: number, count: number): number {
    const headers = this.#headers.addressAt(message * HEADER_BYTES, count * HEADER_BYTES);
    return this.#native.sendmmsg(socket, headers, count, MSG_DONTWAIT);
  }

  /** Writes what the kernel reads of an outgoing message, its pieces of memory from `iovec` on. */
  #lay(message: number, iovec: number): void {
    const first = this.#first[message]!;
    const count = this.#count[message]!;
    const length = this.#length[message]!;
    const words = this.#iovecWords;
    for (let slot = first, i = iovec; i < iovec + count; slot = this.#next[slot]!, i++) {
      words[i * 4] = this.#slotAddresses[slot * 2]!;
      words[i * 4 + 1] = this.#slotAddresses[slot * 2 + 1]!;
      words[i * 4 + 2] = length;
    }
    const { view } = this.#headers;
    const header = message * HEADER_BYTES;
    view.setBigUint64(header + HEADER.NAME, this.#batch.nameAddress(first), true);
    view.setUint32(header + HEADER.NAME_LENGTH, this.#nameLength[message]!, true);
    view.setBigUint64(
      header + HEADER.IOVECS,
      this.#iovecs.addressAt(iovec * IOVEC_BYTES, count * IOVEC_BYTES),
      true,
    );
    view.setUint32(header + HEADER.IOVEC_COUNT, count, true);
    view.setUint32(header + HEADER.CONTROL_LENGTH, this.#layControl(message, first, count > 1), true);
  }

  /** Copies the control data of a message (the address to send from) and adds the length of segments; returns its length. */
  #layControl(message: number, slot: number, isJoined: boolean): number {
    const at = message * SENT_CONTROL_BYTES;
    const copied = this.#controlLength[message]!;
    const { bytes, view } = this.#controls;
    const { controls } = this.#batch;
    for (let i = 0; i < copied; i++) bytes[at + i] = controls[slot * CONTROL_BYTES + i]!;
    if (!isJoined) return copied;
    view.setUint32(at + copied, 18, true);
    view.setUint32(at + copied + 4, 0, true);
    view.setInt32(at + copied + 8, SOL_UDP, true);
    view.setInt32(at + copied + 12, UDP_SEGMENT, true);
    view.setUint16(at + copied + 16, this.#length[message]!, true);
    return copied + SEGMENT_CONTROL_BYTES;
  }

  #bucketOf(i: number, length: number): number {
    const names = this.#names;
    const at = (i * NAME_BYTES) >>> 2;
    // Family and port, then IPv4's address or the last words of IPv6's.
    const hash = Math.imul(names[at]! ^ names[at + 1]! ^ names[at + 5]! ^ length, 0x9e3779b1);
    return hash >>> 24;
  }

  /** Whether slot `i` may follow in an outgoing message: the same peer, the same own address, the same length. */
  #canJoin(message: number, i: number, length: number, controlLength: number): boolean {
    if (
      this.#length[message] !== length ||
      this.#controlLength[message] !== controlLength ||
      (this.#count[message]! + 1) * length > MAX_JOINED_BYTES
    )
      return false;
    const first = this.#first[message]!;
    const names = this.#names;
    const words = (this.#nameLength[message]! + 3) >>> 2;
    const one = (first * NAME_BYTES) >>> 2;
    const other = (i * NAME_BYTES) >>> 2;
    for (let w = 0; w < words; w++) if (names[one + w] !== names[other + w]) return false;
    const { controls } = this.#batch;
    for (let c = 0; c < controlLength; c++)
      if (controls[first * CONTROL_BYTES + c] !== controls[i * CONTROL_BYTES + c]) return false;
    return true;
  }
}
