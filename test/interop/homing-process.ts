/**
 * Homing as a process of its own: started from its sources as an operator starts it, spoken to over its sockets and
 * its command line only.
 * Invariant: whoever starts one ends it; with a test's context that happens also when the test fails.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The repository's root directory. */
export const ROOT = join(import.meta.dirname, '..', '..');

const MAIN = join(ROOT, 'src', 'main.ts');
const START_TIMEOUT_MS = 20_000;

/** How a finished program ended and what it printed. */
export interface Finished {
  /** The exit status; null where a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Everything printed, for the message of an assertion. */
  readonly output: string;
}

/** How a process ended. */
export interface Ending {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running server. */
export interface HomingProcess {
  readonly pid: number;
  readonly dataDirectory: string;
  readonly httpPort: number;
  readonly dnsPort: number;
  /** What it logged so far. */
  log(): string;
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Ending>;
}

/** The part of a test's context that the harness needs. */
export interface Cleanup {
  after(fn: () => Promise<unknown>): void;
}

/** A directory of its own for a test, removed at its end. */
export async function temporaryDirectory(t: Cleanup): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'homing-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Runs a program to its end, with nothing on its standard input or with `input`. */
export async function run(
  program: string,
  args: readonly string[],
  options: { input?: string; timeoutMs?: number; env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<Finished> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? 30_000,
    killSignal: 'SIGKILL',
  });
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (printed[name] += text));
  // A program that does not read its input closes it before everything is written.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, ...printed, output: `${printed.stdout}${printed.stderr}` };
}

/** Runs a command of Homing's command line; throws with everything printed where it does not succeed. */
export async function homing(
  args: readonly string[],
  options: { readonly input?: string; readonly timeoutMs?: number } = {},
): Promise<string> {
  const finished = await run(process.execPath, [MAIN, ...args], options);
  if (finished.status !== 0)
    throw new Error(`homing ${args.join(' ')} ended with ${finished.status}:\n${finished.output}`);
  return finished.stdout;
}

/** Starts `homing serve` on ports of the system's choice and waits until it serves. */
export async function startHoming(
  dataDirectory: string,
  options: { args?: readonly string[]; env?: NodeJS.ProcessEnv; timeoutMs?: number } = {},
): Promise<HomingProcess> {
  const child = spawn(process.execPath, [...serveArguments(dataDirectory), ...(options.args ?? [])], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const log = collectLines(child);
  const ports = await Promise.race([log.ports, ended, timeout(options.timeoutMs ?? START_TIMEOUT_MS)]);
  if (ports === undefined || Array.isArray(ports)) {
    child.kill('SIGKILL');
    throw new Error(`the server did not start:\n${log.text()}`);
  }
  return {
    pid: child.pid!,
    dataDirectory,
    ...ports,
    log: log.text,
    end: async (signal) => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      const [status, by] = await ended;
      return { status, signal: by };
    },
  };
}

/** Starts a server and kills it after `afterMs`, wherever its start has come to by then. */
export async function interruptStart(
  dataDirectory: string,
  afterMs: number,
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  const child = spawn(process.execPath, serveArguments(dataDirectory), {
    stdio: 'ignore',
    env: { ...process.env, ...env },
  });
  const ended = once(child, 'exit');
  const timer = setTimeout(() => child.kill('SIGKILL'), afterMs);
  await ended;
  clearTimeout(timer);
}

function serveArguments(dataDirectory: string): string[] {
  return [MAIN, 'serve', '--data', dataDirectory, '--http', '127.0.0.1:0', '--dns', '127.0.0.1:0'];
}

interface Ports {
  readonly httpPort: number;
  readonly dnsPort: number;
}

/** Collects the log of a server, and its ports from the line that says where it listens. */
function collectLines(child: ChildProcess): { text: () => string; ports: Promise<Ports> } {
  let text = '';
  let seen = 0;
  const ports = new Promise<Ports>((resolve) => {
    child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      for (let end = text.indexOf('\n', seen); end >= 0; end = text.indexOf('\n', seen)) {
        const found = portsOf(text.slice(seen, end));
        seen = end + 1;
        if (found !== undefined) resolve(found);
      }
    });
  });
  return { text: () => text, ports };
}

/** The ports, where the line is the log line that names both. */
function portsOf(line: string): Ports | undefined {
  const http = /"http":\[?"127\.0\.0\.1:(\d+)"/.exec(line);
  const dns = /"dns":\[?"127\.0\.0\.1:(\d+)"/.exec(line);
  if (http === null || dns === null) return undefined;
  return { httpPort: Number(http[1]), dnsPort: Number(dns[1]) };
}

async function timeout(ms: number): Promise<undefined> {
  await new Promise((resolve) => setTimeout(resolve, ms).unref());
}
