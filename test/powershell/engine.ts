/**
 * The PowerShell engine for tests: the host program beside this file, built once and kept by the hash of its sources,
 * and a `pwsh` where the machine has one.
 * Invariant: an engine that cannot be had is a reason to skip, never a test that passes without it.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findProgram } from '../interop/programs.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CACHE = join(ROOT, 'node_modules', '.cache', 'powershell-host');
const BUILD_LIMIT_MS = 240_000;

/** The folder of the module. */
export const MODULE = join(ROOT, 'clients', 'windows', 'Homing');

/** What came of a script. */
export interface ScriptResult {
  /** Each object that was put out, as text. */
  readonly output: readonly string[];
  readonly thrown: { readonly message: string; readonly id: string; readonly at: string } | null;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  readonly verbose: readonly string[];
}

/** One engine: scripts run in it one after the other and share what they define. */
export interface Engine {
  /** Runs a script; what it throws is in the result. */
  try(script: string): Promise<ScriptResult>;
  /** Runs a script that must not throw, and returns what it put out, a line each. */
  run(script: string): Promise<readonly string[]>;
  /** Runs a script inside the module; it puts out one value, which comes back through JSON. */
  ask(script: string): Promise<unknown>;
  close(): Promise<void>;
}

/** The built host, or why there is none. */
export async function buildHost(): Promise<{ readonly path: string } | { readonly skip: string }> {
  if (findProgram('dotnet') === undefined) return { skip: 'needs dotnet' };
  const sources = ['Host.cs', 'host.csproj'].map((name) => readFileSync(join(HERE, 'host', name)));
  const hash = createHash('sha256').update(Buffer.concat(sources)).digest('hex').slice(0, 16);
  const built = join(CACHE, hash);
  const path = join(built, 'host.dll');
  const lock = `${built}.lock`;
  mkdirSync(CACHE, { recursive: true });
  const until = Date.now() + BUILD_LIMIT_MS;
  while (!existsSync(path)) {
    // Other test files want the same program at the same time.
    if (takeLock(lock)) {
      try {
        const failure = existsSync(path) ? undefined : await build(built);
        if (failure !== undefined) return { skip: `needs NuGet: ${failure}` };
      } finally {
        rmSync(lock, { recursive: true, force: true });
      }
    } else if (Date.now() > until) return { skip: 'needs a host that is built within four minutes' };
    else await sleep(200);
  }
  return { path };
}

function takeLock(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    // Held by another process; one that was ended while it built holds it no longer than a build takes.
    const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - since > BUILD_LIMIT_MS) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

async function build(target: string): Promise<string | undefined> {
  const beside = `${target}.${process.pid}`;
  const args = ['build', join(HERE, 'host', 'host.csproj'), '-c', 'Release', '-v', 'quiet', '-nologo'];
  // No compiler that stays behind as a server.
  const places = [
    '-o',
    beside,
    `-p:BaseIntermediateOutputPath=${beside}.obj/`,
    '-p:UseSharedCompilation=false',
  ];
  const env = {
    ...process.env,
    DOTNET_CLI_TELEMETRY_OPTOUT: '1',
    DOTNET_NOLOGO: '1',
    MSBUILDDISABLENODEREUSE: '1',
  };
  try {
    await promisify(execFile)('dotnet', [...args, ...places], { env, timeout: BUILD_LIMIT_MS });
    renameSync(beside, target);
    return undefined;
  } catch (error) {
    const output = (error as { stdout?: string }).stdout ?? '';
    return output.split('\n').find((line) => line.includes('error')) ?? String(error);
  } finally {
    rmSync(`${beside}.obj`, { recursive: true, force: true });
    rmSync(beside, { recursive: true, force: true });
  }
}

/** Starts an engine with the module imported. */
export async function startEngine(host: string, env: Readonly<Record<string, string>> = {}): Promise<Engine> {
  const child = spawn('dotnet', [host], {
    env: { ...cleanEnvironment(), ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  async function attempt(script: string): Promise<ScriptResult> {
    child.stdin.write(`${Buffer.from(script).toString('base64')}\n`);
    const line = await lines.next();
    if (line.done === true) throw new Error('the engine ended');
    return JSON.parse(line.value) as ScriptResult;
  }
  async function run(script: string): Promise<readonly string[]> {
    const { output, thrown, errors } = await attempt(script);
    if (thrown !== null) throw new Error(`${thrown.message}\n${thrown.at}\n${script}`);
    if (errors.length > 0) throw new Error(errors.join('\n'));
    return output;
  }
  await run(
    `Set-StrictMode -Version 3; $ErrorActionPreference = 'Stop'; Import-Module '${join(MODULE, 'Homing.psd1')}'`,
  );
  return {
    try: attempt,
    run,
    ask: async (script) => {
      const inside = `& (Get-Module Homing) { ConvertTo-HomingJson (& { ${script} }) }`;
      return JSON.parse((await run(inside)).join('')) as unknown;
    },
    close: () => closeChild(child),
  };
}

function closeChild(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) {
      resolve();
      return;
    }
    child.once('exit', () => {
      resolve();
    });
    child.stdin?.end();
    setTimeout(() => child.kill('SIGKILL'), 5000).unref();
  });
}

/** The environment without what would be part of a configuration, or lead requests astray. */
export function cleanEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    ([name, value]) => value !== undefined && !/^(HOMING_|https?_proxy$|no_proxy$|all_proxy$)/i.test(name),
  );
  // Measuring code in order to make it faster later takes as long as the tests themselves.
  return { ...(Object.fromEntries(entries) as Record<string, string>), DOTNET_TieredPGO: '0' };
}

/** A text as a PowerShell literal. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
