/**
 * The processes of a benchmark: servers pinned to one core, load generators pinned to another, CPU time and memory
 * from /proc. Invariant: whatever a benchmark starts ends with it; nothing that it did not start is touched.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** The core of the server under test, and the one of whatever loads it. */
export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

const START_MS = 180_000;
const STOP_MS = 15_000;
/** Daemons live there, which not every account's PATH names. */
const DAEMON_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/sbin'];

/** The path of a program, or undefined where this machine has none of that name. */
export function findProgram(name: string): string | undefined {
  return [...(process.env['PATH'] ?? '').split(delimiter), ...DAEMON_FOLDERS]
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/** Which of these programs are missing. */
export function missingPrograms(...names: readonly string[]): readonly string[] {
  return names.filter((name) => findProgram(name) === undefined);
}

/** The command pinned to a core or to several (`0,1`), where `taskset` is there to do so. */
export function pinned(cores: number | string, command: readonly string[]): readonly string[] {
  const [program = '', ...rest] = command;
  const found = [findProgram(program) ?? program, ...rest];
  const taskset = findProgram('taskset');
  return taskset === undefined ? found : [taskset, '-c', String(cores), ...found];
}

/** A server process, its output discarded but for the end of its standard error. */
export class ServerProcess {
  readonly #child: ChildProcess;
  #errors = '';

  constructor(
    command: readonly string[],
    {
      cores = SERVER_CORE,
      ...options
    }: {
      readonly cwd?: string;
      readonly cores?: number | string;
      readonly env?: NodeJS.ProcessEnv;
    } = {},
  ) {
    const [program = '', ...args] = pinned(cores, command);
    // The log goes through a pipe that is read, as a service manager does it.
    this.#child = spawn(program, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-8192);
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Waits until `isReady` is true; rejects with what the process said where it ends or takes three minutes. */
  async ready(isReady: () => Promise<boolean> | boolean): Promise<number> {
    const start = performance.now();
    while (!(await isReady())) {
      const ended = this.#child.exitCode !== null || this.#child.signalCode !== null;
      if (ended || performance.now() - start > START_MS) {
        await this.stop();
        throw new Error(`${this.#child.spawnargs.join(' ')} did not start: ${this.#errors}`);
      }
      await sleep(25);
    }
    return performance.now() - start;
  }

  /** Processor time of the process and all its threads since it began, in seconds. */
  cpuSeconds(): number {
    return treeOf(this.pid).reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
  }

  /** The same of its main thread alone. */
  mainThreadSeconds(): number {
    return cpuSecondsOf(this.pid, `task/${this.pid}/`);
  }

  /** Resident memory, in MiB. */
  residentMiB(): number {
    return treeOf(this.pid).reduce((sum, pid) => sum + residentMiBOf(pid), 0);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await closed;
    clearTimeout(timer);
  }
}

/** Runs a load generator to its end and returns what it printed; rejects where it fails. */
export async function runLoad(command: readonly string[], stdin?: string): Promise<string> {
  const [program = '', ...args] = pinned(LOAD_CORE, command);
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.on('error', () => undefined); // it ended before it read everything; its exit code tells
  child.stdin.end(stdin ?? '');
  await once(child, 'close');
  if (child.exitCode !== 0) throw new Error(`${command.join(' ')} failed: ${output.slice(-500)}`);
  return output;
}

/** The command line of a server on this data directory with its default settings. */
export function homingCommand(data: string, ports: { http: number; dns: number }): readonly string[] {
  const main = join(import.meta.dirname, '..', 'src', 'main.ts');
  const listen = ['--http', `127.0.0.1:${ports.http}`, '--dns', `127.0.0.1:${ports.dns}`];
  return [process.execPath, main, 'serve', '--data', data, ...listen];
}

/** Gives `work` a directory of its own and removes it afterwards. */
export async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'homing-bench-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Resolves after so many milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function treeOf(root: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const parent = Number(statOf(Number(entry))?.[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/** The fields of /proc/PID/stat, or of the thread `task/TID/`, behind the program's name; undefined where the process has ended. */
function statOf(pid: number, thread = ''): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/${thread}stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function cpuSecondsOf(pid: number, thread = ''): number {
  const fields = statOf(pid, thread);
  if (fields === undefined) return 0;
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond();
}

function ticksPerSecond(): number {
  return Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
}

function residentMiBOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
  } catch {
    return 0; // it has ended
  }
}
