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
  /**
   * Asked at the beginning of a line whether it takes this line and any number of whole ones behind it by itself, which
   * `onLine` then does not see: returns the offset in `bytes` behind the last, `start` where it takes none.
   */
  readonly takeLines?: (bytes: Buffer, start: number) => number;
  /** Sees every other line; returning false ends the reading. */
  readonly onLine: (line: Line) => boolean;
}

const CHUNK = 1 << 20;
const BACKWARD_CHUNK = 1 << 16;
const NEWLINE = 0x0a;

/** Reads a file from its start and resolves with the number of bytes read. Rejects as opening and reading do. */
export async function readLines(reading: LineReading): Promise<number> {
  await using file = await open(reading.path, 'r');
  const end = reading.end ?? Number.POSITIVE_INFINITY;
  const cutter = new LineCutter(reading);
  const read = async (buffer: Buffer, position: number): Promise<Buffer> => {
    const { bytesRead } = await file.read(buffer, 0, Math.min(CHUNK, end - position), position);
    return buffer.subarray(0, bytesRead);
  };
  let [buffer, other] = [Buffer.allocUnsafeSlow(CHUNK), Buffer.allocUnsafeSlow(CHUNK)];
  let position = 0;
  let reads = read(buffer, position);
  for (;;) {
    const chunk = await reads;
    if (chunk.length === 0) break;
    position += chunk.length;
    [buffer, other] = [other, buffer];
    // The disk is at work while this chunk is looked at.
    reads = position < end ? read(buffer, position) : Promise.resolve(buffer.subarray(0, 0));
    // Told where it is awaited; where a line is refused before that, nobody needs to hear of it.
    reads.catch(() => undefined);
    reading.onChunk?.(chunk);
    if (!cutter.push(chunk)) {
      await reads;
      return position;
    }
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
  readonly #onLine: LineReading['onLine'];
  readonly #takeLines: LineReading['takeLines'];
  #begun: Buffer[] = [];
  #start = 0;

  constructor({ onLine, takeLines }: LineReading) {
    this.#onLine = onLine;
    this.#takeLines = takeLines;
  }

  push(chunk: Buffer): boolean {
    for (let from = 0; from < chunk.length;) {
      if (this.#takeLines !== undefined && this.#begun.length === 0) {
        const taken = this.#takeLines(chunk, from);
        this.#start += taken - from;
        from = taken;
      }
      const at = chunk.indexOf(NEWLINE, from);
      if (at === -1) {
        // The chunk's memory is used again for another one, so what is left of it is copied.
        if (from < chunk.length) this.#begun.push(Buffer.from(Uint8Array.from(chunk.subarray(from)).buffer));
        return true;
      }
      if (!this.#emit(chunk.subarray(from, at), true)) return false;
      from = at + 1;
    }
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
