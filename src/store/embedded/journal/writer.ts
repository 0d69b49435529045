/**
 * The writing end of the journal: one record at a time, durable before `append` resolves.
 *
 * Invariants: after a failed write a segment takes no more records, because nobody can say which of its bytes reached
 * the disk: the next segment's first record says where the trusted part ends. The same holds from the moment a new
 * segment may exist on the disk. Calls must not overlap.
 */
import { basename, join } from 'node:path';
import type { Clock } from '../../../ops/clock.ts';
import { runInTurns } from '../../../ops/steps.ts';
import type { Change } from '../../change.ts';
import { type FileLayer, type JournalFile, errorCode } from './file-layer.ts';
import { OpenSegment } from './open-segment.ts';
import { type SegmentHeader, encodeCommit, encodeProbe, encodeSegmentHeader } from './record.ts';
import { type SideSegment, writeSideSegment } from './side-segment.ts';
import { FORMAT } from '../migrations.ts';

/** A part of the journal that no longer changes: the first `bytes` bytes of a file. */
export interface SealedSegment {
  readonly number: number;
  readonly path: string;
  readonly bytes: number;
}

/** Where and after what a journal goes on. */
export interface JournalOptions {
  readonly directory: string;
  readonly files: FileLayer;
  readonly clock: Clock;
  /** The number of the last commit. */
  readonly sequence: number;
  /** The segments that are there, oldest first, the last one to be continued; empty for a new journal. */
  readonly segments: readonly SealedSegment[];
  /** As `JournalWriter.aheadBytes`, until that is changed. */
  readonly aheadBytes: number;
}

/** A probe does not try for more than this: a larger commit that fails is told by itself. */
const MAX_PROBE = 65_536;

/** The file name of a segment. */
export function segmentName(number: number): string {
  return `journal-${number.toString().padStart(8, '0')}.log`;
}

