/**
 * DNS over UDP on one address: dns2's UDP server with its packet handling replaced, so that raw bytes come in and go
 * out (RFC 1035 §4.2.1). One socket per address, so that an answer leaves from the address that was asked.
 *
 * Invariants: no datagram and no failed send can raise an error outside this file; nothing is made for a datagram here
 * but what node:dgram makes.
 */
import type { RemoteInfo } from 'node:dgram';
import { type UdpServerOptions, UDPServer } from 'dns2';
import type { ByteRange } from '../cookies/server-cookies.ts';
import { readPeer } from '../rrl/source-words.ts';
import type { UdpCounters } from './stats.ts';

/**
 * What a listener needs. `answer` gives the bytes to send back, which nobody changes afterwards, or undefined to send
 * nothing; it never throws, and reads `source` before it returns.
 */
export interface UdpListenerOptions {
  readonly family: 4 | 6;
  readonly answer: (query: Uint8Array, source: ByteRange | undefined) => Uint8Array | undefined;
  readonly stats: UdpCounters;
}

/** Bytes; the system may grant less. */
const RECEIVE_BUFFER = 1_048_576;

/** A UDP socket that answers. Bind it with `bindTo`, end it with `close`. */
export class UdpListener extends UDPServer {
  readonly #answer: UdpListenerOptions['answer'];
  readonly #stats: UdpCounters;
  readonly #source: ByteRange = { bytes: new Uint8Array(16), at: 0, length: 0 };
  readonly #onSent = (error: Error | null): void => {
    if (error === null) this.#stats.udpAnswers++;
    else this.#stats.udpSendErrors++;
  };

  constructor({ family, answer, stats }: UdpListenerOptions) {
    super(socketOptions(family));
    this.#answer = answer;
    this.#stats = stats;
  }

  /** Binds the socket and resolves with its port; rejects with the system's error. */
  bindTo(address: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.once('error', reject);
      this.bind({ address, port, exclusive: true }, () => {
        this.off('error', reject);
        // After binding, an error is about one peer (such as ICMP on some systems); the socket goes on.
        this.on('error', () => this.#stats.udpSendErrors++);
        resolve(this.address().port);
      });
    });
  }

  override handle(data: Buffer, { address, port }: RemoteInfo): void {
    this.#stats.udpQueries++;
    // Nothing can be sent to port 0, and Node throws at the attempt.
    const answer = port === 0 ? undefined : this.#answer(data, this.#sourceOf(address));
    if (answer === undefined) {
      this.#stats.udpDropped++;
      return;
    }
    try {
      this.send(answer, port, address, this.#onSent);
    } catch {
      // The socket was closed between the query and its answer, or the address is none that can be sent to:
      // the loss of a datagram, which UDP clients expect.
      this.#stats.udpSendErrors++;
    }
  }

  #sourceOf(address: string): ByteRange | undefined {
    return readPeer(address, this.#source) ? this.#source : undefined;
  }
}

function socketOptions(family: 4 | 6): UdpServerOptions {
  // dns2 hands `type` to dgram.Socket as it is, and that takes an options object too. Without ipv6Only, `::` would
  // also claim the port of 0.0.0.0. A burst waits in the receive buffer, whose default holds a few hundred queries.
  const type: unknown = {
    type: family === 4 ? 'udp4' : 'udp6',
    ipv6Only: family === 6,
    recvBufferSize: RECEIVE_BUFFER,
    lookup: keepAddress,
  };
  return { type } as UdpServerOptions;
}

/** Answers go to addresses, never to names: without this every one of them would wait for a turn in dns.lookup. */
function keepAddress(
  address: string,
  family: number,
  callback: (error: null, address: string, family: number) => void,
): void {
  callback(null, address, family);
}
