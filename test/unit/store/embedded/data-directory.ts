/** What the tests of the embedded store share: directories that clean up, notices kept, file operations made to fail. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmbeddedStore, EmbeddedStoreOptions } from '../../../../src/store/embedded/embedded-store.ts';
import type { StoreNotice } from '../../../../src/store/embedded/notice.ts';
import {
  type FileLayer,
  type JournalFile,
  nodeFileLayer,
} from '../../../../src/store/embedded/journal/file-layer.ts';
import { openEmbeddedStore } from '../../../../src/store/embedded/open-embedded-store.ts';

/** A directory that is removed at the end of the block that declares it with `await using`. */
export interface DataDirectory extends AsyncDisposable {
  readonly path: string;
  /** Every notice of the stores opened here. */
  readonly notices: StoreNotice[];
  open(options?: Partial<EmbeddedStoreOptions>): Promise<EmbeddedStore>;
}

/** A new empty directory. */
export async function dataDirectory(): Promise<DataDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'homing-store-'));
  const notices: StoreNotice[] = [];
  const onNotice = (notice: StoreNotice): void => {
    notices.push(notice);
  };
  return {
    path,
    notices,
    open: (options = {}) => openEmbeddedStore({ directory: path, onNotice, ...options }),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}

/** One operation on a journal file or its directory. */
export type FileOperation = 'create' | 'write' | 'datasync' | 'truncate' | 'rename' | 'syncDirectory';

/** An error as the system reports it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made to fail`), { code });
}

/** The system's files, of which each operation fails that `failing` maps to an error code. */
export class FailingFiles implements FileLayer {
  readonly failing = new Map<FileOperation, string>();
  readonly remove = (path: string): Promise<void> => nodeFileLayer.remove(path);
  readonly rename = async (from: string, to: string): Promise<void> => {
    this.#check('rename');
    await nodeFileLayer.rename(from, to);
  };

  readonly open = async (path: string): Promise<JournalFile> => this.#wrap(await nodeFileLayer.open(path));

  readonly openDurable = async (path: string): Promise<JournalFile> => {
    const file = this.#wrap(await nodeFileLayer.openDurable(path));
    return {
      ...file,
      write: async (bytes, position) => {
        await file.write(bytes, position);
        // What cannot be synced may be there all the same.
        this.#check('datasync');
      },
    };
  };

  create = async (path: string): Promise<JournalFile> => {
    this.#check('create');
    return this.#wrap(await nodeFileLayer.create(path));
  };

  syncDirectory = async (path: string): Promise<void> => {
    this.#check('syncDirectory');
    await nodeFileLayer.syncDirectory(path);
  };

  #check(operation: FileOperation): void {
    const code = this.failing.get(operation);
    if (code !== undefined) throw systemError(code);
  }

  #wrap(file: JournalFile): JournalFile {
    return {
      write: async (bytes, position) => {
        // A full disk takes what still fits and then fails.
        if (this.failing.has('write')) await file.write(bytes.subarray(0, bytes.length >> 1), position);
        this.#check('write');
        await file.write(bytes, position);
      },
      datasync: async () => {
        await file.datasync();
        this.#check('datasync');
      },
      truncate: async (length) => {
        this.#check('truncate');
        await file.truncate(length);
      },
      close: () => file.close(),
    };
  }
}