/** The number of a segment's file name or path; undefined for any other file. */
export function segmentNumber(path: string): number | undefined {
  const digits = /^journal-(\d{8,15})\.log$/.exec(basename(path))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * Opens the last segment, or makes the first, cuts off the zeros that a crash left behind its records, and makes durable
 * whatever it left in the system's cache.
 */
export async function openJournal(options: JournalOptions): Promise<JournalWriter> {
  const last = options.segments.at(-1);
  if (last === undefined) {
    const writer = new JournalWriter(options, undefined);
    await writer.rotate();
    return writer;
  }
  const file = await options.files.openDurable(last.path);
  try {
    await file.truncate(last.bytes);
    await file.datasync();
    await options.files.syncDirectory(options.directory);
  } catch (error) {
    await closeQuietly(file);
    throw error;
  }
  return new JournalWriter(options, { ...last, file });
}

/** The open journal of a store. */
export class JournalWriter {
  readonly #directory: string;
  readonly #files: FileLayer;
  readonly #clock: Clock;
  /** The most bytes of zeros that are written ahead of the records, in segments that are begun from now on; 0 for none. */
  aheadBytes: number;
  #sequence: number;
  #segment: OpenSegment | undefined;
  #sealed: SealedSegment[];
  #lastFailed = 0;

  constructor(options: JournalOptions, last: (SealedSegment & { readonly file: JournalFile }) | undefined) {
    this.#directory = options.directory;
    this.#files = options.files;
    this.#clock = options.clock;
    this.#sequence = options.sequence;
    this.aheadBytes = options.aheadBytes;
    this.#sealed = options.segments.slice(0, -1);
    if (last !== undefined)
      this.#segment = new OpenSegment({ files: this.#files, ahead: this.aheadBytes, ...last });
  }

  /** Everything that is durable, oldest first; the last entry is the segment that is being written. */
  get segments(): readonly SealedSegment[] {
    const { number, path, bytes } = this.#segment!;
    return [...this.#sealed, { number, path, bytes }];
  }

  /** Durable bytes in all segments. */
  get bytes(): number {
    return this.#sealed.reduce((sum, sealed) => sum + sealed.bytes, this.#segment!.bytes);
  }

  /** Makes one commit durable. Rejects with the file layer's error, and then nothing of it is in the journal. */
  async append(changes: readonly Change[]): Promise<void> {
    const record = await runInTurns(encodeCommit(this.#sequence + 1, this.#now(), changes));
    await this.#write(record);
    this.#sequence++;
  }

  /** Writes changes beside the journal, where they do not count yet; other calls go on meanwhile. Rejects as `append` does. */
  prepare(changes: readonly Change[]): Promise<SideSegment> {
    return writeSideSegment({ files: this.#files, directory: this.#directory }, changes);
  }

  /** Makes what was written beside the journal its next commit and its segment. Rejects as `append` does; the side segment is gone either way. */
  async adopt(side: SideSegment): Promise<void> {
    const before = this.#segment!;
    const header = this.#headerAfter(before);
    const path = join(this.#directory, segmentName(header.number));
    try {
      const bytes = await side.finish(header, this.#now());
      // As when a new segment is begun: from here on one that says where this one ends may be on the disk.
      before.distrust();
      await this.#files.rename(side.path, path);
      await this.#files.syncDirectory(this.#directory);
      await this.#goOn({ number: header.number, path, bytes }, this.aheadBytes);
    } catch (error) {
      await side.discard();
      // A segment of that number is begun next, and shall not be written over this one; nor shall this one come back.
      if (!before.isTrusted)
        await this.#files
          .remove(path)
          .then(() => this.#files.syncDirectory(this.#directory))
          .catch(() => undefined);
      throw error;
    }
    this.#sequence++;
  }

  /** Writes an empty record as large as the last one that failed; rejects as `append` does. */
  async probe(): Promise<void> {
    await this.#write([encodeProbe(this.#sequence, this.#now(), Math.min(this.#lastFailed, MAX_PROBE))]);
  }

  /** Seals the segment and goes on in a fresh one. Where that fails the next write tries it again. */
  rotate(): Promise<void> {
    return this.#rotate(this.aheadBytes);
  }

  async #rotate(ahead: number): Promise<void> {
    const before = this.#segment;
    // From here on a new segment that says where this one ends may be on the disk, whatever is reported of it.
    before?.distrust();
    const header = this.#headerAfter(before);
    const path = join(this.#directory, segmentName(header.number));
    const record = encodeSegmentHeader(header, this.#now());
    const created = await this.#files.create(path);
    try {
      await created.write(record, 0);
      await created.datasync();
      await this.#files.syncDirectory(this.#directory);
    } finally {
      await closeQuietly(created);
    }
    await this.#goOn({ number: header.number, path, bytes: record.length }, ahead);
  }

  #headerAfter(before: OpenSegment | undefined): SegmentHeader {
    const number = (before?.number ?? 0) + 1;
    const previous = before === undefined ? null : { number: before.number, bytes: before.bytes };
    return { kind: 'segment', sequence: this.#sequence, format: FORMAT.version, number, previous };
  }

  /** Seals the segment that is being written and goes on in the one after it, which is durable. */
  async #goOn(next: SealedSegment, ahead: number): Promise<void> {
    const before = this.#segment;
    const file = await this.#files.openDurable(next.path);
    this.#segment = new OpenSegment({ files: this.#files, file, ...next, ahead });
    if (before === undefined) return;
    this.#sealed.push({ number: before.number, path: before.path, bytes: before.bytes });
    await before.close();
  }

  /** Removes the sealed segments up to `number`, oldest first, so that what remains never has a gap. */
  async discard(number: number): Promise<void> {
    while (this.#sealed.length > 0 && this.#sealed[0]!.number <= number) {
      await removeIfThere(this.#files, this.#sealed[0]!.path);
      // One by one: of several removals a crash may undo the first and not the last, and a gap is damage.
      await this.#files.syncDirectory(this.#directory);
      this.#sealed = this.#sealed.slice(1);
    }
  }

  /** Closes the file; everything acknowledged is durable already. */
  async close(): Promise<void> {
    await this.#segment?.close();
  }

  async #write(record: readonly Buffer[]): Promise<void> {
    const length = record.reduce((sum, piece) => sum + piece.length, 0);
    try {
      // Without zeros: a disk that has just failed is not asked for more than it must hold.
      if (!this.#segment!.isTrusted) await this.#rotate(0);
      await this.#segment!.append(record);
      this.#lastFailed = 0;
    } catch (error) {
      this.#lastFailed = Math.max(this.#lastFailed, length);
      throw error;
    }
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

async function closeQuietly(file: JournalFile): Promise<void> {
  // Everything that counts was synced before, so a failing close loses nothing and there is nothing to do about it.
  await file.close().catch(() => undefined);
}

async function removeIfThere(files: FileLayer, path: string): Promise<void> {
  try {
    await files.remove(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
