/**
 * A server that gives the replies of `clients/transcripts` octet by octet, over real sockets (its README says how).
 * Invariant: it records every request whole, so that a test can say what must never be asked.
 */
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { TLSSocket, createServer as createTlsServer } from 'node:tls';
import type { Authority, TlsKind } from '../agent/scripted/certificates.ts';

/** One way to reply, as the transcripts write it. */
export interface ScriptedReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly bodyBase64?: string;
  readonly repeat?: string;
  readonly octets?: number;
  readonly octetEveryMs?: number;
  readonly raw?: string;
  readonly then?: ScriptedReply | 'reset' | 'silent';
  readonly reset?: string;
  readonly close?: string;
  readonly silent?: boolean;
  readonly redirect?: 'same' | 'other' | 'plain';
  readonly endless?: boolean;
  readonly tls?: TlsKind;
}

/** A server with one script. */
export interface ScriptedServer {
  readonly port: number;
  /** Every request, head and body, in the order in which they were read. */
  readonly requests: string[];
  /** The common names of the certificates that clients presented. */
  readonly peers: string[];
  /** Connections that were opened. */
  readonly connections: () => number;
  /** What is replied from here on; a function is asked for each request. */
  reply(next: ScriptedReply | ((request: string, count: number) => ScriptedReply)): void;
  close(): Promise<void>;
}

/** Where a redirect leads. */
export interface Elsewhere {
  readonly other: string;
  readonly plain: string;
}

/** Starts one at an address; `tls` names the fault, or `good`; undefined is plain HTTP. */
export async function startScriptedServer({
  address = '127.0.0.1',
  tls,
  authority,
  elsewhere = { other: 'http://127.0.0.2:9/', plain: 'http://127.0.0.1:9/' },
  requestClientCertificate = false,
}: {
  address?: string;
  tls?: TlsKind;
  authority?: Authority;
  elsewhere?: Elsewhere;
  requestClientCertificate?: boolean;
} = {}): Promise<ScriptedServer> {
  const requests: string[] = [];
  const peers: string[] = [];
  const sockets = new Set<Socket>();
  let opened = 0;
  let script: (request: string, count: number) => ScriptedReply = () => ({ status: 200, body: 'good' });
  const listener = (socket: Socket): void => {
    opened++;
    if (socket instanceof TLSSocket) peers.push(nameOf(socket));
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A client that goes away in the middle of a reply is part of the script.
    socket.on('error', () => socket.destroy());
    if (tls === 'none') {
      // As any HTTP server answers octets that are no request.
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'));
      return;
    }
    serve(socket, (request) => {
      requests.push(request);
      return { reply: script(request, requests.length), path: request.split(' ')[1]!, elsewhere };
    });
  };
  const server = listen(listener, tls, authority, requestClientCertificate);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, address, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    peers,
    connections: () => opened,
    reply: (next) => {
      script = typeof next === 'function' ? next : () => next;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The common name that a client presented, or ''. */
function nameOf(socket: TLSSocket): string {
  const { subject } = socket.getPeerCertificate() as { subject?: { CN?: string } };
  return subject?.CN ?? '';
}

function listen(
  listener: (socket: Socket) => void,
  tls: TlsKind | undefined,
  authority: Authority | undefined,
  requestCert: boolean,
): Server {
  if (tls === undefined || tls === 'none') return createServer(listener);
  const { cert, key } = authority!.identity(tls);
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
  const options = {
    cert,
    key,
    requestCert,
    rejectUnauthorized: false,
    ...(tls === 'version-1.1' ? old : {}),
  };
  const server = createTlsServer(options, listener);
  server.on('tlsClientError', () => undefined);
  return server;
}

interface Answer {
  readonly reply: ScriptedReply;
  readonly path: string;
  readonly elsewhere: Elsewhere;
}

function serve(socket: Socket, answer: (request: string) => Answer): void {
  let waiting = '';
  socket.on('data', (chunk: Buffer) => {
    waiting += chunk.toString('latin1');
    for (;;) {
      const head = waiting.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/^content-length: (\d+)/im.exec(waiting.slice(0, head))?.[1] ?? 0);
      if (waiting.length < head + 4 + length) return;
      const request = waiting.slice(0, head + 4 + length);
      waiting = waiting.slice(head + 4 + length);
      send(socket, answer(request));
    }
  });
}

function send(socket: Socket, { reply, path, elsewhere }: Answer): void {
  if (reply.reset !== undefined) socket.resetAndDestroy();
  else if (reply.close !== undefined) socket.end();
  else if (reply.silent === true) return;
  else if (reply.raw !== undefined) {
    socket.write(Buffer.from(reply.raw, 'latin1'));
    if (reply.then === 'reset') setTimeout(() => socket.resetAndDestroy(), 30);
    else if (reply.then !== 'silent') socket.end();
  } else if (reply.redirect !== undefined) sendRedirect(socket, { reply, path, elsewhere });
  else sendWhole(socket, reply);
}

function sendRedirect(socket: Socket, { reply, path, elsewhere }: Answer): void {
  const then = reply.then;
  if (path.includes('again') && typeof then === 'object') {
    sendWhole(socket, then);
    return;
  }
  const location = reply.redirect === 'same' ? `${path}&again=1` : elsewhere[reply.redirect!];
  sendWhole(socket, { status: reply.status ?? 302, headers: { location }, body: '' });
}

function sendWhole(socket: Socket, reply: ScriptedReply): void {
  const body =
    reply.bodyBase64 === undefined ? Buffer.from(reply.body ?? '') : Buffer.from(reply.bodyBase64, 'base64');
  const endless = reply.repeat !== undefined;
  const length = endless || reply.status === 204 ? [] : [`Content-Length: ${body.length}`];
  const headers = Object.entries(reply.headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  socket.write(`HTTP/1.1 ${reply.status ?? 200} Reply\r\n${[...headers, ...length].join('\r\n')}\r\n\r\n`);
  if (endless) {
    socket.write(body);
    repeat(socket, Buffer.from(reply.repeat.repeat(65_536)), reply.octets!);
  } else if (reply.octetEveryMs === undefined) socket.write(body);
  else drip(socket, body, reply.octetEveryMs);
}

function repeat(socket: Socket, piece: Buffer, left: number): void {
  if (left <= 0 || socket.destroyed) {
    socket.end();
    return;
  }
  socket.write(piece.subarray(0, left), () => {
    repeat(socket, piece, left - piece.length);
  });
}

function drip(socket: Socket, body: Buffer, everyMs: number): void {
  if (body.length === 0 || socket.destroyed) return;
  socket.write(body.subarray(0, 1));
  setTimeout(() => {
    drip(socket, body.subarray(1), everyMs);
  }, everyMs);
}
