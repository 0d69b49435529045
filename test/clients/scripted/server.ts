/**
 * A server that says what a transcript tells it to, octet by octet, over real sockets, to both agents. It reads requests as
 * raw bytes, so that what it notes is what was sent. Invariant: after `close` nothing of it is left.
 */
import { once } from 'node:events';
import { type Server, type Socket, createServer } from 'node:net';
import { TLSSocket, createServer as createTlsServer } from 'node:tls';
import type { Authority } from './certificates.ts';
import type { ScriptedReply } from './reply.ts';

const GOOD: ScriptedReply = { status: 200, headers: { 'content-type': 'text/plain' }, body: 'good\n' };

/** A request as it came. */
export interface ScriptedRequest {
  readonly method: string;
  readonly path: string;
  /** With names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The number of the connection it came over, from 1. */
  readonly connection: number;
  /** Head and body as they were read, in Latin-1. */
  readonly text: string;
}

/** What to say to a request: always the same, or depending on it and on its number, from 1. */
export type Script = ScriptedReply | ((request: ScriptedRequest, count: number) => ScriptedReply);

/** A running server. */
export interface ScriptedServer {
  /** `http://127.0.0.1:PORT`, or https. */
  readonly url: string;
  readonly port: number;
  /** Every request so far. */
  readonly requests: readonly ScriptedRequest[];
  /** Requests at the other place, to which `redirect: other` and `plain` point. */
  readonly otherRequests: readonly ScriptedRequest[];
  /** How many connections were opened, over TLS those whose handshake was done. */
  readonly connections: number;
  /** The common names of the certificates that clients presented, one for each connection over TLS; '' for none. */
  readonly peers: readonly string[];
  /** Says something else from now on. */
  say(script: Script): void;
  close(): Promise<void>;
}

/** How a server is started. */
export interface ScriptedServerOptions {
  /** `good` to everything, where it is left out. */
  readonly script?: Script;
  readonly host?: '127.0.0.1' | '::1';
  /** Whose certificates it shows; `tls` of the first script needs it. */
  readonly authority?: Authority;
  /** Asks for a certificate of the client; one that comes or does not changes nothing. */
  readonly askCertificate?: boolean;
}

/** Starts a server on a free port; whether it speaks TLS, and how, is said by the first script, if that is a reply. */
export async function startScriptedServer(options: ScriptedServerOptions = {}): Promise<ScriptedServer> {
  const { host = '127.0.0.1' } = options;
  let script = options.script ?? GOOD;
  const kind = typeof script === 'function' ? undefined : script.tls;
  const [requests, otherRequests, peers]: [ScriptedRequest[], ScriptedRequest[], string[]] = [[], [], []];
  const other = await listen(
    createServer((socket) => {
      serve(socket, 0, (request) => {
        otherRequests.push(request);
        return GOOD;
      });
    }),
    host,
  );
  const places = { url: '', other: placeOf('http', host, other.port) };
  let connections = 0;
  const onSocket = (socket: Socket): void => {
    const connection = ++connections;
    if (socket instanceof TLSSocket) peers.push(nameOf(socket));
    serve(socket, connection, (request) => {
      const count = requests.push(request);
      const reply = typeof script === 'function' ? script(request, count) : script;
      return reply.redirect === undefined ? reply : redirectReply(reply, request, places);
    });
  };
  const server = await listen(makeServer(kind, options, onSocket), host);
  places.url = placeOf(kind === undefined ? 'http' : 'https', host, server.port);
  return {
    url: places.url,
    port: server.port,
    requests,
    otherRequests,
    peers,
    get connections() {
      return connections;
    },
    say: (next) => {
      script = next;
    },
    close: async () => {
      await Promise.all([server.close(), other.close()]);
    },
  };
}

/** The common name that a client presented, or ''. */
function nameOf(socket: TLSSocket): string {
  const { subject } = socket.getPeerCertificate() as { subject?: { CN?: string } };
  return subject?.CN ?? '';
}

