/**
 * The place that one agent has where Windows is not: sockets in the directory of the state.
 *
 * Each agent that starts makes a socket of its own, whose name is used once, and only then looks for others: of two that
 * start together at least one sees the other. A socket that refuses is of a process that is gone, whatever its number is
 * used for by now; as its name never comes back, removing it late takes nothing from anybody. So there is no moment at
 * which a stale place is replaced, and no clock has a say.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  lchownSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { existsSync, writeFileSync } from 'node:fs';
import { type Server, connect, createServer } from 'node:net';
import { join } from 'node:path';
import type { Hold, Holder } from './platform.ts';

const NAME = /^agent\.lock\.([0-9a-f]{16})\.(\d+)$/;
/** Beside a socket: its process has the place, and no longer only tries to get it. */
const HELD = '.held';
/** Bound, but not yet listening: not to be taken for one of a process that is gone. */
const NEW = '.new';
const NEW_LEFT_OVER_MS = 10 * 60_000;
/** What `bind` takes on every system, with room for the endings. */
const PATH_BYTES = 96;
const POLL_MS = 20;
/** One that tries gets this long to have it or to give up; a process that is stopped does neither. */
const TRYING_MS = 5000;

interface Other {
  readonly name: string;
  readonly pid: number;
  readonly holds: boolean;
}

/** The place is another user's, as far as one can see from here. */
class BarredError extends Error {
  override readonly name = 'BarredError';
}

/** Takes the place in a directory, or says which process has it, or why it cannot be asked for. */
export async function holdSocket(directory: string): Promise<Hold> {
  return withRoad(directory, async (road) => {
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const holder = (await findOthers(directory, road)).find(({ holds }) => holds);
      return holder === undefined
        ? await take(directory, road)
        : { ok: false, reason: 'held', pid: holder.pid };
    } catch (error) {
      if (error instanceof BarredError) return { ok: false, reason: 'barred', message: error.message };
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EACCES' && code !== 'EPERM') throw error;
      return {
        ok: false,
        reason: 'barred',
        message: `${directory} is not for this account to write to (${code})`,
      };
    }
  });
}

/** The process that has the place in a directory; undefined where none has it, or none that one may ask. */
export async function askSocket(directory: string): Promise<Holder | undefined> {
  if (!existsSync(directory)) return undefined;
  return withRoad(directory, async (road) => {
    try {
      return (await findOthers(directory, road)).find(({ holds }) => holds);
    } catch {
      // It is not for this user to ask.
      return undefined;
    }
  });
}

async function take(directory: string, road: Road): Promise<Hold> {
  const own = `agent.lock.${randomBytes(8).toString('hex')}.${process.pid}`;
  const server = await publish(directory, own, road);
  const release = (): Promise<void> => {
    remove(directory, own);
    return new Promise((done) => {
      server.close(() => {
        done();
      });
    });
  };
  try {
    for (const until = Date.now() + TRYING_MS; ; await new Promise((wake) => setTimeout(wake, POLL_MS))) {
      const others = (await findOthers(directory, road)).filter(({ name }) => name !== own);
      if (others.length === 0) break;
      // Of those that try, the first by name goes on; it waits for the others, one of which may have it already.
      const before = others.find(({ name, holds }) => holds || name < own);
      if (before === undefined && Date.now() < until) continue;
      await release();
      return { ok: false, reason: 'held', pid: (before ?? others[0]!).pid };
    }
    writeFileSync(join(directory, own + HELD), '', { flag: 'wx', mode: 0o600 });
    return { ok: true, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Makes the socket; once it has its name it answers. */
async function publish(directory: string, name: string, road: Road): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.destroy();
  });
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    // It is bound within the call: nobody else ever may connect, and no file of another's is touched for that.
    const mask = process.umask(0o177);
    server.listen(road(name + NEW), () => {
      done();
    });
    process.umask(mask);
  });
  server.unref();
  try {
    const { uid, gid } = statSync(directory);
    // Root tries by hand what a service does by its own user, which must be able to ask.
    if (process.getuid?.() === 0) lchownSync(join(directory, name + NEW), uid, gid);
    renameSync(join(directory, name + NEW), join(directory, name));
    return server;
  } catch (error) {
    server.close();
    throw error;
  }
}

/** All that have or want the place; what is left of processes that are gone is removed. */
async function findOthers(directory: string, road: Road): Promise<readonly Other[]> {
  const others: Other[] = [];
  const names = readdirSync(directory).filter((name) => name.startsWith('agent.lock.'));
  for (const name of names) {
    const pid = NAME.exec(name)?.[2];
    if (pid === undefined) {
      removeLeftOver(directory, name, names);
      continue;
    }
    const path = join(directory, name);
    if (!(await answers(road(name), path))) remove(directory, name);
    else others.push({ name, pid: Number(pid), holds: existsSync(path + HELD) });
  }
  return others;
}

/** Whether the process of a socket lives; throws `BarredError` where one may not ask. */
function answers(address: string, path: string): Promise<boolean> {
  return new Promise((done, fail) => {
    const socket = connect(address);
    socket.on('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') done(false);
      // Too many ask at once: somebody is asked.
      else if (error.code === 'EAGAIN') done(true);
      // It was closed while the question was in its queue; the next one is refused.
      else if (error.code === 'ECONNRESET') answers(address, path).then(done, fail);
      else
        fail(new BarredError(`${path} cannot be asked whether an agent runs (${error.code ?? 'unknown'})`));
    });
  });
}

function remove(directory: string, name: string): void {
  for (const one of [name + HELD, name]) rmSync(join(directory, one), { force: true });
}

/** A mark without its socket, and a socket that its process did not live to give its name. */
function removeLeftOver(directory: string, name: string, names: readonly string[]): void {
  const path = join(directory, name);
  const base = name.slice(0, name.lastIndexOf('.'));
  const old =
    Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > NEW_LEFT_OVER_MS;
  if ((name.endsWith(NEW) && old) || (name.endsWith(HELD) && !names.includes(base) && old))
    rmSync(path, { force: true });
}

/** How the system is told of a file in the directory. */
type Road = (name: string) => string;

/** By its path, or on Linux through the open directory where the path is longer than a socket's may be. */
async function withRoad<T>(directory: string, act: (road: Road) => Promise<T>): Promise<T> {
  const longest = join(directory, 'agent.lock.0123456789abcdef.4194304.new');
  if (Buffer.byteLength(longest) <= PATH_BYTES || process.platform !== 'linux')
    return act((name) => join(directory, name));
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const handle = openSync(directory, 'r');
  try {
    return await act((name) => `/proc/self/fd/${handle}/${name}`);
  } finally {
    closeSync(handle);
  }
}
