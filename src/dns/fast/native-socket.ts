/**
 * UDP sockets that receive and send in batches (Linux `recvmmsg`, `sendmmsg`), through koffi.
 *
 * The one module that hands addresses of memory to native code. Invariants: each such address belongs to a buffer that
 * was allocated here, is a field of the batch that uses it, and so lives as long as the batch (a buffer that V8 finds
 * unused is collected, and the kernel would write into whatever lies there next); no buffer is ever resized or
 * transferred; every length handed over is checked against its buffer. Structures are those of 64-bit Linux
 * (`struct msghdr`, recvmmsg(2)); `isSupported` says whether this is one.
 */
import { createRequire } from 'node:module';
import { endianness } from 'node:os';

/** How many messages one call receives or sends at most. */
export const BATCH = 64;

/** Room for one message: more than any query; a longer one arrives cut and marked. */
export const SLOT = 4096;

/** Bytes of a socket address (`struct sockaddr_in6`, the larger of the two), rounded up. */
export const NAME_BYTES = 32;

/** Bytes of control data: one `struct in6_pktinfo` with its header, rounded up. */
export const CONTROL_BYTES = 64;

const HEADER_BYTES = 64; // struct mmsghdr
const IOVEC_BYTES = 16;
const SOCKADDR_IN6_BYTES = 28;
const AT = {
  name: 0,
  nameLength: 8,
  iov: 16,
  iovLength: 24,
  control: 32,
  controlLength: 40,
  flags: 48,
  length: 56,
} as const;

const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
const MSG_WAITFORONE = 0x10000;
const EINTR = 4;

type NativeFunction = (...args: (number | bigint)[]) => number;

/** The functions of the C library that are used here. */
export interface NativeSockets {
  readonly socket: NativeFunction;
  readonly setsockopt: NativeFunction;
  readonly bind: NativeFunction;
  readonly close: NativeFunction;
  readonly recvmmsg: NativeFunction;
  readonly sendmmsg: NativeFunction;
  readonly poll: NativeFunction;
  readonly getsockname: NativeFunction;
  readonly addressOf: (buffer: Uint8Array) => bigint;
  readonly errno: () => number;
}

interface Koffi {
  load(path: null): { func(prototype: string): NativeFunction };
  address(buffer: Uint8Array): bigint;
  errno(): number;
}

