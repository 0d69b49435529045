/**
 * Whether the servers of this process answer, found out as a client would: by asking them over the network.
 * Invariant: a check costs a few packets on loopback at most once a second, however often its result is asked for,
 * and always ends within its time.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { Clock } from './clock.ts';

/** An address and a port of a listener. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** `pass`, or a sentence that says what is wrong. */
export type CheckResult = string;

/** The result of a check that passed. */
export const PASS: CheckResult = 'pass';

const TIMEOUT_MS = 1000;
const CACHE_MS = 1000;

/** Asks a DNS server over UDP for the root's SOA (RFC 1035 §4.1); any answer to that question passes. */
export function checkUdpDns({ address, port }: Endpoint): Promise<CheckResult> {
  return new Promise((resolve) => {
    const id = randomInt(0x10000);
    const query = Buffer.from([id >> 8, id & 255, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1]);
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const finish = (result: CheckResult): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      // What still arrives after the result, an ICMP error for one, changes nothing.
      socket.on('error', () => undefined);
      socket.close();
      resolve(result);
    };
    const timer = setTimeout(() => {
      finish(`no answer over UDP within ${TIMEOUT_MS} ms`);
    }, TIMEOUT_MS);
    socket.once('error', (error) => {
      finish(`UDP: ${error.message}`);
    });
    socket.on('message', (reply) => {
      if (reply.length >= 12 && reply.readUInt16BE(0) === id && (reply[2]! & 0x80) !== 0) finish(PASS);
    });
    socket.send(query, port, address);
  });
}

/** Connects over TCP; an accepted connection passes. */
export function checkTcp({ address, port }: Endpoint): Promise<CheckResult> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const finish = (result: CheckResult): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(TIMEOUT_MS, () => {
      finish(`no TCP connection within ${TIMEOUT_MS} ms`);
    });
    socket.once('connect', () => {
      finish(PASS);
    });
    socket.on('error', (error) => {
      finish(`TCP: ${error.message}`);
    });
  });
}

/** A check whose result is kept for a second; callers at the same time share one. */
export function createCachedCheck<T>(check: () => Promise<T>, clock: Clock): () => Promise<T> {
  let kept: { readonly at: number; readonly result: Promise<T> } | undefined;
  return () => {
    const now = clock.now();
    if (kept === undefined || now < kept.at || now - kept.at >= CACHE_MS) kept = { at: now, result: check() };
    return kept.result;
  };
}
