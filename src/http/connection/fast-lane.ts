/**
 * The fast lane of HTTP: connections that carry nothing but plain updates are read and answered here, at half of what
 * Node's HTTP server costs for each request.
 *
 * Invariants: a connection begins here, and with the first bytes that are not one whole plain update it goes, those
 * bytes first, to Node's server, which keeps it; one request at a time, so that replies are in order and what a
 * client sends ahead waits in the kernel; a client that does not read is not read from; a connection that is silent
 * is closed in time. Replies are the same bytes in both lanes.
 */
import type { Socket } from 'node:net';
import type { IpAddress } from '../../net/ip-address.ts';
import { asksForKeepAlive } from './keep-alive.ts';
import { Outbox } from './outbox.ts';
import { Places } from './places.ts';
import type { Reply } from '../reply.ts';
import { type PlainRequest, type RequestHead, parsePlainRequest } from './plain-request.ts';
import { createReplyFormatter } from './reply-bytes.ts';

/** What the lane works with. Times in milliseconds. */
export interface FastLaneOptions {
  /** Answers a request from `peer`; undefined where it is not an update, before anything was done. */
  readonly answer: (
    request: PlainRequest,
    peer: IpAddress,
    hangUp: () => void,
  ) => Reply | Promise<Reply> | undefined;
  /** Tells a client that has sent nothing in time, and closes its connection. */
  readonly refuseSilent: (socket: Socket) => void;
  /** Of a head, in bytes. */
  readonly headerBytes: number;
  /** Of silence at the beginning. */
  readonly headersTimeout: number;
  /** Of silence between requests, as it is announced. */
  readonly keepAliveTimeout: number;
}

/** Where connections begin. */
export interface FastLane {
  /** Takes a connection; `handOver` gives it to Node's server, and is called at most once. */
  take(socket: Socket, peer: IpAddress, handOver: () => void): void;
  /** Closes the connections that are between requests, and the others behind the request under way. */
  drain(): void;
}

/** Creates the lane. */
export function createFastLane(options: FastLaneOptions): FastLane {
  const lane: Lane = {
    ...options,
    format: createReplyFormatter(options.keepAliveTimeout),
    connections: new Places(),
    outbox: new Outbox(),
    draining: false,
  };
  return {
    take: (socket, peer, handOver) => {
      new FastConnection(lane, { socket, peer, handOver }).open();
    },
    drain: () => {
      lane.draining = true;
      for (const connection of lane.connections.all()) connection.drain();
    },
  };
}

/** What is common to the connections of a lane. */
interface Lane extends FastLaneOptions {
  readonly format: ReturnType<typeof createReplyFormatter>;
  readonly connections: Places<FastConnection>;
  readonly outbox: Outbox;
  draining: boolean;
}

/** Node keeps an idle connection for so much longer than it announces, so that a request on its way is not lost. */
const GRACE = 1_000;

/** In octets; devices and programs send a few hundred. */
const LONGEST_KEPT_HEAD = 1_024;

class FastConnection {
  readonly #lane: Lane;
  readonly #socket: Socket;
  readonly #peer: IpAddress;
  readonly #handOver: () => void;
  #place = -1;
  /** Of the last request, where it is short; whoever sends long ones shall not fill the memory with them. */
  #head: RequestHead | undefined;
  #served = false;
  /** Whether the client wants to stay connected behind the reply that is due. */
  #stays = false;
  /** `waiting` for the reply to a request; `closing` behind the last one, when nothing more is read. */
  #state: 'idle' | 'waiting' | 'closing' = 'idle';
  /** What is to be written. */
  #reply: Reply | undefined;
  /** What came while it waited. */
  #ahead: Buffer | undefined;
  /** Whether the client has said that nothing more will come. */
  #ended = false;

  constructor(
    lane: Lane,
    { socket, peer, handOver }: { socket: Socket; peer: IpAddress; handOver: () => void },
  ) {
    this.#lane = lane;
    this.#socket = socket;
    this.#peer = peer;
    this.#handOver = handOver;
  }

