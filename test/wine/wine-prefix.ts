/**
 * A Windows of its own for a test, by Wine: a prefix in a temporary directory, programs in it, paths from inside and out.
 *
 * Invariant: only this prefix's processes are ended (`wineserver -k` with it in the environment), and nothing outside its
 * directory is written. Programs print to files, because Node fails on Wine's pipes.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../interop/programs.ts';

/** The repository's root directory. */
export const ROOT = join(import.meta.dirname, '..', '..');

/** How a program in Wine ended and what it printed. */
export interface WineRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program in Wine that runs on. */
export interface WineProcess {
  /** Resolves when it has ended. */
  readonly ended: Promise<number | null>;
  /** What it printed so far, standard output and error together. */
  output(): string;
}

/** A Windows of its own. */
export interface WinePrefix {
  /** Its drive C as a directory of this machine. */
  readonly drive: string;
  /** Runs a program to its end. */
  run(program: string, ...args: readonly string[]): Promise<WineRun>;
  /** Starts a program. */
  start(program: string, ...args: readonly string[]): WineProcess;
  /** Ends all that runs in it and removes it. */
  end(): void;
}

const RUN_TIMEOUT_MS = 60_000;
/**
 * Services do not count for Wine: soon after the last other process ended it ends them too, even one that is about to
 * start its child again. Here it keeps them for this long, and a prefix that was left behind ends by itself nevertheless.
 */
const KEPT_WITHOUT_PROGRAMS_S = 300;

/** What is missing for Wine, as the reason of a skipped test; undefined where nothing is. */
export function lackOfWine(): string | undefined {
  const missing = ['wine', 'wineserver'].filter((program) => findWineProgram(program) === undefined);
  return missing.length === 0 ? undefined : `needs ${missing.join(' and ')} (Debian: wine wine64)`;
}

/** Makes a prefix that says it is Windows 10. */
export async function createWinePrefix(): Promise<WinePrefix> {
  const directory = mkdtempSync(join(tmpdir(), 'homing-wine-'));
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    HOME: directory,
    WINEPREFIX: join(directory, 'prefix'),
    WINEARCH: 'win64',
    WINEDEBUG: '-all',
    // Neither of them is used, and both would ask to be downloaded.
    WINEDLLOVERRIDES: 'mscoree=;mshtml=;winemenubuilder.exe=',
    LC_ALL: 'C.UTF-8',
  };
  let count = 0;
  const start = (program: string, ...args: readonly string[]): WineProcess & { readonly files: string[] } => {
    const files = ['out', 'err'].map((kind) => join(directory, `${kind}-${count}`));
    count++;
    const handles = files.map((file) => openSync(file, 'w'));
    const child = spawn(findWineProgram('wine')!, [program, ...args], {
      cwd: directory,
      env,
      stdio: ['ignore', handles[0]!, handles[1]!],
      timeout: RUN_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    const ended = once(child, 'exit').then(([status]) => {
      handles.forEach(closeSync);
      return status as number | null;
    });
    return { ended, files, output: () => files.map((file) => readFileSync(file, 'utf8')).join('') };
  };
  const wineserver = (...args: readonly string[]): void => {
    spawnSync(findWineProgram('wineserver')!, args, { env, stdio: 'ignore', timeout: RUN_TIMEOUT_MS });
  };
  const prefix: WinePrefix = {
    drive: join(env['WINEPREFIX']!, 'drive_c'),
    start,
    run: async (program, ...args) => {
      const { ended, files } = start(program, ...args);
      const status = await ended;
      const [stdout = '', stderr = ''] = files.map((file) => readFileSync(file, 'utf8'));
      return { status, stdout, stderr };
    },
    end: () => {
      wineserver('-k', '-w');
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  wineserver(`-p${KEPT_WITHOUT_PROGRAMS_S}`);
  await prefix.run('wineboot', '-i');
  // Node asks for the version of Windows; services do not see an environment variable that would silence it.
  const { status } = await prefix.run(
    'reg',
    'add',
    'HKCU\\Software\\Wine',
    '/v',
    'Version',
    '/d',
    'win10',
    '/f',
  );
  // The service manager of a prefix that has just been made is too busy to start a service in its time.
  wineserver('-k', '-w');
  wineserver(`-p${KEPT_WITHOUT_PROGRAMS_S}`);
  if (status !== 0 || !existsSync(prefix.drive)) {
    prefix.end();
    throw new Error('Wine did not make a prefix');
  }
  return prefix;
}

/** Waits until `check` is true; false after the time. */
export async function eventually(
  check: () => boolean | Promise<boolean>,
  limitMs = 20_000,
): Promise<boolean> {
  const end = Date.now() + limitMs;
  for (;;) {
    if (await check()) return true;
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A path of this machine as programs in Wine write it. */
export function windowsPath(path: string): string {
  return `Z:${path.replaceAll('/', '\\')}`;
}

function findWineProgram(name: string): string | undefined {
  return findProgram(name) ?? ['/usr/lib/wine'].map((folder) => join(folder, name)).find(existsSync);
}
