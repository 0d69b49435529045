/**
 * One journal record as a line of text: `LENGTH CRC32 JSON`, where LENGTH counts the bytes of the JSON and CRC32 is
 * theirs in hexadecimal. The JSON always has `sequence` and `at`; its third field says what the record is: `changes`
 * (a commit), `segment` (the first record of every file) or `probe` (an empty record).
 * Invariant: a line whose frame holds was written as a whole, because JSON text has no newline in it.
 */
import { crc32 } from 'node:zlib';
import { type Parsed, parsed, unparsable } from '../../../ops/parsed.ts';
import { type Steps, visitInSteps } from '../../../ops/steps.ts';
import type { Change } from '../../change.ts';
import { FieldError, Fields } from '../../json-fields.ts';
import { ChangeText } from '../../quick/change-text.ts';

/** Where the segment before ends; whatever follows in its file was never acknowledged. */
export interface SegmentEnd {
  readonly number: number;
  readonly bytes: number;
}

/** The first record of a segment. */
export interface SegmentHeader {
  readonly kind: 'segment';
  /** The number of the last commit before the segment. */
  readonly sequence: number;
  /** The format version of the segment's records. */
  readonly format: number;
  readonly number: number;
  /** Null for the first segment of a store. */
  readonly previous: SegmentEnd | null;
}

/** A record as it was read; the changes of a commit are not decoded yet. */
export type JournalRecord =
  | { readonly kind: 'commit'; readonly sequence: number; readonly changes: readonly unknown[] }
  | { readonly kind: 'probe'; readonly sequence: number }
  | SegmentHeader;

