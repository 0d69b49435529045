/**
 * When the journal is folded into the snapshot, and how commits are held up for it.
 *
 * Invariants: one compaction at a time, started by the first commit after which it is due; one that fails is tried again
 * when the journal has grown by as much once more; commits are held up only while one is at work (`journal/bound.ts`),
 * and not for what large commits wrote, because the document will be larger by as much.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FoldResult } from './fold.ts';
import {
  LARGE_RECORD_BYTES,
  type JournalBound,
  type JournalSizes,
  journalBound,
  pauseBeforeCommit,
} from '../journal/bound.ts';
import { describeFileError } from '../journal/file-layer.ts';
import type { JournalWriter, SealedSegment } from '../journal/writer.ts';
import type { StoreNotice } from '../notice.ts';

/** What a compactor works with. */
export interface CompactorOptions {
  readonly journal: JournalWriter;
  readonly snapshotBytes: number;
  /** Of large commits in the journal. */
  readonly largeBytes: number;
  readonly sizes: Omit<JournalSizes, 'snapshotBytes'>;
  /** How long after the start, in milliseconds, a journal that was too large then is compacted. */
  readonly startMs: number;
  /** Runs a task while nothing else reads or replaces sealed segments and the snapshot; rejects when the store is closed. */
  readonly alone: (task: () => Promise<FoldResult>) => Promise<FoldResult>;
  /** Seals the segment that is being written; what is sealed then. */
  readonly seal: () => Promise<readonly SealedSegment[]>;
  /** Folds the snapshot and these segments into the next snapshot. */
  readonly fold: (sealed: readonly SealedSegment[]) => Promise<FoldResult>;
  readonly onNotice: (notice: StoreNotice) => void;
}

/** The compactor of an open store. */
export class Compactor {
  readonly #options: CompactorOptions;
  readonly #start: NodeJS.Timeout;
  #bound: JournalBound;
  /** The size of the journal from which on it is due. */
  #dueAt: number;
  /** Of large commits in the journal: nobody waits for these. */
  #largeBytes: number;
  /** The end of the compaction that is at work. */
  #atWork: Promise<void> | undefined;
  /** How long commits were held up for it, in milliseconds. */
  #heldUpMs = 0;
  #isStopped = false;

  constructor(options: CompactorOptions) {
    this.#options = options;
    this.#largeBytes = options.largeBytes;
    this.#bound = this.#boundBeside(options.snapshotBytes);
    this.#dueAt = this.#bound.foldAt;
    // Not only after a commit: the journal of a server that is killed again and again would grow on. Not at once: what
    // is started next shall have the processor for itself.
    this.#start = setTimeout(() => {
      this.startWhereDue();
    }, options.startMs);
    this.#start.unref();
  }

  /** Starts a compaction in the background where the journal is large enough. To be called after each commit. */
  startWhereDue(): void {
    const { journal, onNotice } = this.#options;
    if (journal.bytes < this.#dueAt) return;
    // Not again for each commit that arrives while this one is at work.
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#heldUpMs = 0;
    this.compact().then(
      ({ sequence, bytes }) => {
        const heldUp = `; updates were slowed down for ${Math.round(this.#heldUpMs)} ms meanwhile`;
        const message =
          `Compacted the journal up to commit ${sequence}; the snapshot has ${bytes} bytes` +
          `${this.#heldUpMs > 0 ? heldUp : ''}.`;
        onNotice({ code: 'compacted', message, sequence, bytes });
      },
      (error: unknown) => {
        if (this.#isStopped) return;
        this.#dueAt = journal.bytes + this.#bound.foldAt;
        const message = `The journal could not be compacted and goes on growing: ${describeFileError(error)}.`;
        onNotice({ code: 'compaction-failed', message });
      },
    );
  }

  /** Folds the journal into the snapshot now. */
  compact(): Promise<FoldResult> {
    return this.#options.alone(() => {
      const compacted = this.#compactAlone();
      const end = (): void => {
        this.#atWork = undefined;
      };
      // A failure is told to whoever asked for it; those who wait for room only wait for the end.
      this.#atWork = compacted.then(end, end);
      return compacted;
    });
  }

  /** Holds up a commit where the journal outruns the compaction that is at work. */
  async awaitRoom(): Promise<void> {
    const atWork = this.#atWork;
    if (atWork === undefined || this.#isStopped) return;
    const pauseMs = pauseBeforeCommit(this.#options.journal.bytes - this.#largeBytes, this.#bound);
    if (pauseMs === 0) return;
    const start = performance.now();
    await (pauseMs === Number.POSITIVE_INFINITY ? atWork : sleep(pauseMs));
    this.#heldUpMs += performance.now() - start;
  }

  /** Notes the size of a commit that was written. */
  note(bytes: number): void {
    if (bytes >= LARGE_RECORD_BYTES) this.#largeBytes += bytes;
  }

  /** Starts no compaction and holds up nobody from now on. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#start);
  }

  async #compactAlone(): Promise<FoldResult> {
    const { journal, seal, fold } = this.#options;
    const sealed = await seal();
    const folded = this.#largeBytes;
    const result = await fold(sealed);
    this.#bound = this.#boundBeside(result.bytes);
    await journal.discard(sealed.at(-1)!.number);
    this.#largeBytes -= folded;
    this.#dueAt = this.#bound.foldAt;
    return result;
  }

  #boundBeside(snapshotBytes: number): JournalBound {
    const { journal, sizes } = this.#options;
    const bound = journalBound({ ...sizes, snapshotBytes });
    journal.aheadBytes = bound.aheadBytes;
    return bound;
  }
}
