/**
 * The socket calls of the C library that batches need (Linux `recvmmsg`, `sendmmsg`), and the memory
 * they work on.
 *
 * NativeMemory is the one place that finds the address of a buffer; calls made once, when a socket is opened, take the
 * buffer itself, which koffi holds meanwhile. Invariants: each address given to native code is one
 * of a NativeMemory that is a field of the object that uses it, and so lives as long as that (a buffer that V8 finds unused
 * is collected, and the kernel would write into whatever lies there next); no buffer is ever resized or transferred; an
 * address within a buffer is made only by `addressAt`, which checks it. Structures are those of 64-bit little-endian
 * Linux (`struct msghdr`, recvmmsg(2)); on any other machine `loadNativeSockets` gives the reason and nothing else.
 */
import { endianness } from 'node:os';
import { type NativeFunction, loadCLibrary } from '../../ops/system/native-library.ts';

/** The functions of the C library that are used here. */
export interface NativeSockets {
  readonly socket: NativeFunction;
  readonly setsockopt: NativeFunction;
  readonly bind: NativeFunction;
  readonly close: NativeFunction;
  readonly recvmmsg: NativeFunction;
  readonly sendmmsg: NativeFunction;
  readonly poll: NativeFunction;
  readonly usleep: NativeFunction;
  readonly getsockname: NativeFunction;
  readonly addressOf: (buffer: Uint8Array) => bigint;
  readonly errno: () => number;
}

/** The native functions, or the reason why this machine has none. */
export function loadNativeSockets(): NativeSockets | string {
  if (process.platform !== 'linux') return `batched sockets need Linux, this is ${process.platform}`;
  if (!['x64', 'arm64'].includes(process.arch) || endianness() !== 'LE')
    return `batched sockets are not known on ${process.arch}`;
  const library = loadCLibrary();
  if (typeof library === 'string') return library;
  return {
    socket: library.func('int socket(int, int, int)'),
    setsockopt: library.func('int setsockopt(int, int, int, const void *, uint32_t)'),
    bind: library.func('int bind(int, const void *, uint32_t)'),
    close: library.func('int close(int)'),
    recvmmsg: library.func('int recvmmsg(int, uintptr_t, uint32_t, int, uintptr_t)'),
    sendmmsg: library.func('int sendmmsg(int, uintptr_t, uint32_t, int)'),
    usleep: library.func('int usleep(uint32_t)'),
    poll: library.func('int poll(uintptr_t, uint64_t, int)'),
    getsockname: library.func('int getsockname(int, void *, void *)'),
    addressOf: (buffer) => library.addressOf(buffer),
    errno: () => library.errno(),
  };
}

/** A buffer that native code may be given the address of, for as long as this object is in use. */
export class NativeMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #address: bigint;

  constructor(native: NativeSockets, length: number) {
    this.bytes = new Uint8Array(length);
    this.view = new DataView(this.bytes.buffer);
    this.#address = native.addressOf(this.bytes);
  }

  /** The address of `length` bytes from `offset` on. Throws RangeError where the buffer does not hold them. */
  addressAt(offset: number, length: number): bigint {
    if (offset < 0 || length < 0 || offset + length > this.bytes.length)
      throw new RangeError(`${length} bytes at ${offset} are not within ${this.bytes.length}`);
    return this.#address + BigInt(offset);
  }
}
