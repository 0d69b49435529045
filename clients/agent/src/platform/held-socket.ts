/**
 * The place that one process holds, as a name that the system forgets with its process: a named pipe on Windows,
 * an abstract socket on Linux. Whoever connects is told the holder's process ID.
 */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { type Server, connect, createServer } from 'node:net';
import { resolve } from 'node:path';
import type { Hold } from './platform.ts';

const ANSWER_MS = 2000;

/** A word for a configuration, the same for every way to write its path. */
export function placeWord(config: string): string {
  let path = resolve(config);
  try {
    path = realpathSync.native(path);
  } catch {
    // It does not exist (yet): the path as it is written has to do.
  }
  const plain = process.platform === 'win32' ? path.toLowerCase() : path;
  return `homing-agent-${createHash('sha256').update(plain).digest('hex').slice(0, 32)}`;
}

/** Takes the name, or says which process has it. */
export async function holdSocket(name: string): Promise<Hold> {
  // Where the system lets two listen at one pipe (Wine), whoever asks first learns of the other all the same.
  const before = await askSocket(name);
  if (before !== undefined) return { ok: false, pid: before };
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(`${process.pid}\n`);
  });
  const taken = await listen(server, name);
  if (!taken) return { ok: false, pid: await askSocket(name) };
  server.unref();
  return {
    ok: true,
    release: () =>
      new Promise((done) => {
        server.close(() => {
          done();
        });
      }),
  };
}

/** The process that has the name; undefined where none has it. */
export function askSocket(name: string): Promise<number | undefined> {
  return new Promise((done) => {
    let text = '';
    const socket = connect(name);
    const end = (): void => {
      socket.destroy();
      const pid = Number.parseInt(text, 10);
      done(Number.isNaN(pid) ? undefined : pid);
    };
    socket.setTimeout(ANSWER_MS, end);
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('end', end);
    socket.on('error', end);
  });
}

function listen(server: Server, name: string): Promise<boolean> {
  return new Promise((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') done(false);
      else fail(error);
    });
    server.listen(name, () => {
      done(true);
    });
  });
}
