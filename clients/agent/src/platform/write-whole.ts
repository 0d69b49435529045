/** Files with secrets, written whole. Invariant: at the path is the old content or all of the new, also after a crash. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a file of mode 0600; `guard` gets it while it is still empty, so that nobody reads what nobody may. */
export async function writeWhole(
  data: Buffer | string,
  path: string,
  guard?: (file: FileHandle, path: string) => Promise<void>,
): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${randomBytes(9).toString('hex')}.new`;
  try {
    // A new one: whoever had it before could have it open.
    const file = await open(temporary, 'wx', 0o600);
    try {
      await guard?.(file, temporary);
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
