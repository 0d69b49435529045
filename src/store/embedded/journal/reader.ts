/**
 * The reading end of the journal: finds its segments, proves that nothing is missing or damaged, and hands over the
 * commits that a snapshot does not hold yet.
 *
 * Invariants: it changes no file. Zeros at the end of the last segment were written ahead and are nothing. Bad bytes
 * are a torn tail only at the very end of the last segment but for such zeros, with no record after them; anywhere else, and wherever a commit number is missing, it throws StoreError `corrupt` naming the file
 * and the bytes.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../../store.ts';
import { corruptBytes } from '../corrupt-bytes.ts';
import {
  type JournalRecord,
  type SegmentHeader,
  decodeRecord,
  findRecord,
  splitCommit,
  unframe,
} from './record.ts';
import { type SealedSegment, segmentName, segmentNumber } from './writer.ts';
import { LARGE_RECORD_BYTES } from './bound.ts';
import { type Line, endBeforeZeros, readLines } from './line-reader.ts';
import { FORMAT, type FormatHistory, Upgrade } from '../migrations.ts';

/** Bytes at the end of the journal that are no whole record: the write that a crash interrupted. */
export interface TornTail {
  readonly path: string;
  /** Offset of the first byte. */
  readonly start: number;
  /** Offset after the last byte. */
  readonly end: number;
}

/** What a journal was found to be. */
export interface JournalReading {
  /** The segments that count, oldest first, with the bytes of theirs that are whole records. */
  readonly segments: readonly SealedSegment[];
  /** Files that a snapshot has made superfluous. */
  readonly obsolete: readonly string[];
  /** At most two: the end of the last file, and a file after it whose making was cut off. */
  readonly torn: readonly TornTail[];
  /** Of the records that large commits are (`LARGE_RECORD_BYTES`). */
  readonly largeBytes: number;
  /** The number of the last commit. */
  readonly sequence: number;
  /** The format version of the last segment; undefined where there is none. */
  readonly format: number | undefined;
}

/** What to read and who takes the commits. */
export interface JournalSource {
  /** Oldest first. `bytes` is where to stop reading, the end of the file where absent. */
  readonly segments: readonly { readonly number: number; readonly path: string; readonly bytes?: number }[];
  /** The number of the last commit that the snapshot holds. */
  readonly after: number;
  /**
   * Takes the changes of each later commit, in the current format, as JSON values or as the bytes of a JSON list between
   * its brackets, valid only during the call; returns why it cannot.
   */
  readonly onCommit: (sequence: number, changes: readonly unknown[] | Buffer) => string | undefined;
  readonly history?: FormatHistory;
}

interface Segment {
  readonly number: number;
  readonly path: string;
  readonly size: number;
  /** Whether `size` is that of the file, so that zeros may end it, and not where its records are known to end. */
  readonly mayEndInZeros: boolean;
  readonly header: SegmentHeader;
}

/** The segment files of a directory, oldest first. Throws `corrupt` where one between two others is missing. */
export async function listSegments(directory: string): Promise<{ number: number; path: string }[]> {
  const segments = (await readdir(directory))
    .map((name) => ({ number: segmentNumber(name), path: join(directory, name) }))
    .filter((segment): segment is { number: number; path: string } => segment.number !== undefined)
    .sort((a, b) => a.number - b.number);
  segments.forEach(({ number }, i) => {
    if (i === 0 || segments[i - 1]!.number === number - 1) return;
    const missing = join(directory, segmentName(number - 1));
    throw new StoreError('corrupt', `${missing} is missing. Nothing was changed; restore it or a backup.`);
  });
  return segments;
}

/** Reads a journal and gives its commits to `onCommit` in order. */
export async function readJournal(source: JournalSource): Promise<JournalReading> {
  const { segments, torn } = await readHeaders(source);
  const first = segments.findLastIndex((segment) => segment.header.sequence <= source.after);
  if (segments.length > 0 && first === -1) {
    const { path, size, header } = segments[0]!;
    const why = `it goes on after commit ${header.sequence}, but the snapshot ends with commit ${source.after}`;
    throw corruptBytes(path, { start: 0, end: size }, why);
  }
  const live = segments.slice(Math.max(first, 0));
  let [sequence, largeBytes] = [source.after, 0];
  const read: SealedSegment[] = [];
  for (const [i, segment] of live.entries()) {
    const scan = new SegmentScan(segment, source);
    const next = live[i + 1];
    const bytes = next === undefined ? await scan.last() : await scan.sealed(next.header);
    read.push({ number: segment.number, path: segment.path, bytes });
    sequence = scan.sequence;
    largeBytes += scan.largeBytes;
    if (scan.torn !== null) torn.unshift(scan.torn);
  }
  if (sequence < source.after) {
    const { path, size } = live.at(-1)!;
    const why = `the journal ends with commit ${sequence}, before the snapshot's commit ${source.after}`;
    throw corruptBytes(path, { start: 0, end: size }, why);
  }
  const obsolete = segments.slice(0, segments.length - live.length).map((segment) => segment.path);
  return { segments: read, obsolete, torn, sequence, largeBytes, format: live.at(-1)?.header.format };
}

