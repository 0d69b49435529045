/**
 * The memory of up to BATCH messages as the kernel sees it, and receiving into it (`recvmmsg`).
 * Invariant: message `i` has a slot of its own in each of `packets`, `names` and `controls`, and stays there: a reply is
 * made where its query lies.
 */
import { NativeMemory, type NativeSockets } from './native-socket.ts';

/** How many messages one call receives or sends at most. */
export const BATCH = 64;

/**
 * Room for one message: more than any query; a longer one arrives cut and marked. It is an odd number of cache lines,
 * because the first lines of slots a power of two apart would all fall into the same few places of the cache.
 */
export const SLOT = 67 * 64;

/** Bytes of a socket address (`struct sockaddr_in6`, the larger of the two), rounded up. */
export const NAME_BYTES = 32;

/** Bytes of received control data: one `struct in6_pktinfo` with its header, rounded up. */
export const CONTROL_BYTES = 64;

/** Bytes of `struct mmsghdr`. */
export const HEADER_BYTES = 64;

/** Where the fields of a `struct mmsghdr` lie. */
export const HEADER = {
  NAME: 0,
  NAME_LENGTH: 8,
  IOVECS: 16,
  IOVEC_COUNT: 24,
  CONTROL: 32,
  CONTROL_LENGTH: 40,
  FLAGS: 48,
  LENGTH: 56,
} as const;

/** Bytes of `struct iovec`: an address and a length. */
export const IOVEC_BYTES = 16;

const SOCKADDR_IN6_BYTES = 28;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
const MSG_WAITFORONE = 0x10000;

/** The memory of up to BATCH messages. */
export class MessageBatch {
  readonly #native: NativeSockets;
  readonly #packets: NativeMemory;
  readonly #names: NativeMemory;
  readonly #controls: NativeMemory;
  readonly #headers: NativeMemory;
  readonly #iovecs: NativeMemory;
  readonly #headersAddress: bigint;
  /** The bytes of message `i` lie at `i * SLOT`. */
  readonly packets: Uint8Array;
  /** The peer's socket address of message `i` lies at `i * NAME_BYTES`. */
  readonly names: Uint8Array;
  /** The control data of message `i` lies at `i * CONTROL_BYTES`. */
  readonly controls: Uint8Array;

  constructor(native: NativeSockets) {
    this.#native = native;
    this.#packets = new NativeMemory(native, BATCH * SLOT);
    this.#names = new NativeMemory(native, BATCH * NAME_BYTES);
    this.#controls = new NativeMemory(native, BATCH * CONTROL_BYTES);
    this.#headers = new NativeMemory(native, BATCH * HEADER_BYTES);
    this.#iovecs = new NativeMemory(native, BATCH * IOVEC_BYTES);
    this.#headersAddress = this.#headers.addressAt(0, BATCH * HEADER_BYTES);
    this.packets = this.#packets.bytes;
    this.names = this.#names.bytes;
    this.controls = this.#controls.bytes;
    for (let i = 0; i < BATCH; i++) this.#lay(i);
  }

  /**
   * Waits for at least one message, at most for the socket's receive time-out (or not at all), and takes what else is
   * there. Returns how many arrived, 0 also where the socket reports an error: UDP's are about messages sent before.
   */
  receive(socket: number, wait: boolean): number {
    const { view } = this.#headers;
    for (let i = 0; i < BATCH; i++) {
      view.setInt32(i * HEADER_BYTES + HEADER.NAME_LENGTH, SOCKADDR_IN6_BYTES, true);
      view.setInt32(i * HEADER_BYTES + HEADER.CONTROL_LENGTH, CONTROL_BYTES, true);
    }
    const flags = wait ? MSG_WAITFORONE : MSG_DONTWAIT;
    return Math.max(0, this.#native.recvmmsg(socket, this.#headersAddress, BATCH, flags, 0));
  }

  /** The length of received message `i`; 0 for one that was too long for its slot. */
  lengthOf(i: number): number {
    const { view } = this.#headers;
    const header = i * HEADER_BYTES;
    return (view.getInt32(header + HEADER.FLAGS, true) & MSG_TRUNC) === 0
      ? view.getUint32(header + HEADER.LENGTH, true)
      : 0;
  }

  /** The length of the peer's address of received message `i`. */
  nameLengthOf(i: number): number {
    return this.#headers.view.getUint32(i * HEADER_BYTES + HEADER.NAME_LENGTH, true);
  }

  /** The length of the control data of received message `i`; 0 where the socket is not told the address asked. */
  controlLengthOf(i: number): number {
    return this.#headers.view.getUint32(i * HEADER_BYTES + HEADER.CONTROL_LENGTH, true);
  }

  /** The address of message `i`'s bytes. */
  packetAddress(i: number): bigint {
    return this.#packets.addressAt(i * SLOT, SLOT);
  }

  /** The address of message `i`'s socket address. */
  nameAddress(i: number): bigint {
    return this.#names.addressAt(i * NAME_BYTES, NAME_BYTES);
  }

  /** Lays out what never changes: where message `i` is received, and that each message is one piece of memory. */
  #lay(i: number): void {
    const headers = this.#headers.view;
    const iovecs = this.#iovecs.view;
    const header = i * HEADER_BYTES;
    iovecs.setBigUint64(i * IOVEC_BYTES, this.packetAddress(i), true);
    iovecs.setUint32(i * IOVEC_BYTES + 8, SLOT, true);
    headers.setBigUint64(header + HEADER.NAME, this.nameAddress(i), true);
    headers.setBigUint64(header + HEADER.IOVECS, this.#iovecs.addressAt(i * IOVEC_BYTES, IOVEC_BYTES), true);
    headers.setUint32(header + HEADER.IOVEC_COUNT, 1, true);
    headers.setBigUint64(
      header + HEADER.CONTROL,
      this.#controls.addressAt(i * CONTROL_BYTES, CONTROL_BYTES),
      true,
    );
  }
}
