/**
 * The place that one agent has on Windows: a file in the directory of the state that is opened for one
 * process only (share mode 0). Whoever may not open the file cannot take it, and the system closes it with its process,
 * so that nothing is ever left to be removed.
 *
 * No mutex and no pipe: their names are the whole system's, anybody can list them and make them first.
 */
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Hold, Holder } from './platform.ts';

/** UV_FS_O_EXLOCK of libuv on Windows, which Node has no name for but passes on. */
const FOR_THIS_PROCESS_ONLY = 0x1000_0000;
/** Whoever asks has the file for a moment; whoever runs has it for longer than this. */
const ASKING_MS = 500;
const POLL_MS = 25;

/** Takes the place in a directory, or says which process has it, or why it cannot be asked for. */
export async function holdHandle(directory: string): Promise<Hold> {
  mkdirSync(directory, { recursive: true });
  for (const until = Date.now() + ASKING_MS; ; await new Promise((wake) => setTimeout(wake, POLL_MS))) {
    const opened = openAlone(directory, constants.O_RDWR | constants.O_CREAT);
    if (typeof opened === 'number') return keep(directory, opened);
    if (opened !== 'EBUSY')
      return { ok: false, reason: 'barred', message: describeBarred(directory, opened) };
    if (Date.now() >= until) return { ok: false, reason: 'held', pid: readPid(directory) };
  }
}

/** The process that has the place in a directory; undefined where none has it, or none that one may ask. */
export function askHandle(directory: string): Holder | undefined {
  if (!existsSync(join(directory, 'agent.lock'))) return undefined;
  const opened = openAlone(directory, constants.O_RDWR);
  if (typeof opened === 'number') closeSync(opened);
  return opened === 'EBUSY' ? { pid: readPid(directory) } : undefined;
}

/** The open file, or why it is not: EBUSY where another process has it. Throws what is no question of rights. */
function openAlone(directory: string, flags: number): number | 'EBUSY' | 'EACCES' | 'EPERM' {
  try {
    return openSync(join(directory, 'agent.lock'), flags | FOR_THIS_PROCESS_ONLY);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EBUSY' || code === 'EACCES' || code === 'EPERM') return code;
    throw error;
  }
}

function keep(directory: string, handle: number): Hold {
  const file = join(directory, 'agent.pid');
  try {
    writeFileSync(file, `${process.pid}\n`);
  } catch {
    // It only tells people the number; the place is held by the handle.
  }
  return {
    ok: true,
    release: () => {
      rmSync(file, { force: true });
      closeSync(handle);
      return Promise.resolve();
    },
  };
}

function describeBarred(directory: string, code: string): string {
  return `${join(directory, 'agent.lock')} cannot be opened (${code}): it was made by somebody else, or this account may not write there`;
}

function readPid(directory: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(directory, 'agent.pid'), 'utf8'), 10);
    return Number.isNaN(pid) ? undefined : pid;
  } catch {
    // Not written yet, or not for this user.
    return undefined;
  }
}
