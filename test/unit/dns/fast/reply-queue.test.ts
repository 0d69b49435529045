import assert from 'node:assert/strict';
import { type Socket, createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { BATCH, MessageBatch, NAME_BYTES } from '../../../../src/dns/fast/message-batch.ts';
import { type NativeSockets, loadNativeSockets } from '../../../../src/dns/fast/native-socket.ts';
import { ReplyQueue } from '../../../../src/dns/fast/reply-queue.ts';
import { boundPort, closeSocket, openSocket } from '../../../../src/dns/fast/udp-socket.ts';
import type { IpAddress } from '../../../../src/net/ip-address.ts';
import { parseIpAddress } from '../../../../src/net/ip-address.ts';

const SOL_SOCKET = 1;
const SO_NO_CHECK = 11;

const native = loadNativeSockets();
const skip = typeof native === 'string' ? native : false;

function address(text: string): IpAddress {
  const parsed = parseIpAddress(text);
  assert.ok(parsed !== undefined);
  return parsed;
}

/** A client that keeps what it is sent, with the address it came from. */
class Peer {
  readonly socket: Socket;
  readonly replies: string[] = [];

  constructor(family: 4 | 6) {
    this.socket = createSocket(family === 4 ? 'udp4' : 'udp6');
    this.socket.on('message', (bytes, from) =>
      this.replies.push(`${from.address} ${bytes.toString('latin1')}`),
    );
  }

  async open(): Promise<this> {
    this.socket.bind(0);
    await once(this.socket, 'listening');
    return this;
  }
}

/**
 * Peers send one message after another, to `to`; each is replied to with `size(message)` bytes that begin with it. Returns how
 * many replies the queue could not send; every peer must have got the replies to its own messages, each as a datagram.
 */
async function exchange(
  native: NativeSockets,
  to: { listen: string; ask: string; peers: number },
  size: (message: number) => number,
  prepare: (socket: number, queue: ReplyQueue) => void = () => undefined,
): Promise<number> {
  const socket = openSocket(native, address(to.listen), 0);
  const port = boundPort(native, socket);
  const peers = await Promise.all(
    Array.from({ length: to.peers }, () => new Peer(to.ask.includes(':') ? 6 : 4).open()),
  );
  try {
    const batch = new MessageBatch(native);
    const queue = new ReplyQueue(native, batch);
    prepare(socket, queue);
    const expected = peers.map(() => [] as string[]);
    const sent = Array.from({ length: BATCH }, (_, message) => {
      const peer = message % peers.length;
      const text = `message ${message}`.padEnd(12, ' ');
      expected[peer]!.push(`${to.ask} ${text.padEnd(size(message), '.')}`);
      return new Promise((resolve) => {
        peers[peer]!.socket.send(text, port, to.ask, resolve);
      });
    });
    await Promise.all(sent);
    let unsent = 0;
    for (let received = 0; received < BATCH;) {
      const count = batch.receive(socket, true);
      assert.ok(count > 0, 'a message was lost before it was read');
      for (let i = 0; i < count; i++) {
        const start = i * (batch.packets.length / BATCH);
        const text = Buffer.from(batch.packets.subarray(start, start + batch.lengthOf(i))).toString('latin1');
        const length = size(Number(text.slice(8)));
        batch.packets.fill(46, start + text.length, start + length);
        queue.queueReply(i, length);
      }
      unsent += queue.flush(socket);
      received += count;
    }
    for (let turn = 0; turn < 200; turn++) {
      if (peers.every(({ replies }, i) => replies.length >= expected[i]!.length)) break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const [i, { replies }] of peers.entries())
      assert.deepEqual(replies.toSorted(), expected[i]!.toSorted());
    return unsent;
  } finally {
    for (const { socket } of peers) socket.close();
    closeSocket(native, socket);
  }
}

describe('replies to a batch', { skip }, () => {
  const sockets = native as NativeSockets;

  it('reach each of several peers as datagrams of their own, whatever their lengths', async () => {
    assert.equal(await exchange(sockets, { listen: '127.0.0.1', ask: '127.0.0.1', peers: 5 }, () => 60), 0);
    const mixed = (message: number): number => 20 + (message % 7) * 33;
    assert.equal(await exchange(sockets, { listen: '127.0.0.1', ask: '127.0.0.1', peers: 3 }, mixed), 0);
  });

  it('to one peer alone, as long as replies can be', async () => {
    assert.equal(await exchange(sockets, { listen: '127.0.0.1', ask: '127.0.0.1', peers: 1 }, () => 1232), 0);
  });

  it('leave from the address that was asked, over IPv4 and IPv6', async () => {
    assert.equal(await exchange(sockets, { listen: '0.0.0.0', ask: '127.0.0.9', peers: 4 }, () => 60), 0);
    assert.equal(await exchange(sockets, { listen: '::', ask: '::1', peers: 4 }, () => 60), 0);
  });

  it('go one by one where the kernel refuses to cut them', async () => {
    // The kernel cuts no message of a socket without checksums (udp_send_skb).
    const refuse = (socket: number): void => {
      const one = new Uint8Array([1, 0, 0, 0]);
      assert.equal(sockets.setsockopt(socket, SOL_SOCKET, SO_NO_CHECK, one, one.length), 0);
    };
    assert.equal(
      await exchange(sockets, { listen: '127.0.0.1', ask: '127.0.0.1', peers: 2 }, () => 60, refuse),
      0,
    );
  });

  it('that go nowhere are counted, and the others still leave', async () => {
    let unsent = 0;
    // A reply queued for port 0 can't be sent; it stands before the others.
    const spoil = (socket: number, queue: ReplyQueue): void => {
      const batch = new MessageBatch(sockets);
      const spoilt = new ReplyQueue(sockets, batch);
      batch.names[0] = 2;
      batch.names[4] = 127;
      batch.names[7] = 1;
      batch.names.copyWithin(NAME_BYTES, 0, NAME_BYTES);
      spoilt.queue(0, 30, 16, 0);
      spoilt.queue(1, 30, 16, 0);
      unsent = spoilt.flush(socket);
      assert.ok(queue instanceof ReplyQueue);
    };
    assert.equal(
      await exchange(sockets, { listen: '127.0.0.1', ask: '127.0.0.1', peers: 2 }, () => 60, spoil),
      0,
    );
    assert.equal(unsent, 2);
  });

  it('are never taken from outside their slot', () => {
    const queue = new ReplyQueue(sockets, new MessageBatch(sockets));
    assert.throws(() => {
      queue.queue(0, 5000, 16, 0);
    }, RangeError);
    assert.throws(() => {
      queue.queue(0, 30, 33, 0);
    }, RangeError);
  });
});
