/**
 * The file of the journal that is being written. Zeros are written and synced ahead of the records, so that a record
 * overwrites what is there: making it durable moves its bytes to the disk and nothing of the file's length or place,
 * which costs half. Where there is no room for zeros, records are appended.
 *
 * Invariants: the first `bytes` bytes are durable whole records and never written again; behind them lie zeros only,
 * but for what a crash leaves of one record; a segment in which a write failed is no longer trusted and takes no more
 * records. No commit fails for want of zeros. Calls must not overlap.
 */
import type { FileLayer, JournalFile } from './file-layer.ts';

/** A segment to write on, and what is known of it. */
export interface OpenSegmentOptions {
  readonly files: FileLayer;
  /** Opened for durable writes. */
  readonly file: JournalFile;
  readonly number: number;
  readonly path: string;
  /** The bytes that are durable records; nothing may lie behind them. */
  readonly bytes: number;
  /** The most bytes of zeros that are written ahead; 0 for none. */
  readonly ahead: number;
}

/** A file with few records gets few zeros: this part of the most is the least that is worth a sync of its own. */
const LEAST = 64;
/** A record that is synced meanwhile may wait for one such part of the most, because it lies in the same file. */
const PIECES = 16;

/** An open file of the journal. */
export class OpenSegment {
  readonly number: number;
  readonly path: string;
  readonly #files: FileLayer;
  readonly #file: JournalFile;
  #ahead: number;
  #bytes: number;
  /** Where what is written and synced ends, zeros included. */
  #end: number;
  #appended = 0;
  #preparing: Promise<void> | undefined;
  #isAwaited = false;
  #isTrusted = true;

  constructor({ files, file, number, path, bytes, ahead }: OpenSegmentOptions) {
    this.#files = files;
    this.#file = file;
    this.number = number;
    this.path = path;
    this.#bytes = bytes;
    this.#end = bytes;
    this.#ahead = ahead;
  }

  /** Durable bytes of records. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether it takes records; once false, for ever. */
  get isTrusted(): boolean {
    return this.#isTrusted;
  }

  /** Takes no more records: from here on another file may say where this one ends. */
  distrust(): void {
    this.#isTrusted = false;
  }

  /**
   * Makes a record durable. Rejects with the file layer's error, and takes no more then: nobody knows what of the record
   * reached the disk, and asking again may falsely succeed.
   */
  async append(record: readonly Buffer[]): Promise<void> {
    const end = record.reduce((at, piece) => at + piece.length, this.#bytes);
    if (end > this.#end) await this.#endPreparing();
    try {
      let at = this.#bytes;
      for (const piece of record) {
        await this.#file.write(piece, at);
        at += piece.length;
      }
    } catch (error) {
      this.#isTrusted = false;
      await this.#takeBack();
      throw error;
    }
    this.#bytes = end;
    this.#end = Math.max(this.#end, end);
    this.#appended++;
    this.#prepareWhereDue();
  }

  /** Cuts off the zeros and closes the file; everything acknowledged is durable already, so nothing can fail. */
  async close(): Promise<void> {
    await this.#endPreparing();
    // Zeros that stay are room lost and no more: a reader passes over them.
    if (this.#end > this.#bytes) await this.#file.truncate(this.#bytes).catch(() => undefined);
    // Everything that counts was synced before, so a failing close loses nothing and there is nothing to do about it.
    await this.#file.close().catch(() => undefined);
  }

  /** Gives back the room of what failed, and of the zeros: the disk may be full. */
  async #takeBack(): Promise<void> {
    await this.#endPreparing();
    // What stays is fenced off: the next segment says where this one ends.
    await this.#file.truncate(this.#bytes).catch(() => undefined);
  }

  /** Waits for the zeros that are being written from `#end` on, and keeps others from following. */
  async #endPreparing(): Promise<void> {
    this.#isAwaited = true;
    await this.#preparing;
    this.#isAwaited = false;
  }

  /** Many zeros where much is written, none for the one commit of a command. */
  #prepareWhereDue(): void {
    const wanted = Math.min(this.#ahead, Math.max(Math.ceil(this.#ahead / LEAST), this.#bytes));
    if (this.#appended < 2 || this.#preparing !== undefined || this.#end - this.#bytes >= wanted / 2) return;
    this.#preparing = this.#prepare(this.#bytes + wanted).finally(() => {
      this.#preparing = undefined;
    });
  }

  /** Writes zeros up to an offset. By a descriptor of its own: of a failed sync each is told for itself. */
  async #prepare(target: number): Promise<void> {
    let file: JournalFile | undefined;
    try {
      file = await this.#files.open(this.path);
      while (this.#end < target && this.#mayExtend()) await this.#extend(file, target);
    } catch {
      // The disk is full, most likely; what it lacks the next record will tell, if it needs it.
      this.#ahead = 0;
    }
    await file?.close().catch(() => undefined);
  }

  /** Asked anew before each piece: meanwhile a record may want to be where it would lie. */
  #mayExtend(): boolean {
    return this.#isTrusted && !this.#isAwaited;
  }

  async #extend(file: JournalFile, target: number): Promise<void> {
    const zeros = Buffer.alloc(Math.min(Math.ceil(this.#ahead / PIECES), target - this.#end));
    try {
      await file.write(zeros, this.#end);
    } catch (error) {
      // What was written of them is room that the next record may need.
      await file.truncate(this.#end).catch(() => {
        this.#isTrusted = false;
      });
      throw error;
    }
    try {
      await file.datasync();
    } catch (error) {
      // Anything may lie there now.
      this.#isTrusted = false;
      throw error;
    }
    this.#end += zeros.length;
  }
}
