/**
 * `homing-service.exe`, which stands beside the agent on Windows: secrets (DPAPI), the Event Log and the service manager.
 * Invariant: no secret is an argument, and a file with one is overwritten and removed at once.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TIMEOUT_MS = 20_000;

/** The program and what it does. */
export interface ServiceHost {
  /** The DPAPI data of a secret, as base64 text. */
  protect(secret: Buffer, scratch: string): Promise<Buffer>;
  /** The secret of such text. */
  unprotect(text: Buffer, scratch: string): Promise<Buffer>;
  event(
    event: { readonly id: number; readonly kind: string; readonly text: string },
    scratch: string,
  ): Promise<void>;
  install(service: { readonly name: string; readonly agent: string; readonly data: string }): Promise<void>;
  uninstall(name: string): Promise<void>;
}

/** Uses the program at `program`. */
export function createServiceHost(program: string): ServiceHost {
  const call = async (...args: readonly string[]): Promise<void> => {
    // Files and no pipes: the program gets its text by file, and says what is wrong by its exit code.
    await run(program, [...args], { timeout: TIMEOUT_MS, windowsHide: true });
  };
  const convert = async (verb: 'protect' | 'unprotect', data: Buffer, scratch: string): Promise<Buffer> => {
    const [input, output] = [scratchFile(scratch), scratchFile(scratch)];
    try {
      await writeFile(input, data, { mode: 0o600 });
      await call(verb, input, output);
      return await readFile(output);
    } finally {
      await wipe(input);
      await wipe(output);
    }
  };
  return {
    protect: (secret, scratch) => convert('protect', secret, scratch),
    unprotect: (data, scratch) => convert('unprotect', data, scratch),
    event: async ({ id, kind, text }, scratch) => {
      const file = scratchFile(scratch);
      try {
        await writeFile(file, text, 'utf8');
        await call('event', String(id), kind, file);
      } finally {
        await rm(file, { force: true });
      }
    },
    install: ({ name, agent, data }) => call('install', '--name', name, '--agent', agent, '--data', data),
    uninstall: (name) => call('uninstall', '--name', name),
  };
}

function scratchFile(directory: string): string {
  return join(directory, `.${randomBytes(9).toString('hex')}.tmp`);
}

async function wipe(path: string): Promise<void> {
  try {
    const { length } = await readFile(path);
    await writeFile(path, Buffer.alloc(length));
  } catch {
    // It was never written.
  }
  await rm(path, { force: true });
}
