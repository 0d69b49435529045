/**
 * Reads a file as a stream of lines of bytes, and finds where the zeros at its end begin. Invariant: memory is bounded by one chunk and the longest line, whatever
 * the size of the file; offsets are exact, so that every complaint can name its bytes.
 */
import { open } from 'node:fs/promises';

/** One line: its bytes without the newline, valid only during the call, and where it stands. */
export interface Line {
  readonly bytes: Buffer;
  /** Offset of its first byte in the file. */
  readonly start: number;
  /** Offset after its newline, or after its last byte where there is none. */
  readonly end: number;
  /** Whether a newline ends it; only the last line of a file may lack one. */
  readonly whole: boolean;
}

/** What part of a file to read, and who else sees it. */
export interface LineReading {
  readonly path: string;
  /** Offset to stop at; the end of the file where absent. */
  readonly end?: number;
  /** Sees every chunk of the part that is read, in order. */
  readonly onChunk?: (chunk: Buffer) => void;
  /** Sees every line; returning false ends the reading. */
  readonly onLine: (line: Line) => boolean;
}

const CHUNK = 1 << 20;
const BACKWARD_CHUNK = 1 << 16;
const NEWLINE = 0x0a;

/** Reads a file from its start and resolves with the number of bytes read. Rejects as opening and reading do. */
export async function readLines(reading: LineReading): Promise<number> {
  await using file = await open(reading.path, 'r');
  const end = reading.end ?? Number.POSITIVE_INFINITY;
  const buffer = Buffer.allocUnsafe(CHUNK);
  const cutter = new LineCutter(reading.onLine);
  let position = 0;
  while (position < end) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(CHUNK, end - position), position);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    position += bytesRead;
    reading.onChunk?.(chunk);
    if (!cutter.push(chunk)) return position;
  }
  cutter.finish();
  return position;
}

/** The offset after the last byte before `size` that is no zero; 0 where all are. Rejects as opening and reading do. */
export async function endBeforeZeros(path: string, size: number): Promise<number> {
  await using file = await open(path, 'r');
  const buffer = Buffer.allocUnsafe(Math.min(BACKWARD_CHUNK, size));
  const zeros = Buffer.alloc(buffer.length);
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - buffer.length);
    const { bytesRead } = await file.read(buffer, 0, end - start, start);
    const chunk = buffer.subarray(0, bytesRead);
    if (!chunk.equals(zeros.subarray(0, bytesRead)))
      return start + chunk.findLastIndex((byte) => byte !== 0) + 1;
    end = start;
  }
  return 0;
}

class LineCutter {
  readonly #onLine: (line: Line) => boolean;
  #begun: Buffer[] = [];
  #start = 0;

  constructor(onLine: (line: Line) => boolean) {
    this.#onLine = onLine;
  }

  push(chunk: Buffer): boolean {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      if (!this.#emit(chunk.subarray(from, at), true)) return false;
      from = at + 1;
    }
    // The chunk's memory is used again for the next one, so what is left of it is copied.
    if (from < chunk.length) this.#begun.push(Buffer.from(Uint8Array.from(chunk.subarray(from)).buffer));
    return true;
  }

  finish(): void {
    if (this.#begun.length > 0) this.#emit(Buffer.alloc(0), false);
  }

  #emit(rest: Buffer, whole: boolean): boolean {
    const isJoined = this.#begun.length > 0;
    const bytes = isJoined ? joined(this.#begun, rest) : rest;
    this.#begun = [];
    const start = this.#start;
    const end = start + bytes.length + (whole ? 1 : 0);
    this.#start = end;
    const goesOn = this.#onLine({ bytes, start, end, whole });
    if (isJoined) free(bytes);
    return goesOn;
  }
}

/** The bytes of all pieces; those of `begun` are freed one after the other, so that a long line never takes its memory twice. */
function joined(begun: readonly Buffer[], rest: Buffer): Buffer {
  const length = begun.reduce((sum, piece) => sum + piece.length, rest.length);
  // Memory of its own, and untouched until it is written: see `free`.
  const bytes = Buffer.from(new ArrayBuffer(length));
  let at = 0;
  for (const piece of begun) {
    bytes.set(piece, at);
    at += piece.length;
    free(piece);
  }
  bytes.set(rest, at);
  return bytes;
}

/** Gives memory back now and not at some later collection of garbage: one record may be hundreds of megabytes. */
function free({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
