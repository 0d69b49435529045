/**
 * The server's end of the control socket: takes administrative commands from programs of the same user.
 *
 * Invariants: only the owner of the data directory can connect (mode 0600 from the first moment on); whatever is
 * written to the socket costs a bounded amount of memory (a line, and the parts of one command) and never ends the server.
 */
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type Server, type Socket, createServer } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { jsonPieces } from '../../ops/json-pieces.ts';
import type { Log } from '../../ops/log.ts';
import type { AdminResult, Administrator, OnProgress, Progress } from '../../update/admin/command.ts';
import { SentParts } from './parts.ts';
import {
  type ControlRequest,
  type ControlResponse,
  type HostAttemptsReport,
  MAX_LINE_BYTES,
  MAX_SENT_BYTES,
  type ServerStatus,
  controlRequestSchema,
  createLineReader,
} from './protocol.ts';
import { ControlError, SOCKET_NAME, type SocketPath, openSocketPath } from './socket-path.ts';

/** What the socket gives access to. */
export interface ControlHandlers {
  readonly administrator: Administrator;
  status(): Promise<ServerStatus>;
  /** The attempts at a host; undefined where there is none of that name. */
  attempts(fqdn: string): HostAttemptsReport | undefined;
  /** Writes a backup; resolves with what was written, for people and scripts. Rejects with an operational error. */
  backup(file: string): Promise<unknown>;
}

/** A control server. */
export interface ControlServer {
  /** Binds; a socket file left over by a server that was killed is replaced. Rejects with ControlError. */
  start(): Promise<void>;
  /** Takes no more requests and waits for those under way. */
  stop(): Promise<void>;
}

const MAX_CONNECTIONS = 64;
/** A connection that sends nothing for so long is closed. */
const IDLE_MS = 60_000;
const PROGRESS_MS = 100;
const HEARTBEAT_MS = 1000;
/** A piece of an answer after which others get their turn, in characters. */
const LONG_PIECE = 4096;

/** Creates the server for a data directory whose lock the caller holds. */
export function createControlServer(options: {
  readonly directory: string;
  readonly handlers: ControlHandlers;
  readonly log: Log;
}): ControlServer {
  const { directory, handlers, log } = options;
  const sockets = new Map<Socket, Connection>();
  let socketPath: SocketPath | undefined;
  const server = createServer((socket) => {
    const connection = serveConnection(socket, handlers, log);
    sockets.set(socket, connection);
    socket.once('close', () => sockets.delete(socket));
  });
  server.maxConnections = MAX_CONNECTIONS;
  return {
    start: async () => {
      removeStaleSocket(join(directory, SOCKET_NAME));
      socketPath = openSocketPath(directory);
      try {
        await listen(server, socketPath.path);
      } catch (error) {
        socketPath.release();
        throw error;
      }
    },
    stop: async () => {
      const closed = new Promise<void>((resolve) => {
        if (server.listening)
          server.close(() => {
            resolve();
          });
        else resolve();
      });
      await Promise.all([...sockets.values()].map((connection) => connection.drain()));
      await closed;
      socketPath?.release();
    },
  };
}

interface Connection {
  /** Answers the request under way, then ends the connection. */
  drain(): Promise<void>;
}