function makeServer(
  kind: ScriptedReply['tls'],
  { authority, askCertificate = false }: ScriptedServerOptions,
  onSocket: (socket: Socket) => void,
): Server {
  if (kind === undefined || kind === 'none') return createServer(onSocket);
  if (authority === undefined) throw new Error('TLS needs an authority');
  const old = kind === 'version-1.1';
  const identity = authority.identity(old ? 'good' : kind);
  return createTlsServer(
    {
      ...identity,
      ...{ requestCert: askCertificate, rejectUnauthorized: false },
      ...(old ? { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } : {}),
    },
    onSocket,
  );
}

async function listen(
  server: Server,
  host: string,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Reads requests one after the other, and answers each. */
function serve(
  socket: Socket,
  connection: number,
  answer: (request: ScriptedRequest) => ScriptedReply,
): void {
  let text = '';
  let ended = false;
  let writing: Promise<void> = Promise.resolve();
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    // A handshake of TLS: what every server of plain HTTP says to that.
    if (text.startsWith('\x16')) {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      return;
    }
    for (;;) {
      const taken = takeRequest(text, connection);
      if (taken === undefined || ended) return;
      text = taken.rest;
      const reply = answer(taken.request);
      ended = reply.raw !== undefined || reply.reset !== undefined || reply.close !== undefined;
      writing = writing.then(() => write(socket, reply));
    }
  });
}

function takeRequest(
  text: string,
  connection: number,
): { readonly request: ScriptedRequest; readonly rest: string } | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [line = '', ...fields] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    fields.map((field) => {
      const colon = field.indexOf(':');
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
    }),
  );
  const length = Number(headers['content-length'] ?? 0);
  const rest = text.slice(end + 4);
  if (rest.length < length) return undefined;
  const [method = '', path = ''] = line.split(' ');
  const body = rest.slice(0, length);
  const request = { method, path, headers, body, connection, text: text.slice(0, end + 4) + body };
  return { request, rest: rest.slice(length) };
}

async function write(socket: Socket, reply: ScriptedReply): Promise<void> {
  if (reply.silent === true) return;
  if (reply.reset !== undefined) {
    socket.resetAndDestroy();
    return;
  }
  if (reply.close !== undefined) {
    socket.end();
    return;
  }
  if (reply.raw !== undefined) {
    socket.write(Buffer.from(reply.raw, 'latin1'), () => {
      if (reply.then === 'reset') socket.resetAndDestroy();
      else if (reply.then !== 'silent') socket.end();
    });
    return;
  }
  await writeWhole(socket, reply);
}

async function writeWhole(socket: Socket, reply: ScriptedReply): Promise<void> {
  const { status = 200, headers = {}, body = '', bodyBase64, repeat, octets = 0, octetEveryMs } = reply;
  const content = bodyBase64 === undefined ? Buffer.from(body, 'utf8') : Buffer.from(bodyBase64, 'base64');
  const length = status === 204 ? {} : { 'content-length': String(content.length) };
  const framing = repeat === undefined ? length : { connection: 'close' };
  const lines = Object.entries({ ...headers, ...framing }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status} Scripted\r\n${lines.join('')}\r\n`);
  if (octetEveryMs === undefined) socket.write(content);
  else
    for (const octet of content) {
      socket.write(Buffer.of(octet));
      await new Promise((resolve) => setTimeout(resolve, octetEveryMs));
    }
  if (repeat === undefined) return;
  const chunk = Buffer.from(repeat.repeat(16_384));
  for (let sent = 0; sent < octets && !socket.destroyed; sent += chunk.length)
    if (!socket.write(chunk))
      await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => undefined);
  socket.end();
}

function redirectReply(
  reply: ScriptedReply,
  request: ScriptedRequest,
  places: { readonly url: string; readonly other: string },
): ScriptedReply {
  const hop = Number(/[?&]hop=(\d+)/.exec(request.path)?.[1] ?? 0);
  if (hop > 0 && reply.endless !== true && typeof reply.then === 'object') return reply.then;
  const base = reply.redirect === 'same' ? places.url : places.other;
  const location = `${base}/moved?hop=${hop + 1}`;
  return { status: reply.status ?? 302, headers: { location }, body: '' };
}

function placeOf(scheme: string, host: string, port: number): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
