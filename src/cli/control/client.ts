/**
 * The command line's end of the control socket.
 * Invariant: a request is answered or rejected within its time; it is never sent twice.
 */
import { existsSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import type { AdminCommand, AdminResult, Administrator, OnProgress } from '../../update/admin/command.ts';
import { cutCommand } from './parts.ts';
import {
  type ControlProgress,
  type ControlRequest,
  MAX_ANSWER_BYTES,
  controlResponseSchema,
  createLineReader,
} from './protocol.ts';
import { ControlError, openSocketPath } from './socket-path.ts';

/** A connection to the running server. */
export interface ControlClient {
  /**
   * Sends one request and waits for its answer; the time begins anew with each report of progress. Rejects with
   * ControlError. One request at a time.
   */
  request(request: ControlRequest, options?: RequestOptions): Promise<ControlReply>;
  close(): void;
}

/** How long to wait for an answer, and who hears how far it has come. */
export interface RequestOptions {
  readonly timeoutMs?: number;
  readonly onProgress?: OnProgress | undefined;
}

/** An answer as it was read. */
export type ControlReply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: string; readonly message: string };

const TIMEOUT_MS = 60_000;
/**
 * ECONNREFUSED: the file of a server that was killed; ECONNRESET: killed while it was being connected to. ENOTSOCK: not
 * ours; taking the lock will tell.
 */
const NOBODY_LISTENS: ReadonlySet<string> = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTSOCK',
  'ENOTDIR',
]);
const PROGRESS_START = '{"progress":';

/** Connects to the server on a data directory; undefined where none listens. Rejects with ControlError. */
export async function connectControl(directory: string): Promise<ControlClient | undefined> {
  if (!existsSync(directory)) return undefined;
  const socketPath = openSocketPath(directory);
  const socket = connect(socketPath.path);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== undefined && NOBODY_LISTENS.has(code)) return undefined;
    const message = `${socketPath.path} can't be opened (${code ?? 'unknown'}); run this as the user of the server`;
    throw new ControlError('no-permission', message, { cause: error });
  } finally {
    socketPath.release();
  }
  return createClient(socket);
}

function createClient(socket: Socket): ControlClient {
  return {
    request: (request, { timeoutMs = TIMEOUT_MS, onProgress } = {}) =>
      new Promise<ControlReply>((resolve, reject) => {
        const reader = createLineReader(MAX_ANSWER_BYTES);
        const fail = (what: string): void => {
          reject(
            new ControlError(
              'broken',
              `the server ${what}; look at its log, and whether the change is there`,
            ),
          );
          socket.destroy();
        };
        socket.setTimeout(timeoutMs, () => {
          fail(`did not answer within ${timeoutMs / 1000} s`);
        });
        socket.once('error', (error) => {
          fail(`broke the connection (${error.message})`);
        });
        socket.once('close', () => {
          fail('ended before it answered');
        });
        socket.on('data', (chunk) => {
          const lines = reader.push(chunk);
          if (lines === undefined) {
            fail(`answered with more than ${MAX_ANSWER_BYTES} bytes`);
            return;
          }
          let line: string | undefined;
          for (line of lines) {
            if (!line.startsWith(PROGRESS_START)) break;
            onProgress?.((parseJson(line) as ControlProgress).progress);
            line = undefined;
          }
          if (line === undefined) return;
          socket.removeAllListeners();
          // The answer is here: how the connection ends later changes nothing.
          socket.on('error', () => undefined);
          socket.setTimeout(0);
          const reply = controlResponseSchema.safeParse(parseJson(line));
          if (reply.success) resolve(reply.data);
          else fail('answered something else than this version knows');
        });
        socket.write(`${JSON.stringify(request)}\n`);
      }),
    close: () => {
      socket.destroy();
    },
  };
}

/** An administrator whose commands the running server carries out. */
export function remoteAdministrator(client: ControlClient): Administrator {
  return {
    execute: async <K extends AdminCommand['kind']>(
      command: Extract<AdminCommand, { kind: K }>,
      onProgress?: OnProgress,
    ) => {
      const { parts, request } = cutCommand(command);
      for (const [part, done, total] of parts) {
        const taken = await client.request(part);
        // A part is refused as a whole command is.
        if (!taken.ok) return taken as AdminResult<K>;
        onProgress?.({ stage: 'sending', done, total });
      }
      const reply = await client.request({ ...request, progress: onProgress !== undefined }, { onProgress });
      // The server is the same product on the same machine; its results have the shapes of AdminResults.
      return reply as AdminResult<K>;
    },
  };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
