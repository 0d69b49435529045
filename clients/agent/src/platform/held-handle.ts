/**
 * The place that one process holds as a file that Windows opens for one process only: share mode 0.
 *
 * A pipe's name alone does not do: any program may take it first, and some systems let two servers have it. The system
 * closes the file with its process, so that nothing is ever left to be removed.
 */
import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

/** UV_FS_O_EXLOCK of libuv on Windows, which Node has no name for but passes on. */
const FOR_THIS_PROCESS_ONLY = 0x1000_0000;

/** Opens the file and returns what closes it; undefined where another process has it. Throws where it cannot be made. */
export function holdHandle(path: string): (() => void) | undefined {
  mkdirSync(dirname(path), { recursive: true });
  try {
    const handle = openSync(path, constants.O_RDWR | constants.O_CREAT | FOR_THIS_PROCESS_ONLY);
    return () => {
      closeSync(handle);
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return undefined;
    throw error;
  }
}
