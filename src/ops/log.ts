/**
 * The log: one JSON object a line on standard error, or lines for people with `pretty`. Standard output belongs to
 * the results of commands.
 * Invariant: a field whose name says that it holds a secret is never written, however deep it was passed in.
 */
import { type Logger, destination as fileDestination, pino, symbols } from 'pino';
import pretty from 'pino-pretty';
import { type LogSink, createLineBatch } from './line-batch.ts';
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

/**
 * Writes a line of which the caller has made the JSON members himself (`"a":1,"b":"c"`): for what is logged thousands
 * of times a second. Whoever calls it asks first whether the level is logged, and names no field that holds a secret.
 */
export type LineWriter = (level: LogLevel, members: string, message: string) => void;

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
  const batch = file === undefined ? undefined : createLineBatch(file);
  const target = options.sink ?? batch!;
  const log = pino(
    {
      level: options.level,
      base: null,
      timestamp: createTimestamp(),
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
        batch?.flush();
        file?.flushSync();
      } catch {
        // Standard error is closed or its reader is gone: there is nobody left to tell.
      }
    },
  };
}

/** A writer of lines that look like those of `log`, with its bindings, and go where its lines go. */
export function createLineWriter(log: Log): LineWriter {
  const { [symbols.streamSym]: stream } = log as unknown as Record<symbol, LogSink>;
  const bindings = JSON.stringify(log.bindings()).slice(1, -1);
  const separator = bindings === '' ? '' : ',';
  const timestamp = createTimestamp();
  return (level, members, message) => {
    const head = `{"level":"${level}"${timestamp()}${separator}${bindings}`;
    stream!.write(`${head},${members},"msg":${JSON.stringify(message)}}\n`);
  };
}

/** The time as a member of a line. Lines of the same millisecond share its text. */
function createTimestamp(): () => string {
  let at = Number.NaN;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== at) {
      at = now;
      text = `,"time":"${new Date(now).toISOString()}"`;
    }
    return text;
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
