/**
 * One TCP connection of the DNS server: length-prefixed queries in, answers out in the same order (RFC 1035 §4.2.2,
 * RFC 7766 §6.2, §7, §8).
 *
 * Invariants: holds at most one message and one read of unanswered input and a bounded backlog of output; tells of
 * progress only when a query was completed or answers were taken, whatever else the peer sends.
 */
import type { Socket } from 'node:net';
import type { ByteRange } from '../cookies/server-cookies.ts';
import { peerOf } from '../rrl/source-words.ts';
import { FrameBuffer } from './frame-buffer.ts';
import type { DnsLimits } from './limits.ts';
import type { DnsStats } from './stats.ts';

/** What a session needs. `answer` gives the bytes to send back, or undefined to close; it never throws. */
export interface TcpSessionOptions {
  readonly answer: (query: Uint8Array, source: ByteRange | undefined) => Uint8Array | undefined;
  readonly limits: DnsLimits;
  readonly stats: DnsStats;
  /** Called when the session did something useful and when it ended. */
  readonly onProgress: () => void;
  readonly onEnd: () => void;
}

/** Serves a connection from its acceptance to its end. */
export class TcpSession {
  readonly #socket: Socket;
  readonly #options: TcpSessionOptions;
  readonly #source: ByteRange | undefined;
  readonly #input = new FrameBuffer();
  #peerEnded = false;
  #isFinished = false;
  #turn: NodeJS.Immediate | undefined;

  constructor(socket: Socket, options: TcpSessionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#source = peerOf(socket.remoteAddress ?? '');
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#read(chunk);
    });
    socket.on('end', () => {
      this.#endOfInput();
    });
    socket.on('drain', () => {
      options.onProgress();
      this.#serve();
    });
    // A reset by the peer: 'close' follows and does what there is to do.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed();
    });
  }

  /** Ends the connection at once, without the answers that are still unsent. */
  destroy(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#input.append(chunk);
    this.#serve();
  }

  #endOfInput(): void {
    this.#peerEnded = true;
    this.#serve();
  }

  /** Answers what is complete, up to one turn's share, and reads on only while there is room for more answers. */
  #serve(): void {
    if (this.#turn !== undefined || this.#isFinished || this.#isBacklogged()) return;
    const { limits, stats, answer } = this.#options;
    const replies: Uint8Array[] = [];
    let size = 0;
    for (let n = 0; n < limits.tcpQueriesPerTurn && size < limits.tcpBacklogBytes; n++) {
      const query = this.#input.next();
      if (query === undefined) break;
      stats.tcpQueries++;
      const reply = answer(query, this.#source);
      if (reply === undefined) {
        this.#write(replies);
        this.#finish();
        return;
      }
      replies.push(reply);
      size += reply.length;
    }
    this.#write(replies);
    if (this.#isBacklogged()) this.#socket.pause();
    else if (this.#input.isReady) {
      this.#socket.pause();
      this.#turn = setImmediate(() => {
        this.#turn = undefined;
        this.#serve();
      });
    } else if (this.#peerEnded) this.#finish();
    else this.#socket.resume();
  }

  #write(replies: readonly Uint8Array[]): void {
    if (replies.length === 0) return;
    this.#options.stats.tcpAnswers += replies.length;
    const framed = Buffer.allocUnsafe(replies.reduce((sum, { length }) => sum + 2 + length, 0));
    let at = 0;
    for (const reply of replies) {
      framed[at] = reply.length >>> 8;
      framed[at + 1] = reply.length;
      framed.set(reply, at + 2);
      at += 2 + reply.length;
    }
    this.#socket.write(framed);
    this.#options.onProgress();
  }

  #isBacklogged(): boolean {
    // Below its high-water mark a socket does not tell when it was drained.
    const { writableLength, writableHighWaterMark } = this.#socket;
    return writableLength > Math.max(this.#options.limits.tcpBacklogBytes, writableHighWaterMark);
  }

  /** Closes after the answers that are written; a peer that does not take them runs into the idle time. */
  #finish(): void {
    this.#isFinished = true;
    this.#socket.removeAllListeners('data');
    this.#socket.destroySoon();
  }

  #closed(): void {
    this.#isFinished = true;
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#options.onEnd();
  }
}
