/**
 * Which process is meant by a number that was written down, and whether it still runs. Numbers are used again, so its
 * start and the boot belong to it. Invariant: a process is called dead only where nothing else explains what is seen.
 */
import { readFile, readlink } from 'node:fs/promises';
import { errorCode } from './journal/file-layer.ts';

/** A process as it can be written down. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When the process started, in clock ticks since boot (field 22 of /proc/PID/stat); null where not known. */
  readonly started: string | null;
  /** The boot during which it runs; null where not known. */
  readonly boot: string | null;
}

/** This process. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  return { pid: process.pid, started: await startOf(process.pid), boot: await bootId() };
}

/** Whether the very process that was written down still runs, and not another that was given its number. */
export async function isAlive({ pid, started, boot }: ProcessIdentity): Promise<boolean> {
  const now = await bootId();
  if (now !== null && boot !== null && now !== boot) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs as another user.
    if (errorCode(error) === 'ESRCH') return false;
  }
  const found = await startOf(pid);
  return found === null || started === null || found === started;
}

/** Within what numbers of processes mean something: a boot and a pid namespace; null where not known. */
export async function pidSpace(): Promise<string | null> {
  const boot = await bootId();
  try {
    return boot === null ? null : `${boot} ${await readlink('/proc/self/ns/pid')}`;
  } catch {
    // Without a namespace to compare nobody can say whose numbers these are.
    return null;
  }
}

/** The text of a file; undefined where it is not there, as all of /proc on systems other than Linux. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = errorCode(error);
    // ESRCH: the process ended between the opening and the reading of its /proc entry.
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

async function startOf(pid: number): Promise<string | null> {
  const stat = await readText(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses, which may hold blanks and parentheses itself.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

async function bootId(): Promise<string | null> {
  return (await readText('/proc/sys/kernel/random/boot_id'))?.trim() ?? null;
}
