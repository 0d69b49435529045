/** Asks a STUN server over UDP for this machine's address. Invariant: the socket is closed in every case. */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import type { Family } from '../config/agent-config.ts';
import { decodeBindingResponse, encodeBindingRequest } from './stun-message.ts';

/** A lost datagram is sent again after this time, in milliseconds, and then after twice as long (RFC 8489 §6.2.1). */
const FIRST_RESEND_MS = 500;

/** The address that the server sees; rejects with a reason for people where there is none until `signal` fires. */
export async function askStun(
  server: { readonly host: string; readonly port: number },
  family: Family,
  signal: AbortSignal,
): Promise<string> {
  const { address } = await lookup(server.host, { family: family === 'ipv4' ? 4 : 6 });
  signal.throwIfAborted();
  const transaction = randomBytes(12);
  const request = encodeBindingRequest(transaction);
  const socket = createSocket(family === 'ipv4' ? 'udp4' : 'udp6');
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<string>((resolve, reject) => {
      const send = (again: number): void => {
        socket.send(request, server.port, address, (error) => {
          if (error !== null) reject(error);
        });
        timer = setTimeout(send, again, again * 2);
      };
      signal.addEventListener('abort', () => {
        reject(new Error('no answer in time'));
      });
      socket.on('error', reject);
      socket.on('message', (datagram) => {
        const found = decodeBindingResponse(datagram, transaction);
        if (found !== undefined) resolve(found);
      });
      send(FIRST_RESEND_MS);
    });
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}
