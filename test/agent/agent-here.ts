/**
 * The agent's commands, within this process or as one of their own. Invariant: whatever a command prints or writes below
 * its directory is searched for the secrets of the test when it ends.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../clients/agent/src/commands/program.ts';
import type { ExitCode } from '../../clients/agent/src/exit-code.ts';
import { createPosix } from '../../clients/agent/src/platform/posix.ts';

const MAIN = fileURLToPath(new URL('../../clients/agent/src/main.ts', import.meta.url));
const WAIT_MS = 20_000;

/** A directory with a configuration, a secret and a state. */
export interface Home {
  readonly directory: string;
  readonly config: string;
  readonly state: string;
  readonly secretFile: string;
  /** The options that name them. */
  readonly places: readonly string[];
  /** Writes a file of mode 0600 into the directory. */
  write(name: string, text: string): string;
  /** From now on nothing may print this. */
  guard(secret: string): void;
  /** Fails if a guarded secret stands in the text, or in a file of the state. */
  inspect(text: string): void;
}

/** What a command printed and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `run` in this process. */
export interface RunningHere {
  readonly lines: () => readonly LogLine[];
  /** Waits for a line of this event, the `count`-th one. */
  logged(event: string, count?: number): Promise<LogLine>;
  stop(): Promise<Ended>;
}

/** A line of the log. */
export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly event: string;
  readonly message: string;
  readonly [member: string]: unknown;
}

/** A directory of its own, removed after the test. */
export function newHome(t: TestContext, secret: string): Home {
  const directory = mkdtempSync(join(tmpdir(), 'homing-agent-'));
  t.after(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  const write = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text, { mode: 0o600 });
    return join(directory, name);
  };
  const [config, state] = [join(directory, 'agent.yaml'), join(directory, 'state')];
  const guarded = [secret];
  const inspect = (text: string): void => {
    const files = readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && (entry.parentPath === state || entry.name.endsWith('.log')))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    for (const place of [text, ...files])
      for (const word of guarded)
        for (const form of [
          word,
          Buffer.from(word).toString('base64').replace(/=+$/, ''),
          encodeURIComponent(word),
        ])
          assert.ok(!place.includes(form), `a secret stands in: ${place}`);
  };
  return {
    directory,
    config,
    state,
    secretFile: write('home.token', `${secret}\n`),
    places: ['--config', config, '--state', state],
    write,
    inspect,
    guard: (word) => guarded.push(word),
  };
}

/** Runs a command in this process. */
export async function runHere(
  home: Home,
  args: readonly string[],
  options: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Ended> {
  const run = begin(args, options);
  const code = await run.code;
  home.inspect(run.written.stdout + run.written.stderr);
  return { code, ...run.written };
}

/** Starts `run` in this process, with a clock on which ten seconds are one: rounds may follow each other sooner. */
export function startHere(t: TestContext, home: Home): RunningHere {
  const run = begin(['run', ...home.places], { speed: 10 });
  const lines = (): LogLine[] =>
    run.written.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LogLine);
  const stop = async (): Promise<Ended> => {
    run.stop();
    const code = await run.code;
    home.inspect(run.written.stdout + run.written.stderr);
    return { code, ...run.written };
  };
  t.after(async () => {
    run.stop();
    await run.code;
  });
  return {
    lines,
    stop,
    logged: (event, count = 1) =>
      until(
        `the line ${event} for the ${count}. time`,
        () => lines().filter((line) => line.event === event)[count - 1],
      ),
  };
}

/** Starts a command as a process of its own; it ends with the test. */
export function startProcess(
  t: TestContext,
  args: readonly string[],
): {
  readonly child: ChildProcess;
  readonly written: { stdout: string; stderr: string };
  readonly ended: Promise<Ended>;
} {
  const child = spawn(process.execPath, [MAIN, ...args], { env: cleanEnvironment() });
  const written = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (written.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (written.stderr += chunk.toString()));
  const closed = once(child, 'close');
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await closed;
  });
  return { child, written, ended: closed.then(() => ({ code: child.exitCode, ...written })) };
}

/** Waits until there is something. */
export async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    assert.ok(performance.now() < deadline, `${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function begin(
  args: readonly string[],
  options: {
    readonly input?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly speed?: number;
  },
): {
  readonly code: Promise<ExitCode>;
  readonly stop: () => void;
  readonly written: { stdout: string; stderr: string };
} {
  const written = { stdout: '', stderr: '' };
  const stops: (() => void)[] = [];
  const start = performance.now();
  const code = runProgram(args, {
    env: options.env ?? {},
    platform: createPosix(process.platform, options.env ?? {}),
    program: MAIN,
    print: (text) => {
      written.stdout += text;
    },
    printError: (text) => {
      written.stderr += text;
    },
    readInput: () => Promise.resolve(options.input ?? ''),
    moment: () => ({ wall: Date.now(), elapsed: (performance.now() - start) * (options.speed ?? 1) }),
    onStop: (stop) => stops.push(stop),
    // Longer than a machine that was just started: nothing is spread.
    upMs: () => 86_400_000,
  });
  return {
    code,
    written,
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}

function cleanEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      !/^(HOMING_|https?_proxy$|no_proxy$)/i.test(entry[0]) && entry[1] !== undefined,
  );
  return Object.fromEntries(entries);
}
