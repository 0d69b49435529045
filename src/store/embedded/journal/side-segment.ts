/**
 * A large commit, written into a file beside the journal while other commits go on, which becomes the journal's next
 * segment with one rename. It is a segment as any other: its first record says where the one before ends, an empty
 * record fills up what room was left for that, and the third is the commit.
 *
 * Invariants: nothing of it counts before the rename, and all of it is durable by then; a file that was never renamed
 * is superfluous; what is written at a time, and left to the disk unsynced, is bounded, so that commits to the segment
 * that is being written do not wait for more.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import type { Change } from '../../change.ts';
import { ChangeListText } from '../../quick/change-list-text.ts';
import { combineCrc32 } from './combine-crc.ts';
import type { FileLayer, JournalFile } from './file-layer.ts';
import {
  COMMIT_END,
  type SegmentHeader,
  checkRecordLength,
  commitBeginning,
  encodePadding,
  encodeSegmentHeader,
  frameHead,
} from './record.ts';

/** The file-name prefix of a commit that is being written beside the journal. */
export const SIDE_PREFIX = 'journal.tmp-';

/** Room for the first record, the empty one and the beginning of the commit's. */
const FRONT = 4096;
/** UTF-16 units that are written at once. */
const PIECE_LENGTH = 256 * 1024;
/** Bytes that may be unsynced. */
const UNSYNCED = 4 * 1024 * 1024;
/** Changes that are encoded in one step. */
const CHANGES_PER_STEP = 500;

/** Writes changes beside the journal. Rejects with the file layer's error, or FieldError for what cannot be stored; nothing is left then. */
export async function writeSideSegment(
  { files, directory }: { readonly files: FileLayer; readonly directory: string },
  changes: readonly Change[],
): Promise<SideSegment> {
  const path = join(directory, SIDE_PREFIX + randomBytes(6).toString('hex'));
  const side = new SideSegment(files, path, await files.create(path));
  try {
    for (let start = 0; start < changes.length; start += CHANGES_PER_STEP) {
      await side.add(changes.slice(start, start + CHANGES_PER_STEP));
      await setImmediate();
    }
    await side.sync();
    return side;
  } catch (error) {
    await side.discard();
    throw error;
  }
}

/** A commit that is written and does not count yet. Calls must not overlap. */
export class SideSegment {
  readonly path: string;
  readonly #files: FileLayer;
  readonly #file: JournalFile;
  readonly #list = new ChangeListText();
  #pending = '';
  #length = 0;
  #unsynced = 0;
  #crc = 0;
  #isClosed = false;

  constructor(files: FileLayer, path: string, file: JournalFile) {
    this.#files = files;
    this.path = path;
    this.#file = file;
  }

  /** Adds changes behind those that are there. Rejects as `writeSideSegment` does. */
  async add(changes: readonly Change[]): Promise<void> {
    for (const change of changes) this.#pending += this.#list.add(change);
    if (this.#pending.length >= PIECE_LENGTH) await this.#flush();
  }

  /** Writes and syncs what was added, so that little is left to do when the commit is made. */
  async sync(): Promise<void> {
    await this.#flush();
    await this.#file.datasync();
    this.#unsynced = 0;
  }

  /** Writes everything that a segment is still missing and syncs the file; its size. Rejects as the file layer does. */
  async finish(header: SegmentHeader, at: string): Promise<number> {
    this.#pending += this.#list.end() + COMMIT_END;
    await this.#flush();
    const beginning = Buffer.from(commitBeginning(header.sequence + 1, at), 'latin1');
    const length = beginning.length + this.#length;
    const crc = combineCrc32(crc32(beginning), this.#crc, this.#length);
    const first = encodeSegmentHeader(header, at);
    const last = Buffer.concat([Buffer.from(frameHead(length, crc), 'latin1'), beginning]);
    const padding = encodePadding(header.sequence, at, FRONT - first.length - last.length);
    await this.#file.write(Buffer.concat([first, padding, last]), 0);
    await this.#file.write(Buffer.from('\n', 'latin1'), FRONT + this.#length);
    await this.#file.datasync();
    await this.#close();
    return FRONT + this.#length + 1;
  }

  /** Removes the file. */
  async discard(): Promise<void> {
    await this.#close();
    // One that stays is removed at the next start.
    await this.#files.remove(this.path).catch(() => undefined);
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.from(this.#pending, 'utf8');
    this.#pending = '';
    checkRecordLength(this.#length + bytes.length + FRONT);
    this.#crc = crc32(bytes, this.#crc);
    await this.#file.write(bytes, FRONT + this.#length);
    this.#length += bytes.length;
    this.#unsynced += bytes.length;
    if (this.#unsynced < UNSYNCED) return;
    await this.#file.datasync();
    this.#unsynced = 0;
  }

  async #close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // What counts was synced before, so a failing close loses nothing and there is nothing to do about it.
    await this.#file.close().catch(() => undefined);
  }
}
