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
import { ChangeListText } from '../../quick/change-list-text.ts';

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

const FRAME_LENGTH = 20;
const CRC_LENGTH = 8;
const MAX_DIGITS = 16;
const SPACE = 0x20;
const HYPHEN = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const CAPITAL_A = 0x41;
const CAPITAL_Z = 0x5a;
const LETTER_A = 0x61;
const LETTER_F = 0x66;
const JSON_START = '{"sequence":';
const SEQUENCE = Buffer.from(JSON_START, 'latin1');
const AT = Buffer.from(',"at":"', 'latin1');
/** Of a time as it is written. */
const TIME_LENGTH = 24;
const CHANGES = Buffer.from('","changes":[', 'latin1');
/** What ends a commit's JSON, behind its changes. */
export const COMMIT_END = ']}';
const END = Buffer.from(COMMIT_END, 'latin1');
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
  text.add(commitBeginning(sequence, at));
  const list = new ChangeListText();
  yield* visitInSteps(changes, (change) => {
    text.add(list.add(change));
  });
  text.add(list.end() + COMMIT_END);
  return text.frame();
}

/** What begins a commit's JSON, before its changes, which commas separate. */
export function commitBeginning(sequence: number, at: string): string {
  return `{"sequence":${sequence},"at":"${at}","changes":[`;
}

/** What stands before a record's JSON: its length in bytes and its CRC-32. */
export function frameHead(length: number, crc: number): string {
  return `${length} ${crc.toString(16).padStart(CRC_LENGTH, '0')} `;
}

/** Throws FieldError where a record's JSON has more bytes than a record may have. */
export function checkRecordLength(length: number): void {
  if (length > MAX_RECORD)
    throw new FieldError(`one commit has at most ${MAX_RECORD} bytes: make it in parts`);
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

/** An empty record that takes exactly `size` bytes, which are some thousands. */
export function encodePadding(sequence: number, at: string, size: number): Buffer {
  const least = encodeProbe(sequence, at, 0).length;
  const nearly = encodeProbe(sequence, at, size - least).length;
  // Its length is written in more digits than that of an empty one.
  return encodeProbe(sequence, at, size - least - (nearly - size));
}

/** The JSON bytes of a line whose frame holds; undefined for any other line. */
export function unframe(line: Buffer): Buffer | undefined {
  // By hand, because a start has a million of them to look at.
  const space = endOfNumber(line, 0);
  const start = space + 2 + CRC_LENGTH;
  if (space === 0 || line[0] === ZERO || line[space] !== SPACE || line[start - 1] !== SPACE) return undefined;
  if (readNumber(line, 0, space) !== line.length - start) return undefined;
  const json = line.subarray(start);
  return crc32(json) === readHex(line, space + 1) ? json : undefined;
}

/** The offset behind the digits of a number without leading zeros; `start` where there is none, or too long a one. */
function endOfNumber(bytes: Buffer, start: number): number {
  let at = start;
  while (at - start <= MAX_DIGITS && bytes[at]! >= ZERO && bytes[at]! <= NINE) at++;
  return at - start > MAX_DIGITS || (bytes[start] === ZERO && at > start + 1) ? start : at;
}

function readNumber(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + bytes[at]! - ZERO;
  return value;
}

/** The checksum of eight lower-case hexadecimal digits; -1 where they are none. */
function readHex(bytes: Buffer, start: number): number {
  let value = 0;
  for (let at = start; at < start + CRC_LENGTH; at++) {
    const octet = bytes[at]!;
    const isDigit = octet >= ZERO && octet <= NINE;
    if (!isDigit && (octet < LETTER_A || octet > LETTER_F)) return -1;
    value = value * 16 + (isDigit ? octet - ZERO : octet - LETTER_A + 10);
  }
  return value;
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
  const digits = SEQUENCE.length;
  const time = endOfNumber(json, digits) + AT.length;
  const start = time + TIME_LENGTH + CHANGES.length;
  const end = json.length - END.length;
  const isCommit =
    time > digits + AT.length &&
    end >= start &&
    isAt(json, 0, SEQUENCE) &&
    isAt(json, time - AT.length, AT) &&
    isTime(json, time) &&
    isAt(json, start - CHANGES.length, CHANGES) &&
    isAt(json, end, END);
  const sequence = isCommit ? readNumber(json, digits, time - AT.length) : Number.NaN;
  return Number.isSafeInteger(sequence) ? { sequence, changes: json.subarray(start, end) } : undefined;
}

function isAt(bytes: Buffer, start: number, expected: Buffer): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[start + i] !== expected[i]) return false;
  return true;
}

/** Whether these octets are of those that a time is written with. */
function isTime(bytes: Buffer, start: number): boolean {
  for (let at = start; at < start + TIME_LENGTH; at++) {
    const octet = bytes[at]!;
    const isCapital = octet >= CAPITAL_A && octet <= CAPITAL_Z;
    // Digits and the colon stand side by side; the hyphen and the dot, too.
    if (!isCapital && (octet < ZERO || octet > COLON) && octet !== HYPHEN && octet !== DOT) return false;
  }
  return true;
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
    const head = frameHead(this.#length, this.#crc);
    const line = [Buffer.from(head, 'latin1'), ...this.#pieces, Buffer.from('\n', 'latin1')];
    return this.#pieces.length === 1 ? [Buffer.concat(line)] : line;
  }

  #cut(): void {
    const bytes = Buffer.from(this.#pending, 'utf8');
    this.#pending = '';
    this.#length += bytes.length;
    checkRecordLength(this.#length);
    this.#crc = crc32(bytes, this.#crc);
    this.#pieces.push(bytes);
  }
}
