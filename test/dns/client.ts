/** A running server on ports of its own, and clients that do what they are told, also what no resolver would do. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import type { TestContext } from 'node:test';
import { type DnsServer, createDnsServer } from '../../src/dns/server/dns-server.ts';
import type { DnsLimits } from '../../src/dns/server/limits.ts';
import { SILENT_LOG, exampleZone, zoneSet } from './zones.ts';

/** A started server for the example zone, stopped with the test. */
export async function startServer(
  t: TestContext,
  limits: Partial<DnsLimits> = {},
): Promise<{ server: DnsServer; port: number }> {
  const server = createDnsServer({
    listen: [{ address: '127.0.0.1', port: 0 }],
    zones: zoneSet(exampleZone()),
    limits,
    log: SILENT_LOG,
  });
  await server.start();
  t.after(() => server.stop());
  return { server, port: server.addresses[0]!.port };
}

/** The answer to one datagram, or undefined where none comes in `ms`. */
export async function askUdp(
  port: number,
  query: Uint8Array,
  { address = '127.0.0.1', ms = 2000 } = {},
): Promise<Buffer | undefined> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  try {
    const answer = new Promise<Buffer | undefined>((resolve, reject) => {
      socket.once('message', resolve).once('error', reject);
      setTimeout(resolve, ms, undefined).unref();
    });
    socket.send(query, port, address);
    return await answer;
  } finally {
    socket.close();
  }
}

/** A query as it goes over TCP. */
export function frame(query: Uint8Array): Buffer {
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16BE(query.length);
  return Buffer.concat([prefix, query]);
}

/** A TCP connection whose answers are collected. */
export class TcpPeer {
  readonly socket: Socket;
  /** Set when the server's FIN or RST came. */
  ended: 'fin' | 'reset' | undefined;
  #received = Buffer.alloc(0);

  constructor(port: number, address = '127.0.0.1') {
    this.socket = connect({ port, host: address, allowHalfOpen: true });
    this.socket.setNoDelay(true);
    this.socket.on('data', (chunk: Buffer) => (this.#received = Buffer.concat([this.#received, chunk])));
    this.socket.on('end', () => (this.ended ??= 'fin'));
    this.socket.on('error', () => (this.ended = 'reset'));
  }

  /** Resolves when the connection stands; fails the test where it does not. */
  async connected(): Promise<this> {
    if (this.socket.connecting) await once(this.socket, 'connect');
    return this;
  }

  /** The next `count` answers; fails the test where they do not come in `ms`. */
  async answers(count: number, ms = 5000): Promise<Buffer[]> {
    const answers: Buffer[] = [];
    await waitFor(() => {
      while (this.#received.length >= 2 && this.#received.length >= 2 + this.#received.readUInt16BE(0)) {
        const end = 2 + this.#received.readUInt16BE(0);
        answers.push(this.#received.subarray(2, end));
        this.#received = this.#received.subarray(end);
      }
      return answers.length >= count || this.ended !== undefined;
    }, ms);
    assert.equal(answers.length, count, 'every query is answered');
    return answers;
  }

  /** How the server ended the connection; fails the test where it does not in `ms`. */
  async end(ms = 5000): Promise<'fin' | 'reset'> {
    await waitFor(() => this.ended !== undefined, ms);
    return this.ended!;
  }
}

/** Polls until `condition` holds; fails the test where it does not in `ms`. */
export async function waitFor(condition: () => boolean, ms = 5000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `not within ${ms} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