const FRAME = /^([1-9]\d{0,9}) ([0-9a-f]{8}) /;
const FRAME_LENGTH = 20;
const JSON_START = '{"sequence":';
const COMMIT_HEAD = /^\{"sequence":(0|[1-9]\d{0,15}),"at":"[0-9A-Z:.+-]{1,40}","changes":\[/;
const COMMIT_HEAD_LENGTH = 100;
const COMMIT_END = Buffer.from(']}', 'latin1');
const MAX = Number.MAX_SAFE_INTEGER;
/** UTF-16 units after which a long record is cut: a millisecond of encoding. */
const PIECE_LENGTH = 1 << 20;
/** The most bytes of a record's JSON, so that a reader can hold it as one string. */
const MAX_RECORD = 500_000_000;

/**
 * The record of a commit, in pieces that are written one after the other. Throws FieldError where a change cannot be
 * stored or all of them are more than a record may have, before anything was written.
 */
export function* encodeCommit(
  sequence: number,
  at: string,
  changes: readonly Change[],
): Steps<readonly Buffer[]> {
  const text = new RecordText();
  text.add(`{"sequence":${sequence},"at":"${at}","changes":[`);
  const texts = new ChangeText();
  let separator = '';
  yield* visitInSteps(changes, (change) => {
    text.add(separator + texts.of(change));
    separator = ',';
  });
  text.add(']}');
  return text.frame();
}

/** The first record of a segment. */
export function encodeSegmentHeader(header: SegmentHeader, at: string): Buffer {
  const { sequence, format, number, previous } = header;
  return frame(JSON.stringify({ sequence, at, segment: { format, number, previous } }));
}

/** An empty record of about `bytes` bytes, which tells whether a record of that size can be made durable. */
export function encodeProbe(sequence: number, at: string, bytes: number): Buffer {
  return frame(JSON.stringify({ sequence, at, probe: ' '.repeat(bytes) }));
}

/** The JSON bytes of a line whose frame holds; undefined for any other line. */
export function unframe(line: Buffer): Buffer | undefined {
  const match = FRAME.exec(line.toString('latin1', 0, FRAME_LENGTH));
  if (match === null) return undefined;
  const json = line.subarray(match[0].length);
  if (json.length !== Number(match[1]) || crc32(json) !== Number.parseInt(match[2]!, 16)) return undefined;
  return json;
}

/**
 * The offset, `from` or later, of a whole record within damaged bytes; undefined where there is none. What a record
 * quotes cannot be taken for one: quotation marks are escaped within JSON text.
 */
export function findRecord(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(JSON_START, from); at !== -1; at = bytes.indexOf(JSON_START, at + 1)) {
    const head = /([1-9]\d{0,9}) [0-9a-f]{8} $/.exec(
      bytes.toString('latin1', Math.max(from, at - FRAME_LENGTH), at),
    );
    const digits = head?.[1];
    if (digits === undefined) continue;
    // Digits that stand before by chance may belong to the damage, so each shorter number is tried, too.
    for (let skip = 0; skip < digits.length; skip++) {
      const start = at - 10 - digits.length + skip;
      if (unframe(bytes.subarray(start, at + Number(digits.slice(skip)))) !== undefined) return start;
    }
  }
  return undefined;
}

/**
 * A commit's number and the bytes of its changes, of the JSON bytes of a record as `encodeCommit` writes it; undefined
 * for any other, which `decodeRecord` is for. The changes are valid for as long as the record's bytes.
 */
export function splitCommit(
  json: Buffer,
): { readonly sequence: number; readonly changes: Buffer } | undefined {
  const head = COMMIT_HEAD.exec(json.toString('latin1', 0, COMMIT_HEAD_LENGTH));
  const end = json.length - COMMIT_END.length;
  const sequence = Number(head?.[1]);
  if (head === null || !Number.isSafeInteger(sequence) || !json.subarray(end).equals(COMMIT_END))
    return undefined;
  return { sequence, changes: json.subarray(head[0].length, end) };
}

/** The record of the JSON bytes that `unframe` gave. */
export function decodeRecord(json: Buffer): Parsed<JournalRecord> {
  try {
    const fields = new Fields(JSON.parse(json.toString('utf8')), 'record');
    const sequence = fields.integer('sequence', MAX);
    fields.text('at');
    const record = decodeBody(sequence, fields);
    fields.end();
    return parsed(record);
  } catch (error) {
    if (error instanceof FieldError || error instanceof SyntaxError) return unparsable(error.message);
    throw error;
  }
}

function decodeBody(sequence: number, fields: Fields): JournalRecord {
  const changes = fields.raw('changes');
  if (Array.isArray(changes)) return { kind: 'commit', sequence, changes };
  if (fields.raw('probe') !== undefined) return { kind: 'probe', sequence };
  const segment = new Fields(fields.raw('segment'), 'segment');
  const previous = segment.raw('previous');
  const header: SegmentHeader = {
    kind: 'segment',
    sequence,
    format: segment.integer('format', MAX),
    number: segment.integer('number', MAX),
    previous: previous === null ? null : decodeEnd(previous),
  };
  // No check for unknown fields: a newer version may have some, and is to be told by its number.
  return header;
}

function decodeEnd(value: unknown): SegmentEnd {
  const fields = new Fields(value, 'previous');
  return { number: fields.integer('number', MAX), bytes: fields.integer('bytes', MAX) };
}

function frame(json: string): Buffer {
  const text = new RecordText();
  text.add(json);
  return Buffer.concat(text.frame());
}

/** The JSON text of one record while it is put together, as bytes with their checksum: a long one is never one string. */
class RecordText {
  readonly #pieces: Buffer[] = [];
  #pending = '';
  #length = 0;
  #crc = 0;

  add(text: string): void {
    this.#pending += text;
    if (this.#pending.length >= PIECE_LENGTH) this.#cut();
  }

  /** The record as a line; one buffer where it is short. */
  frame(): readonly Buffer[] {
    this.#cut();
    const head = `${this.#length} ${this.#crc.toString(16).padStart(8, '0')} `;
    const line = [Buffer.from(head, 'latin1'), ...this.#pieces, Buffer.from('\n', 'latin1')];
    return this.#pieces.length === 1 ? [Buffer.concat(line)] : line;
  }

  #cut(): void {
    const bytes = Buffer.from(this.#pending, 'utf8');
    this.#pending = '';
    this.#length += bytes.length;
    if (this.#length > MAX_RECORD)
      throw new FieldError(`one commit has at most ${MAX_RECORD} bytes: make it in parts`);
    this.#crc = crc32(bytes, this.#crc);
    this.#pieces.push(bytes);
  }
}
