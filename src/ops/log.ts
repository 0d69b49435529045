/**
 * The log: one JSON object a line on standard error, or lines for people with `pretty`. Standard output belongs to
 * the results of commands.
 * Invariant: a field whose name says that it holds a secret is never written, however deep it was passed in.
 */
import { type Logger, destination as fileDestination, pino, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';
import { CENSOR, SECRET_FIELDS, withoutSecrets } from './redaction.ts';

/** How much is logged; each level includes the ones after it. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** All levels, most talkative first. */
export const LOG_LEVELS: readonly [LogLevel, ...LogLevel[]] = [
  'trace',
  'debug',
  'info',
  'warn',
  'error',
  'fatal',
  'silent',
];

/** What the rooms log to: `log.info({ field }, 'message')`. */
export type Log = Logger;

/** A log with the ways to steer it. */
export interface LogControl {
  readonly log: Log;
  setLevel(level: LogLevel): void;
  /** Writes what is still buffered, synchronously; for the end of the process. */
  flush(): void;
}

/** Anything lines can be written to. */
export interface LogSink {
  write(line: string): unknown;
}

/** Beyond this many buffered bytes lines are dropped: a reader that stalls must not stall or fill the server. */
const BUFFER_LIMIT = 4 * 1024 * 1024;

/** The log of a process. Without `sink` it goes to standard error, buffered, so that a slow reader delays nothing. */
export function createLog(options: {
  readonly level: LogLevel;
  readonly pretty: boolean;
  readonly sink?: LogSink;
}): LogControl {
  const file =
    options.sink === undefined ? fileDestination({ fd: 2, sync: false, maxLength: BUFFER_LIMIT }) : undefined;
  const target = options.sink ?? file!;
  const log = pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: withoutSecrets },
      // For the bindings of child logs, which the formatter does not see. Only names of fields: paths with a wildcard
      // would copy every field of every line.
      redact: { paths: SECRET_FIELDS, censor: CENSOR },
    },
    options.pretty ? prettyLines(target) : target,
  );
  return {
    log,
    setLevel: (level) => {
      log.level = level;
    },
    flush: () => {
      try {
        file?.flushSync();
      } catch {
        // Standard error is closed or its reader is gone: there is nobody left to tell.
      }
    },
  };
}

/** The settings of a configuration as a list below the message; empty where the line carries none. */
function configurationLines(configuration: unknown): string {
  if (typeof configuration !== 'object' || configuration === null) return '';
  const width = Math.max(...Object.keys(configuration).map((key) => key.length));
  return Object.entries(configuration)
    .map(([key, value]) => `\n    ${key.padEnd(width)}  ${JSON.stringify(value)}`)
    .join('');
}

function prettyLines(target: LogSink): LogSink {
  const format = pretty.prettyFactory({
    colorize: process.stderr.isTTY,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,configuration',
    singleLine: true,
    messageFormat: (line, messageKey) =>
      `${String(line[messageKey])}${configurationLines(line['configuration'])}`,
  });
  return { write: (line) => target.write(format(line)) };
}
