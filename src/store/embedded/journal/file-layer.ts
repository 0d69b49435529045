/**
 * The few file operations that the store's durability rests on, as an interface, so that a test can make each of
 * them fail or stop the world at it. Reading is not among them: what is read is what they have made.
 * Invariant: an operation that resolved has happened; one that rejected may have happened in part.
 */
import { constants } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** One open file. */
export interface JournalFile {
  /** Writes all of `bytes` at `position`. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Resolves once everything written so far survives a loss of power. */
  datasync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** Where the files of a store live. Paths are absolute; rejections carry Node's error codes (`ENOSPC`, `EIO`, …). */
export interface FileLayer {
  /** Makes an empty file (0600) or empties the one that is there. */
  create(path: string): Promise<JournalFile>;
  /** Opens a file that is there. */
  open(path: string): Promise<JournalFile>;
  /** Opens a file that is there, and of which whatever was written survives a loss of power once its write resolves. */
  openDurable(path: string): Promise<JournalFile>;
  remove(path: string): Promise<void>;
  /** Gives a file another name in its directory, in place of a file that has it. */
  rename(from: string, to: string): Promise<void>;
  /** Makes the creation, removal and renaming of a directory's entries durable. */
  syncDirectory(path: string): Promise<void>;
}

/**
 * One call of the system in place of two saves a change of threads and a turn of the event loop for each commit. Linux
 * alone promises as much of it as of a sync: macOS leaves the bytes in the memory of the disk.
 */
const hasDurableWrites = process.platform === 'linux';
const DURABLY = constants.O_RDWR | constants.O_DSYNC;

/** The system's files. */
export const nodeFileLayer: FileLayer = {
  create: async (path) => new NodeFile(await open(path, 'w', 0o600)),
  open: async (path) => new NodeFile(await open(path, 'r+')),
  openDurable: async (path) =>
    hasDurableWrites ? new NodeFile(await open(path, DURABLY)) : new SyncedFile(await open(path, 'r+')),
  remove: unlink,
  rename,
  syncDirectory: async (path) => {
    // Windows can neither open nor sync a directory; its file systems journal their metadata by themselves.
    if (process.platform === 'win32') return;
    await using directory = await open(path, 'r');
    await directory.sync();
  },
};

class NodeFile implements JournalFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
  }

  datasync(): Promise<void> {
    return this.#handle.datasync();
  }

  truncate(length: number): Promise<void> {
    return this.#handle.truncate(length);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Where writing is not durable by itself. */
class SyncedFile extends NodeFile {
  override async write(bytes: Uint8Array, position: number): Promise<void> {
    await super.write(bytes, position);
    await this.datasync();
  }
}

/** What went wrong with a file, in words an operator can act on. */
export function describeFileError(error: unknown): string {
  const code = errorCode(error);
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk or its quota is full';
    case 'EROFS':
      return 'the file system is read-only';
    case 'EACCES':
    case 'EPERM':
      return 'the permissions do not allow it';
    case 'ENOENT':
      return 'there is no such directory, or none can be made there';
    case 'EEXIST':
    case 'ENOTDIR':
      return 'there is a file where a directory should be';
    case 'ENAMETOOLONG':
      return 'the path is longer than the system allows';
    case 'EIO':
      return 'the disk reports an input/output error';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

/** Node's code of a failed system call (`ENOENT`), or undefined for any other error. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