/** The headers of all segments. A last file without one single whole record is a torn tail: its making was cut off. */
async function readHeaders(source: JournalSource): Promise<{ segments: Segment[]; torn: TornTail[] }> {
  const segments: Segment[] = [];
  for (const [i, { number, path, bytes }] of source.segments.entries()) {
    const size = bytes ?? (await stat(path)).size;
    const head = await readFirstRecord(path, size);
    if (head.record?.kind === 'segment' && head.record.number === number) {
      segments.push({ number, path, size, mayEndInZeros: bytes === undefined, header: head.record });
    } else if (i === source.segments.length - 1 && !head.anyRecord) {
      return { segments, torn: [{ path, start: 0, end: size }] };
    } else {
      throw corruptBytes(path, { start: 0, end: head.end }, 'the first record of the file is damaged');
    }
  }
  return { segments, torn: [] };
}

async function readFirstRecord(
  path: string,
  size: number,
): Promise<{ record: JournalRecord | undefined; end: number; anyRecord: boolean }> {
  let record: JournalRecord | undefined;
  let end = size;
  let anyRecord = false;
  const onLine = (line: Line): boolean => {
    const json = line.whole ? unframe(line.bytes) : undefined;
    anyRecord ||= json !== undefined;
    if (line.start === 0) {
      end = line.end;
      const result = json === undefined ? undefined : decodeRecord(json);
      record = result?.ok === true ? result.value : undefined;
    }
    return !anyRecord;
  };
  await readLines({ path, end: size, onLine });
  return { record, end, anyRecord };
}

/** Reads one segment record by record. */
class SegmentScan {
  /** The number of the last commit read. */
  sequence: number;
  torn: TornTail | null = null;
  largeBytes = 0;
  readonly #segment: Segment;
  readonly #source: JournalSource;
  readonly #upgrade: Upgrade;

  constructor(segment: Segment, source: JournalSource) {
    this.#segment = segment;
    this.#source = source;
    this.#upgrade = new Upgrade(segment.header.format, segment.path, source.history ?? FORMAT);
    this.sequence = segment.header.sequence;
  }

  /** Reads a segment that another follows, up to the byte at which that one says it ends. */
  async sealed(next: SegmentHeader): Promise<number> {
    const { path, number, size } = this.#segment;
    if (next.previous?.number !== number) {
      throw corruptBytes(path, { start: 0, end: size }, 'the next file does not follow this one');
    }
    const end = next.previous.bytes;
    if (size < end) throw corruptBytes(path, { start: size, end }, 'these bytes are missing');
    const { bad } = await this.#scan(end);
    if (bad !== undefined) throw corruptBytes(path, bad, 'damaged');
    if (next.sequence !== this.sequence) {
      const why = `it ends with commit ${this.sequence}, but the next file goes on after commit ${next.sequence}`;
      throw corruptBytes(path, { start: 0, end }, why);
    }
    return end;
  }

  /** Reads the last segment and returns the bytes that are whole records; what follows them is torn, or zeros. */
  async last(): Promise<number> {
    const { path, size, mayEndInZeros } = this.#segment;
    const end = mayEndInZeros ? await endBeforeZeros(path, size) : size;
    const { bad, recordAfter } = await this.#scan(end);
    if (bad === undefined) return end;
    if (recordAfter) throw corruptBytes(path, bad, 'damaged, with whole records after them');
    this.torn = { path, start: bad.start, end };
    return bad.start;
  }

  /** `bad`: the lines from the first that is no record up to the next that is one, or up to `end`. */
  async #scan(end: number): Promise<{ bad?: { start: number; end: number }; recordAfter: boolean }> {
    let bad: { start: number; end: number } | undefined;
    let recordAfter = false;
    const onLine = (line: Line): boolean => {
      const json = line.whole ? unframe(line.bytes) : undefined;
      if (json === undefined) {
        bad = { start: bad?.start ?? line.start, end: line.end };
        // A damaged newline makes one line of two records: the second may be the last of the file.
        recordAfter ||= findRecord(line.bytes, 1) !== undefined;
        return true;
      }
      recordAfter ||= bad !== undefined;
      if (!recordAfter) this.#take(json, line);
      return !recordAfter;
    };
    await readLines({ path: this.#segment.path, end, onLine });
    return bad === undefined ? { recordAfter } : { bad, recordAfter };
  }

  #take(json: Buffer, line: Line): void {
    const commit = this.#upgrade.isNone ? splitCommit(json) : undefined;
    const record = commit === undefined ? this.#decode(json, line) : ({ kind: 'commit', ...commit } as const);
    const expected = record.kind === 'commit' ? this.sequence + 1 : this.sequence;
    if (record.sequence !== expected || (record.kind === 'segment' && line.start !== 0)) {
      const why = `the record has commit number ${record.sequence} where ${expected} belongs`;
      throw corruptBytes(this.#segment.path, line, why);
    }
    this.sequence = record.sequence;
    if (line.end - line.start >= LARGE_RECORD_BYTES) this.largeBytes += line.end - line.start;
    if (record.kind !== 'commit' || record.sequence <= this.#source.after) return;
    const { changes } = record;
    const current = Buffer.isBuffer(changes) ? changes : this.#upgrade.changes(changes);
    const problem = this.#source.onCommit(record.sequence, current);
    if (problem !== undefined) throw corruptBytes(this.#segment.path, line, problem);
  }

  #decode(json: Buffer, line: Line): JournalRecord {
    const result = decodeRecord(json);
    if (!result.ok) throw corruptBytes(this.#segment.path, line, result.reason);
    return result.value;
  }
}