/** The native functions, or the reason why this machine has none. */
export function loadNativeSockets(): NativeSockets | string {
  if (process.platform !== 'linux') return `batched sockets need Linux, this is ${process.platform}`;
  if (!['x64', 'arm64'].includes(process.arch) || endianness() !== 'LE')
    return `batched sockets are not known on ${process.arch}`;
  let koffi: Koffi;
  try {
    koffi = createRequire(import.meta.url)('koffi') as Koffi;
  } catch (error) {
    return `the package koffi can't be loaded: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
  }
  const library = koffi.load(null);
  return {
    socket: library.func('int socket(int, int, int)'),
    setsockopt: library.func('int setsockopt(int, int, int, uintptr_t, uint32_t)'),
    bind: library.func('int bind(int, uintptr_t, uint32_t)'),
    close: library.func('int close(int)'),
    recvmmsg: library.func('int recvmmsg(int, uintptr_t, uint32_t, int, uintptr_t)'),
    sendmmsg: library.func('int sendmmsg(int, uintptr_t, uint32_t, int)'),
    poll: library.func('int poll(uintptr_t, uint64_t, int)'),
    getsockname: library.func('int getsockname(int, uintptr_t, uintptr_t)'),
    addressOf: (buffer) => koffi.address(buffer),
    errno: () => koffi.errno(),
  };
}

/** The memory of up to BATCH messages, as native code sees it. */
export class MessageBatch {
  /** Message `i` lies at `i * SLOT`. */
  readonly packets = new Uint8Array(BATCH * SLOT);
  /** The peer's socket address of message `i` lies at `i * NAME_BYTES`. */
  readonly names = new Uint8Array(BATCH * NAME_BYTES);
  /** The control data of message `i` lies at `i * CONTROL_BYTES`. */
  readonly controls = new Uint8Array(BATCH * CONTROL_BYTES);
  readonly #native: NativeSockets;
  readonly #received = new Uint8Array(BATCH * HEADER_BYTES);
  readonly #receivedView = new DataView(this.#received.buffer);
  readonly #sent = new Uint8Array(BATCH * HEADER_BYTES);
  readonly #sentView = new DataView(this.#sent.buffer);
  readonly #iovecs = new Uint8Array(2 * BATCH * IOVEC_BYTES);
  readonly #iovecView = new DataView(this.#iovecs.buffer);
  readonly #receivedAddress: bigint;
  readonly #sentAddress: bigint;
  readonly #packetAddress: bigint;
  readonly #nameAddress: bigint;
  readonly #controlAddress: bigint;
  readonly #iovecAddress: bigint;
  #queued = 0;

  constructor(native: NativeSockets) {
    this.#native = native;
    this.#receivedAddress = native.addressOf(this.#received);
    this.#sentAddress = native.addressOf(this.#sent);
    this.#packetAddress = native.addressOf(this.packets);
    this.#nameAddress = native.addressOf(this.names);
    this.#controlAddress = native.addressOf(this.controls);
    this.#iovecAddress = native.addressOf(this.#iovecs);
    for (let i = 0; i < BATCH; i++) this.#lay(i);
  }

  /**
   * Waits for at least one message, at most for the socket's receive time-out (or not at all), and takes what else is
   * there. Returns how many arrived, 0 also where the socket reports an error: UDP's are about messages sent before.
   */
  receive(socket: number, wait: boolean): number {
    const view = this.#receivedView;
    for (let i = 0; i < BATCH; i++) {
      view.setInt32(i * HEADER_BYTES + AT.nameLength, SOCKADDR_IN6_BYTES, true);
      view.setInt32(i * HEADER_BYTES + AT.controlLength, CONTROL_BYTES, true);
    }
    const flags = wait ? MSG_WAITFORONE : MSG_DONTWAIT;
    return Math.max(0, this.#native.recvmmsg(socket, this.#receivedAddress, BATCH, flags, 0));
  }

  /** The length of received message `i`; 0 for one that was too long for its slot. */
  lengthOf(i: number): number {
    const header = i * HEADER_BYTES;
    return (this.#receivedView.getInt32(header + AT.flags, true) & MSG_TRUNC) === 0
      ? this.#receivedView.getUint32(header + AT.length, true)
      : 0;
  }

  /** The length of the peer's address of received message `i`. */
  nameLengthOf(i: number): number {
    return this.#receivedView.getUint32(i * HEADER_BYTES + AT.nameLength, true);
  }

  /** The length of the control data of received message `i`. */
  controlLengthOf(i: number): number {
    return this.#receivedView.getUint32(i * HEADER_BYTES + AT.controlLength, true);
  }

  /** Queues the first `length` bytes of slot `i` to go back to where received message `i` came from. */
  queueReply(i: number, length: number): void {
    this.queue(i, length, this.nameLengthOf(i), this.controlLengthOf(i));
  }

  /** Queues the first `length` bytes of slot `i` for the address and with the control data of slot `i`. */
  queue(i: number, length: number, nameLength: number, controlLength: number): void {
    if (length > SLOT || nameLength > NAME_BYTES || controlLength > CONTROL_BYTES || this.#queued >= BATCH) {
      throw new RangeError(
        `a message of ${length}, ${nameLength} and ${controlLength} bytes does not fit its slot`,
      );
    }
    const header = this.#queued * HEADER_BYTES;
    const iovec = (BATCH + this.#queued) * IOVEC_BYTES;
    this.#iovecView.setBigUint64(iovec, this.#packetAddress + BigInt(i * SLOT), true);
    this.#iovecView.setUint32(iovec + 8, length, true);
    this.#sentView.setBigUint64(header + AT.name, this.#nameAddress + BigInt(i * NAME_BYTES), true);
    this.#sentView.setUint32(header + AT.nameLength, nameLength, true);
    this.#sentView.setBigUint64(header + AT.control, this.#controlAddress + BigInt(i * CONTROL_BYTES), true);
    this.#sentView.setUint32(header + AT.controlLength, controlLength, true);
    this.#queued++;
  }

  /** Sends what is queued, without waiting; returns how many could not be sent (a full buffer, an impossible address). */
  flush(socket: number): number {
    let failed = 0;
    for (let first = 0; first < this.#queued;) {
      const address = this.#sentAddress + BigInt(first * HEADER_BYTES);
      const sent = this.#native.sendmmsg(socket, address, this.#queued - first, MSG_DONTWAIT);
      // The call stops at the first message that fails and names it by failing alone: that one is given up.
      if (sent > 0) first += sent;
      else if (this.#native.errno() !== EINTR) {
        first++;
        failed++;
      }
    }
    this.#queued = 0;
    return failed;
  }

  /** Lays out what never changes: where message `i` is received, and that each message is one piece of memory. */
  #lay(i: number): void {
    const header = i * HEADER_BYTES;
    this.#iovecView.setBigUint64(i * IOVEC_BYTES, this.#packetAddress + BigInt(i * SLOT), true);
    this.#iovecView.setUint32(i * IOVEC_BYTES + 8, SLOT, true);
    this.#receivedView.setBigUint64(header + AT.name, this.#nameAddress + BigInt(i * NAME_BYTES), true);
    this.#receivedView.setBigUint64(header + AT.iov, this.#iovecAddress + BigInt(i * IOVEC_BYTES), true);
    this.#receivedView.setUint32(header + AT.iovLength, 1, true);
    this.#receivedView.setBigUint64(
      header + AT.control,
      this.#controlAddress + BigInt(i * CONTROL_BYTES),
      true,
    );
    this.#sentView.setBigUint64(
      header + AT.iov,
      this.#iovecAddress + BigInt((BATCH + i) * IOVEC_BYTES),
      true,
    );
    this.#sentView.setUint32(header + AT.iovLength, 1, true);
  }
}