  open(): void {
    const socket = this.#socket;
    this.#place = this.#lane.connections.add(this);
    socket.setTimeout(this.#lane.headersTimeout);
    socket
      .on('data', this.#onData)
      .on('end', this.#onEnd)
      .on('drain', this.#onDrain)
      .on('timeout', this.#onTimeout)
      .on('error', this.#onError)
      .on('close', this.#onClose);
  }

  drain(): void {
    if (this.#state === 'idle') this.#close();
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#state === 'idle') this.#read(chunk);
    else if (this.#state === 'waiting') {
      this.#ahead = this.#ahead === undefined ? chunk : Buffer.concat([this.#ahead, chunk]);
      this.#socket.pause();
    }
  };

  #read(chunk: Buffer): void {
    const request =
      chunk.length > this.#lane.headerBytes
        ? undefined
        : parsePlainRequest(chunk.toString('latin1'), this.#head);
    const reply = request === undefined ? undefined : this.#lane.answer(request, this.#peer, this.#hangUp);
    if (request === undefined || reply === undefined) {
      this.#giveUp(chunk);
      return;
    }
    const { head } = request;
    if (!this.#served) this.#socket.setTimeout(this.#lane.keepAliveTimeout + GRACE);
    this.#served = true;
    this.#head = head.raw.length > LONGEST_KEPT_HEAD ? undefined : head;
    this.#stays = asksForKeepAlive(head.headers.connection);
    this.#state = 'waiting';
    if (reply instanceof Promise) void reply.then(this.#send);
    else this.#send(reply);
  }

  readonly #send = (reply: Reply): void => {
    this.#reply = reply;
    this.#lane.outbox.add(this.#write);
  };

  readonly #write = (): void => {
    const socket = this.#socket;
    const reply = this.#reply!;
    this.#reply = undefined;
    this.#state = 'idle';
    if (socket.destroyed) return;
    const stays = this.#stays && !this.#lane.draining;
    const taken = socket.write(this.#lane.format(reply, stays ? 'keep-alive' : 'close'), 'latin1');
    if (!stays) this.#close();
    else if (!taken) socket.pause();
    else if (this.#ahead !== undefined) this.#readAhead();
    else if (this.#ended) this.#close();
  };

  /** Behind what is still to be written. */
  #close(): void {
    this.#state = 'closing';
    // What the kernel took it sends behind a close, too, which is one call less than to shut down first.
    if (this.#socket.writableLength === 0) this.#socket.destroy();
    else this.#socket.destroySoon();
  }

  #readAhead(): void {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    this.#socket.resume();
    if (ahead !== undefined) this.#read(ahead);
  }

  /** Node's server gets the connection as if new, with what was read of it. */
  #giveUp(chunk: Buffer): void {
    const socket = this.#socket;
    this.#leave();
    socket.setTimeout(0);
    socket.pause();
    socket.unshift(chunk);
    this.#handOver();
    socket.resume();
  }

  #leave(): void {
    this.#lane.connections.remove(this.#place);
    this.#socket
      .off('data', this.#onData)
      .off('end', this.#onEnd)
      .off('drain', this.#onDrain)
      .off('timeout', this.#onTimeout)
      .off('error', this.#onError)
      .off('close', this.#onClose);
  }

  readonly #hangUp = (): void => {
    this.#socket.destroy();
  };

  /** A client that has sent all may still wait for its reply. */
  readonly #onEnd = (): void => {
    this.#ended = true;
    if (this.#state === 'idle') this.#close();
  };

  readonly #onDrain = (): void => {
    if (this.#state === 'idle') this.#readAhead();
  };

  readonly #onTimeout = (): void => {
    if (this.#state === 'waiting') return;
    // Also one that does not take its last reply.
    if (this.#served) this.#socket.destroy();
    else {
      this.#state = 'closing';
      this.#lane.refuseSilent(this.#socket);
    }
  };

  /** The connection is gone, which its 'close' says too. */
  readonly #onError = (): void => {
    this.#socket.destroy();
  };

  readonly #onClose = (): void => {
    this.#lane.connections.remove(this.#place);
  };
}
