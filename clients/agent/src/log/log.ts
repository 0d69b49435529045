/**
 * Where log lines go: standard output, or a file that is rotated by size.
 * Invariant: a log that cannot be written stops nothing; its file is opened again a little later.
 */
import { mkdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type RotatingFileStream, createStream } from 'rotating-file-stream';
import type { LogConfig } from '../config/agent-config.ts';
import { LEVELS, type LogEntry, formatEntry } from './log-entry.ts';

/** A log. */
export interface Log {
  write(entry: LogEntry): void;
  /** Waits for what was written. */
  close(): Promise<void>;
}

/** Text goes here. */
interface Sink {
  write(text: string): void;
  close(): Promise<void>;
}

/** A file that failed is opened again after this time, in milliseconds. */
const REOPEN_MS = 10_000;
const CLOSE_MS = 1000;

/** Makes a log; `print` is standard output, and `now` the wall clock. */
export function createLog(
  config: LogConfig,
  options: { readonly print: (text: string) => void; readonly now: () => number },
): Log {
  const sink =
    config.file === undefined ? printSink(options.print) : fileSink(config.file, config, options.now);
  const least = LEVELS.indexOf(config.level);
  return {
    write: (entry) => {
      if (LEVELS.indexOf(entry.level) >= least) sink.write(formatEntry(entry, options.now()));
    },
    close: () => sink.close(),
  };
}

function printSink(print: (text: string) => void): Sink {
  return { write: print, close: () => Promise.resolve() };
}

function fileSink(path: string, { maxSizeOctets, keep }: LogConfig, now: () => number): Sink {
  let stream: RotatingFileStream | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;
  const fail = (): void => {
    stream = undefined;
    failedAt = now();
  };
  const openStream = (): RotatingFileStream | undefined => {
    if (stream !== undefined || Math.abs(now() - failedAt) < REOPEN_MS) return stream;
    try {
      mkdirSync(dirname(path), { recursive: true });
      const opened = createStream(basename(path), {
        path: dirname(path),
        size: `${maxSizeOctets}B`,
        rotate: keep,
        mode: 0o640,
      });
      opened.on('error', () => {
        if (stream === opened) fail();
      });
      stream = opened;
    } catch {
      // The directory cannot be made: the log stops nothing.
      fail();
    }
    return stream;
  };
  return {
    write: (text) => {
      openStream()?.write(text);
    },
    close: () =>
      new Promise((done) => {
        if (stream === undefined) {
          done();
          return;
        }
        const timer = setTimeout(done, CLOSE_MS);
        stream.end(() => {
          clearTimeout(timer);
          done();
        });
      }),
  };
}
