/**
 * A new file for secrets. Invariant: nobody but its owner may read it from the first moment on, and no file that is
 * there is overwritten. An empty one is left neither by a failure nor by an interruption: it would be in the way.
 */
import { unlinkSync } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describeError } from '../../config/layer.ts';
import { CliError } from '../exit-code.ts';

const INTERRUPTIONS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A file that is made and yet empty. */
export interface SecretFile {
  /** Absolute. */
  readonly path: string;
  /** Writes everything, durably, and closes the file. */
  write(text: string): Promise<void>;
  /** Removes the file where nothing was written to it. */
  discard(): Promise<void>;
}

/** Makes the file (mode 0600). Rejects with CliError, exit code 6 where there is one already. */
export async function createSecretFile(file: string): Promise<SecretFile> {
  const path = resolve(file);
  const handle = await open(path, 'wx', 0o600).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new CliError(6, 'exists', `${path} exists already: name a new file`, { cause: error });
    throw new CliError(1, 'unwritable', `cannot write ${path}: ${describeError(error)}`, { cause: error });
  });
  let begun = false;
  const interrupt = (signal: NodeJS.Signals): void => {
    unlinkSync(path);
    // Nobody listens any more: the process ends as it would have without this file.
    process.kill(process.pid, signal);
  };
  const settle = (): void => {
    for (const signal of INTERRUPTIONS) process.off(signal, interrupt);
  };
  for (const signal of INTERRUPTIONS) process.once(signal, interrupt);
  return {
    path,
    write: async (text) => {
      begun = true;
      settle();
      await handle.writeFile(text);
      await handle.sync();
      await handle.close();
    },
    discard: async () => {
      if (begun) return;
      settle();
      await handle.close();
      await unlink(path);
    },
  };
}
