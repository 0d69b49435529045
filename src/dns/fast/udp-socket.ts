/**
 * Opening the UDP sockets of the fast lane, and waiting on several of them.
 * Invariant: a socket stays open until `closeSocket`, whatever becomes of the thread that reads it, so its port never
 * goes deaf while a worker is started again.
 */
import { type IpAddress, addressBytes, addressFromBytes, familyOf } from '../../net/ip-address.ts';
import { NativeMemory, type NativeSockets } from './native-socket.ts';

// Linux on x64 and arm64: socket(2), ip(7), ipv6(7).
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const SO_RCVTIMEO = 20;
const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const IP_MTU_DISCOVER = 10;
const IP_PMTUDISC_OMIT = 5;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPV6_RECVPKTINFO = 49;
const POLLIN = 1;

const RECEIVE_BUFFER = 4 << 20;

/** How long a receive waits before its thread looks whether it shall end, in milliseconds. */
export const RECEIVE_TIMEOUT_MS = 100;

/** Why a socket could not be opened; `code` is the name of the error as Node gives it. */
export class SocketError extends Error {
  override readonly name = 'SocketError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** A bound UDP socket that shares its port with others opened the same way. Throws SocketError. */
export function openSocket(native: NativeSockets, address: IpAddress, port: number): number {
  const isIpv4 = familyOf(address) === 4;
  const socket = native.socket(isIpv4 ? AF_INET : AF_INET6, SOCK_DGRAM_CLOEXEC, 0);
  if (socket < 0) throw failure(native, 'no socket can be opened');
  const set = (level: number, option: number, value: number): number => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setInt32(0, value, true);
    return native.setsockopt(socket, level, option, bytes, bytes.length);
  };
  set(SOL_SOCKET, SO_REUSEPORT, 1);
  set(SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
  // A socket for all addresses is told which one was asked, so that its reply leaves from there; one for a single
  // address knows.
  const isWildcard = addressBytes(address).every((byte) => byte === 0);
  if (isIpv4) {
    if (isWildcard) set(IPPROTO_IP, IP_PKTINFO, 1);
    // A forged "fragmentation needed" must not make replies smaller or fragmented.
    set(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
  } else {
    set(IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (isWildcard) set(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  }
  const time = new Uint8Array(16);
  new DataView(time.buffer).setBigInt64(8, BigInt(RECEIVE_TIMEOUT_MS * 1000), true);
  native.setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, time, time.length);
  const name = socketAddress(address, port);
  if (native.bind(socket, name, name.length) !== 0) {
    const error = failure(native, `UDP port ${port} can't be bound`);
    native.close(socket);
    throw error;
  }
  return socket;
}

/** The port of a socket that was bound to port 0. */
export function boundPort(native: NativeSockets, socket: number): number {
  const name = new Uint8Array(28);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setInt32(0, name.length, true);
  native.getsockname(socket, name, length);
  return (name[2]! << 8) | name[3]!;
}

/** Where in a socket address at `at` its IP address begins, counted from `at`. */
export function sourceOffset(names: Uint8Array, at: number): number {
  return names[at] === AF_INET ? 4 : 8;
}

/** How many bytes the IP address of a socket address at `at` has. */
export function sourceLength(names: Uint8Array, at: number): 4 | 16 {
  return names[at] === AF_INET ? 4 : 16;
}

/** The IP address of a socket address at `at`. */
export function sourceOf(names: Uint8Array, at: number): IpAddress {
  const start = at + sourceOffset(names, at);
  return addressFromBytes(names.subarray(start, start + sourceLength(names, at)));
}

/** Closes a socket that no thread uses any more. */
export function closeSocket(native: NativeSockets, socket: number): void {
  native.close(socket);
}

/** Waits on several sockets at once. */
export class SocketSet {
  readonly #native: NativeSockets;
  /** `struct pollfd` of each socket: descriptor, events wanted, events seen. */
  readonly #entries: NativeMemory;
  readonly #address: bigint;
  readonly #count: number;

  constructor(native: NativeSockets, sockets: readonly number[]) {
    this.#native = native;
    this.#count = sockets.length;
    this.#entries = new NativeMemory(native, sockets.length * 8);
    this.#address = this.#entries.addressAt(0, sockets.length * 8);
    for (const [i, socket] of sockets.entries()) {
      this.#entries.view.setInt32(i * 8, socket, true);
      this.#entries.view.setInt16(i * 8 + 4, POLLIN, true);
    }
  }

  /** Returns when a socket has something to receive, or after RECEIVE_TIMEOUT_MS. */
  wait(): void {
    this.#native.poll(this.#address, this.#count, RECEIVE_TIMEOUT_MS);
  }

  /** Whether socket number `i` had something to receive, or an error to report, when `wait` returned. */
  isReady(i: number): boolean {
    return this.#entries.view.getInt16(i * 8 + 6, true) !== 0;
  }
}

function socketAddress(address: IpAddress, port: number): Uint8Array {
  const isIpv4 = familyOf(address) === 4;
  const name = new Uint8Array(isIpv4 ? 16 : 28);
  name[0] = isIpv4 ? AF_INET : AF_INET6;
  name[2] = port >>> 8;
  name[3] = port & 255;
  name.set(addressBytes(address), isIpv4 ? 4 : 8);
  return name;
}

const ERRORS: Record<number, string> = {
  1: 'EPERM',
  13: 'EACCES',
  24: 'EMFILE',
  98: 'EADDRINUSE',
  99: 'EADDRNOTAVAIL',
};

function failure(native: NativeSockets, what: string): SocketError {
  const errno = native.errno();
  const code = ERRORS[errno] ?? `errno ${errno}`;
  return new SocketError(code, `${what}: ${code}`);
}
