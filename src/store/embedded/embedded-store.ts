/**
 * The embedded store: one directory with a lock, a snapshot and a journal, held by one process.
 *
 * Invariants: a commit is one journal record and is applied to memory only once that record is durable; while the
 * journal cannot be written the view stays as it is and is served on, and writability comes back by itself; neither
 * compaction nor backup holds up a commit for longer than the sealing of a segment takes, unless the journal outruns
 * the compaction to the bound of `journal/bound.ts`.
 */
import { dirname, join, resolve } from 'node:path';
import type { Clock } from '../../ops/clock.ts';
import type { Change } from '../change.ts';
import { type CommitListener, CommitListeners } from '../commit-listeners.ts';
import { FieldError } from '../json-fields.ts';
import type { State } from '../state.ts';
import { stageCommit } from '../staging/staged-commit.ts';
import { type PreparedCommit, type Store, StoreError, type StoreHealth } from '../store.ts';
import { Turns } from '../../ops/turns.ts';
import { type FileLayer, describeFileError, nodeFileLayer } from './journal/file-layer.ts';
import { type FoldJob, type FoldResult, fold, foldInWorker } from './fold/fold.ts';
import { Compactor } from './fold/compactor.ts';
import { DEFAULT_COMPACTION_BYTES } from './journal/bound.ts';
import type { JournalWriter, SealedSegment } from './journal/writer.ts';
import type { Lock } from './lock.ts';
import type { StoreNotice } from './notice.ts';
import { SNAPSHOT_NAME } from './snapshot.ts';

/** Where the store is and how it behaves. */
export interface EmbeddedStoreOptions {
  /** Made (0700) where it is not there. */
  readonly directory: string;
  readonly onNotice: (notice: StoreNotice) => void;
  readonly clock?: Clock;
  /**
   * The journal is compacted when it is larger than this and than seven tenths of the snapshot; 6 MiB where absent. From a document
   * of ten sevenths of this on, a store takes at most three times its document of the disk.
   */
  readonly compactionBytes?: number;
  /** How often, in milliseconds, an unwritable store tries whether it can write again; 5,000 where absent. */
  readonly probeMs?: number;
  /** How long after the start, in milliseconds, a journal that was too large then is compacted; 30,000 where absent. */
  readonly startCompactionMs?: number;
  /** The most bytes of zeros ahead of the journal's records, less in a small store; 4 MiB where absent, 0 for none. */
  readonly aheadBytes?: number;
  /** What writes the files; the system where absent. Others cannot follow into a worker, so folding stays here with them. */
  readonly files?: FileLayer;
}

/** A store in a directory. */
export interface EmbeddedStore extends Store {
  readonly directory: string;
  /**
   * Writes the state as of the call into one file (0600, replaced atomically) outside the data directory and reads it
   * back; commits go on meanwhile. Rejects with StoreError.
   */
  backup(file: string): Promise<FoldResult>;
  /** Folds the journal into the snapshot now. Rejects with StoreError; the data is safe either way. */
  compact(): Promise<FoldResult>;
}

const DEFAULT_PROBE_MS = 5_000;
const DEFAULT_START_COMPACTION_MS = 30_000;

/** The options with every default filled in that the start and the store share. */
export type StartedOptions = EmbeddedStoreOptions & {
  readonly clock: Clock;
  readonly files: FileLayer;
  readonly aheadBytes: number;
};

/** What the start has put together: the state, and the files as the last commit left them. */
export interface OpenParts {
  readonly lock: Lock;
  readonly state: State;
  readonly journal: JournalWriter;
  readonly snapshotBytes: number;
  /** Of large commits in the journal. */
  readonly largeBytes: number;
}

/** A store that was started; made by `openEmbeddedStore` only. */
export class OpenStore implements EmbeddedStore {
  readonly directory: string;
  readonly view: State;
  readonly #options: StartedOptions;
  readonly #lock: Lock;
  readonly #journal: JournalWriter;
  readonly #listeners = new CommitListeners();
  /** Commits, until there is room for them in the journal. */
  readonly #arriving = new Turns();
  /** Whatever writes the journal. */
  readonly #writing = new Turns();
  /** Whatever reads or replaces sealed segments and the snapshot. */
  readonly #folding = new Turns();
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;
  #health: StoreHealth = { writable: true };
  readonly #compactor: Compactor;
  #probe: NodeJS.Timeout | undefined;