function serveConnection(socket: Socket, handlers: ControlHandlers, log: Log): Connection {
  const reader = createLineReader(MAX_LINE_BYTES);
  const parts = new SentParts();
  let pending = Promise.resolve();
  let busy = 0;
  let draining = false;
  const tell = createTeller(
    (progress) => socket.writable && socket.write(`${JSON.stringify({ progress })}\n`),
  );
  const send = async (response: ControlResponse): Promise<void> => {
    for (const piece of jsonPieces(response)) {
      if (!socket.writable) return;
      socket.write(piece);
      if (piece.length >= LONG_PIECE) await setImmediate();
    }
    if (socket.writable) socket.write('\n');
  };
  socket.setTimeout(IDLE_MS, () => {
    // A backup may take longer than a peer may be silent.
    if (busy === 0) socket.destroy();
  });
  socket.on('error', (error) => {
    log.debug({ err: error }, 'a control connection broke');
  });
  socket.on('data', (chunk) => {
    if (draining) return;
    const lines = reader.push(chunk);
    if (lines === undefined) {
      draining = true;
      const message = `a request has at most ${MAX_LINE_BYTES} bytes`;
      void send({ ok: false, code: 'bad-request', message }).then(() => {
        socket.destroySoon();
      });
      return;
    }
    if (lines.length === 0) return;
    // One at a time: answers keep the order of the requests, and one peer can't crowd out the updates.
    socket.pause();
    busy += lines.length;
    for (const line of lines)
      pending = pending.then(async () => {
        await send(await answer(line, { handlers, log, parts, tell }));
        busy--;
      });
    void pending.then(() => socket.resume());
  });
  return {
    drain: async () => {
      draining = true;
      await pending;
      socket.destroySoon();
    },
  };
}

/** Tells how far a command has come, at most ten times a second and where the stage changes. */
function createTeller(write: (progress: Progress) => void): OnProgress {
  let [stage, at] = ['', 0];
  return (progress) => {
    const now = performance.now();
    if (progress.stage === stage && now - at < PROGRESS_MS) return;
    [stage, at] = [progress.stage, now];
    write(progress);
  };
}

/** Runs a command that reports; what it reported last is told again while it is busy with something long. */
async function withHeartbeat<T>(
  tell: OnProgress,
  execute: (onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  let last: Progress = { stage: 'checking', done: 0 };
  const timer = setInterval(() => {
    tell(last);
  }, HEARTBEAT_MS);
  try {
    return await execute((progress) => {
      last = progress;
      tell(progress);
    });
  } finally {
    clearInterval(timer);
  }
}

interface Answering {
  readonly handlers: ControlHandlers;
  readonly log: Log;
  readonly parts: SentParts;
  readonly tell: OnProgress;
}

async function answer(line: string, { handlers, log, parts, tell }: Answering): Promise<ControlResponse> {
  const request = parseRequest(line);
  if (typeof request === 'string') return { ok: false, code: 'bad-request', message: request };
  try {
    switch (request.op) {
      case 'status':
        return { ok: true, value: await handlers.status() };
      case 'attempts': {
        const value = handlers.attempts(request.fqdn);
        if (value !== undefined) return { ok: true, value };
        return { ok: false, code: 'not-found', message: `there is no host ${request.fqdn}` };
      }
      case 'backup':
        return { ok: true, value: await handlers.backup(request.file) };
      case 'part':
        if (parts.add(request, line)) return { ok: true, value: null };
        return { ok: false, code: 'bad-request', message: `one command has at most ${MAX_SENT_BYTES} bytes` };
      case 'admin': {
        const command = parts.complete(request);
        const result: AdminResult = await (request.progress === true
          ? withHeartbeat(tell, (onProgress) => handlers.administrator.execute(command, onProgress))
          : handlers.administrator.execute(command));
        log.info({ command: command.kind, ok: result.ok }, 'administrative command');
        return result;
      }
    }
  } catch (error) {
    log.error({ err: error, op: request.op }, 'a control request failed');
    return { ok: false, code: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

function parseRequest(line: string): ControlRequest | string {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return 'a request is one line of JSON';
  }
  const result = controlRequestSchema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  return `not a request of this version: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`;
}

/** Removes a left-over socket. The lock on the directory says that nobody listens on it. */
function removeStaleSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new ControlError('not-a-socket', `${path} is in the way of the control socket; move it elsewhere`);
  }
  unlinkSync(path);
}

async function listen(server: Server, path: string): Promise<void> {
  const listening = new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
  });
  // listen() binds before it returns, so the file never exists with more permissions than these.
  const before = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
  await listening;
  chmodSync(path, 0o600);
}
