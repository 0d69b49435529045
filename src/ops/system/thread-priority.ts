/**
 * Priorities of threads of this process among each other: on a core that they share, a thread whose work is short and
 * awaited must not stand behind one whose work is long.
 * Invariant: what the system does not permit or know is left as it is; nothing depends on it but time.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { loadCLibrary } from './native-library.ts';

/** How much nicer than it the rest of the process is (setpriority(2): each step is about a tenth of the time). */
const STEPS = 10;
const HIGHEST = -20;
const LOWEST = 19;
/** The policy of threads that run when no other wants to (sched(7)). */
const SCHED_IDLE = 5;
/** The calling thread, where the number of one can stand. */
const THIS_THREAD = 0;
/** A `struct sched_param` of the priority 0, which all policies but those of real time have. */
const NO_PRIORITY = new Uint8Array(4);

/**
 * Raises the priority of this process's thread of that name; false where there is none, the system has no such list
 * (Linux has), or the process may not (it needs CAP_SYS_NICE, or a limit RLIMIT_NICE that allows it).
 */
export function preferThread(name: string): boolean {
  try {
    const id = readdirSync('/proc/self/task').find((task) => nameOf(task) === name);
    if (id === undefined) return false;
    // Linux takes the number of a thread where that of a process can stand.
    setPriority(Number(id), Math.max(HIGHEST, getPriority() - STEPS));
    return true;
  } catch {
    return false; // the three reasons above; answers are late on a busy core, and right
  }
}

/** Makes the calling thread, of a worker, nicer than the others by so many steps (1 to 39). */
export function yieldToOtherThreads(steps: number): void {
  // On Linux this is the priority of the calling thread alone; elsewhere it would slow down the whole process.
  if (process.platform !== 'linux') return;
  try {
    // Behind the others, which may themselves have been given a low one.
    setPriority(Math.min(LOWEST, getPriority() + steps));
  } catch {
    // A service manager may forbid the system call; then this thread competes with everything else, and that is all.
  }
}

/**
 * Leaves the calling thread, of a worker, hardly more than what no other thread of its core wants, for good: by default
 * nobody but root may take it back. Where the system knows no such policy the thread is made as nice as can be.
 */
export function runInIdleTime(): void {
  if (process.platform !== 'linux') return;
  if (!hasIdlePolicy()) yieldToOtherThreads(LOWEST - HIGHEST);
}

/** Gives the calling thread the policy; false where that is not to be had. */
function hasIdlePolicy(): boolean {
  try {
    const library = loadCLibrary();
    if (typeof library === 'string') return false;
    const setScheduler = library.func('int sched_setscheduler(int, int, const void *)');
    return setScheduler(THIS_THREAD, SCHED_IDLE, NO_PRIORITY) === 0;
  } catch {
    return false; // a C library without the function
  }
}

function nameOf(task: string): string {
  return readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trimEnd();
}
