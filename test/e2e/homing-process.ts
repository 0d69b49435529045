/** Starts the real program: servers as processes of their own, commands as processes or within this one. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCli } from '../../src/cli/run-cli.ts';

/** What a command printed and how it ended. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A server process. */
export interface ServerProcess {
  readonly pid: number;
  /** `http://ADDR:PORT`. */
  readonly http: string;
  readonly dnsPort: number;
  stdout(): string;
  stderr(): string;
  /** Waits for standard error to match. */
  logged(pattern: RegExp): Promise<void>;
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Finished>;
}

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const START_MS = 20_000;

/** A directory of its own, removed after the test. */
export function newDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'homing-e2e-'));
  t.after(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

/** This process's environment without any setting of Homing. */
export function cleanEnvironment(more: Record<string, string> = {}): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] => !entry[0].startsWith('HOMING_') && entry[1] !== undefined,
  );
  return { ...Object.fromEntries(entries), ...more };
}

/** Runs a command as a process of its own. */
export async function runProcess(
  args: readonly string[],
  options: { readonly cwd: string; readonly stdin?: string; readonly env?: Record<string, string> },
): Promise<Finished> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: options.cwd,
    env: cleanEnvironment(options.env),
  });
  child.stdin.end(options.stdin ?? '');
  return await finish(child);
}

/** Runs a command within this process, which is the same but for the start of a process. */
export async function runHere(
  args: readonly string[],
  options: { readonly cwd: string; readonly stdin?: string },
): Promise<Finished> {
  const written = { stdout: '', stderr: '' };
  const code = await runCli(args, {
    stdin: Readable.from(options.stdin === undefined ? [] : [Buffer.from(options.stdin)]),
    stdout: {
      write: (text) => {
        written.stdout += text;
      },
    },
    stderr: {
      write: (text) => {
        written.stderr += text;
      },
    },
    load: { env: {}, directory: options.cwd },
  });
  return { code, ...written };
}

/** Starts `command` (serve or quickstart) on free ports and waits until it serves. It ends with the test. */
export async function startServer(
  t: TestContext,
  command: 'serve' | 'quickstart',
  options: { readonly cwd: string; readonly args?: readonly string[]; readonly env?: Record<string, string> },
): Promise<ServerProcess> {
  const ports = ['--http', '127.0.0.1:0', '--dns', '127.0.0.1:0'];
  const child = spawn(process.execPath, [MAIN, command, ...ports, ...(options.args ?? [])], {
    cwd: options.cwd,
    env: cleanEnvironment(options.env),
  });
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  });
  const written = collect(child);
  const logged = async (pattern: RegExp): Promise<void> => {
    const deadline = performance.now() + START_MS;
    while (!pattern.test(written.stderr)) {
      assert.equal(child.exitCode, null, `it ended: ${written.stderr}`);
      assert.ok(performance.now() < deadline, `${pattern} was not logged: ${written.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await logged(/serving.*\n/);
  // A quickstart says where everything is, and that after the log.
  while (command === 'quickstart' && !/^Data {2}.*\n/m.test(written.stdout)) {
    assert.equal(child.exitCode, null, `it ended: ${written.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const line = written.stderr.split('\n').find((text) => text.includes('serving'))!;
  const [, http, dns] = /"http":\["([^"]*)".*"dns":\["[^"]*:(\d+)"/.exec(line)!;
  return {
    pid: child.pid!,
    http: `http://${http}`,
    dnsPort: Number(dns),
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    logged,
    stop: async (signal = 'SIGTERM') => {
      const closed = once(child, 'close');
      child.kill(signal);
      await closed;
      return { code: child.exitCode, ...written };
    },
  };
}

/** The value that a successful command printed with `--json`; the caller says what it is. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as JSON.parse, but named at the call
export function jsonOf<T>({ code, stdout, stderr }: Finished): T {
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
}

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const written = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (written.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (written.stderr += chunk.toString()));
  return written;
}

async function finish(child: ChildProcess): Promise<Finished> {
  const written = collect(child);
  await once(child, 'close');
  return { code: child.exitCode, ...written };
}
