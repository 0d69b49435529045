/**
 * DNS over TCP on one address: dns2's TCP server with its connection handling replaced by sessions with limits
 * (RFC 7766 §6.2.2, RFC 9210 §4.1). Invariant: the limits count the sessions of all listeners that share a table.
 */
import type { Socket } from 'node:net';
import { TCPServer } from 'dns2';
import { prefixOf } from '../../net/ip-prefix.ts';
import { type IpAddress, parseIpAddress } from '../../net/ip-address.ts';
import type { SessionTable } from './session-table.ts';
import { TcpSession, type TcpSessionOptions } from './tcp-session.ts';

/** What a listener needs. */
export type TcpListenerOptions = Omit<TcpSessionOptions, 'onProgress' | 'onEnd'>;

/** A TCP socket that answers. Bind it with `bindTo`, stop accepting with `close`, end its sessions by the table. */
export class TcpListener extends TCPServer {
  readonly #options: TcpListenerOptions;
  readonly #table: SessionTable;

  constructor(options: TcpListenerOptions, table: SessionTable) {
    super();
    this.#options = options;
    this.#table = table;
  }

  /** Binds the socket and resolves with its port; rejects with the system's error. */
  bindTo(address: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.once('error', reject);
      this.listen({ host: address, port, ipv6Only: true, exclusive: true }, () => {
        this.off('error', reject);
        // After binding, an error is that of one accept (such as too many open files); the listener goes on.
        this.on('error', () => this.#options.stats.tcpLimited++);
        const bound = this.address();
        resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
      });
    });
  }

  /** Takes over dns2's handler of new connections, which its types do not declare. */
  handle(socket: Socket): void {
    const { limits, stats } = this.#options;
    const source = sourceOf(socket);
    if (source === undefined || this.#table.countOf(source) >= limits.tcpConnectionsPerSource) {
      if (source !== undefined) stats.tcpLimited++;
      socket.on('error', () => undefined); // closing it is all that was left to do
      socket.destroy();
      return;
    }
    stats.tcpAccepted++;
    stats.tcpOpen++;
    const session = new TcpSession(socket, {
      ...this.#options,
      onProgress: () => {
        this.#table.touch(session);
      },
      onEnd: () => {
        stats.tcpOpen--;
        this.#table.remove(session);
      },
    });
    this.#table.add(session, source);
  }
}

/** Who a connection counts for: an IPv4 address or an IPv6 /64; undefined where the peer is gone already. */
function sourceOf(socket: Socket): IpAddress | undefined {
  const address = parseIpAddress(socket.remoteAddress?.split('%')[0] ?? '');
  if (address === undefined) return undefined;
  return address.length === 4 ? address : prefixOf(address, 64).base;
}