  constructor(options: StartedOptions, parts: OpenParts) {
    this.directory = options.directory;
    this.#options = options;
    this.#lock = parts.lock;
    this.view = parts.state;
    this.#journal = parts.journal;
    this.#compactor = new Compactor({
      journal: parts.journal,
      snapshotBytes: parts.snapshotBytes,
      largeBytes: parts.largeBytes,
      sizes: {
        leastFoldBytes: options.compactionBytes ?? DEFAULT_COMPACTION_BYTES,
        mostAheadBytes: options.aheadBytes,
      },
      startMs: options.startCompactionMs ?? DEFAULT_START_COMPACTION_MS,
      alone: (task) => this.#fold(task),
      seal: () => this.#seal(),
      fold: (segments) => this.#foldFiles({ ...this.#job(join(this.directory, SNAPSHOT_NAME)), segments }),
      onNotice: options.onNotice,
    });
  }

  get health(): StoreHealth {
    return this.#closed === undefined
      ? this.#health
      : { writable: false, reason: 'the store is closed: Homing is shutting down' };
  }

  commit(changes: readonly Change[]): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(closedError());
    return this.#arriving.run(async () => {
      await this.#compactor.awaitRoom();
      await this.#writing.run(async () => {
        await this.#tryWriting(() => this.#measured(() => this.#journal.append(changes)));
        await this.view.show(changes);
        await this.#listeners.announce(changes);
        this.#compactor.startWhereDue();
      });
    });
  }

  async prepare(changes: readonly Change[]): Promise<PreparedCommit> {
    if (this.#closed !== undefined) throw closedError();
    const side = await this.#journal.prepare(changes).catch((error: unknown) => {
      throw this.#asStoreError(error);
    });
    const makeDurable = async (more: readonly Change[]): Promise<void> => {
      if (this.#closed !== undefined) throw closedError();
      await this.#tryWriting(async () => {
        await side.add(more);
        await this.#measured(() => this.#journal.adopt(side));
      });
      this.#compactor.startWhereDue();
    };
    return stageCommit(
      {
        view: this.view,
        listeners: this.#listeners,
        alone: (task) => this.#writing.run(task),
        makeDurable,
        discard: () => side.discard(),
      },
      changes,
    );
  }

  onCommit(listener: CommitListener): () => void {
    return this.#listeners.add(listener);
  }

  backup(file: string): Promise<FoldResult> {
    const target = resolve(file);
    if (dirname(target) === this.directory) {
      return Promise.reject(new StoreError('unwritable', 'A backup must be outside the data directory.'));
    }
    return this.#fold(() => this.#foldFiles({ ...this.#job(target), verify: true }));
  }

  compact(): Promise<FoldResult> {
    return this.#compactor.compact();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#probe);
    this.#compactor.stop();
    // A fold that is stopped half-way leaves a temporary file, which the next start removes.
    this.#closing.abort(closedError());
    await this.#arriving.run(() => Promise.resolve());
    await this.#folding.run(() => Promise.resolve());
    await this.#writing.run(() => this.#journal.close());
    await this.#lock.release();
  }

  #job(target: string): FoldJob {
    return {
      snapshot: join(this.directory, SNAPSHOT_NAME),
      segments: this.#journal.segments,
      target,
      savedAt: new Date(this.#options.clock.now()).toISOString(),
      verify: false,
    };
  }

  #foldFiles(job: FoldJob): Promise<FoldResult> {
    const { files } = this.#options;
    return files === nodeFileLayer ? foldInWorker(job, this.#closing.signal) : fold(job, files);
  }

  #fold(task: () => Promise<FoldResult>): Promise<FoldResult> {
    return this.#folding.run(async () => {
      if (this.#closed !== undefined) throw closedError();
      return await task();
    });
  }

  /** Writes one commit, and tells the compactor how large it was. */
  async #measured(write: () => Promise<void>): Promise<void> {
    const before = this.#journal.bytes;
    await write();
    this.#compactor.note(this.#journal.bytes - before);
  }

  #seal(): Promise<readonly SealedSegment[]> {
    return this.#writing.run(async () => {
      await this.#tryWriting(() => this.#journal.rotate());
      return this.#journal.segments.slice(0, -1);
    });
  }

  /** Does one write of the journal and keeps `health` true to its result. */
  async #tryWriting(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      // Nothing was tried: what was to be stored is not storable, which says nothing of the disk.
      if (!(error instanceof FieldError)) this.#becomeUnwritable(this.#reasonOf(error));
      throw this.#asStoreError(error);
    }
    if (this.#health.writable) return;
    this.#health = { writable: true };
    clearTimeout(this.#probe);
    this.#options.onNotice({ code: 'writable', message: `${this.directory} can be written again.` });
  }

  #reasonOf(error: unknown): string {
    return `${this.directory} cannot be written: ${describeFileError(error)}`;
  }

  /** The failure of a write as its caller is told of it. */
  #asStoreError(error: unknown): Error {
    if (error instanceof FieldError) return error;
    return new StoreError(
      'unwritable',
      `${this.#reasonOf(error)}. Nothing was changed; it is tried again by itself.`,
      {
        cause: error,
      },
    );
  }

  #becomeUnwritable(reason: string): void {
    const before = this.#health;
    this.#health = { writable: false, reason };
    if (before.writable)
      this.#options.onNotice({ code: 'unwritable', message: `${reason}. Updates are refused until it can.` });
    clearTimeout(this.#probe);
    if (this.#closed !== undefined) return;
    this.#probe = setTimeout(() => {
      // A failure is already told by `health`, and the next probe is already set.
      this.#writing.run(() => this.#probeNow()).catch(() => undefined);
    }, this.#options.probeMs ?? DEFAULT_PROBE_MS);
    this.#probe.unref();
  }

  async #probeNow(): Promise<void> {
    if (this.#health.writable || this.#closed !== undefined) return;
    await this.#tryWriting(() => this.#journal.probe());
  }
}

function closedError(): StoreError {
  return new StoreError('closed', 'the store is closed');
}
