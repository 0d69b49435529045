/**
 * Makes the data directory, with the directories above it that are missing.
 *
 * Invariants: what resolved is a directory that survives a loss of power; only its owner may enter what was made; a
 * place that takes no directories is an error, never a wait (Node's recursive mkdir tries for ever below /proc).
 */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode, nodeFileLayer } from './journal/file-layer.ts';

/** Makes the directory of an absolute path unless it is there. Rejects with Node's error of the call that failed. */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await makeOne(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeDirectory(dirname(path));
    await makeOne(path);
  }
}

async function makeOne(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    // A read-only file system says EROFS also of what is there already.
    if (errorCode(error) === 'ENOENT' || !(await isDirectory(path))) throw error;
    return;
  }
  await nodeFileLayer.syncDirectory(dirname(path));
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // The error that made us look says more.
    return false;
  }
}
