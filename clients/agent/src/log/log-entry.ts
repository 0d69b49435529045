/**
 * The words of the log. Invariant: an event of the table has one id and one kind, here and nowhere else, and
 * nothing in an entry is a secret.
 */

/** How much a line matters. */
export type Level = 'debug' | 'info' | 'warn' | 'error';

/** The levels, least first. */
export const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error'];

/** The events of the Windows Event Log: their id and kind. */
export const EVENTS = {
  started: { id: 1000, kind: 'information' },
  ended: { id: 1001, kind: 'information' },
  changed: { id: 1100, kind: 'information' },
  failed: { id: 1200, kind: 'warning' },
  stopped: { id: 1201, kind: 'error' },
  missing: { id: 1202, kind: 'warning' },
  recovered: { id: 1300, kind: 'information' },
  reloaded: { id: 1400, kind: 'information' },
  refused: { id: 1401, kind: 'error' },
} as const;

/** An event of the table. */
export type ReportedEvent = keyof typeof EVENTS;

/** An event of the log. */
export type EventName = ReportedEvent | 'refreshed' | 'unchanged' | 'undetected' | 'warned';

/** One line of the log, without its time. */
export interface LogEntry {
  readonly level: Level;
  readonly event: EventName;
  readonly message: string;
  readonly trace?: string;
  readonly server?: string;
  readonly host?: string;
  readonly addresses?: readonly string[];
  readonly code?: string;
  /** From 0. */
  readonly attempt?: number;
  /** When the next try is, in milliseconds since 1970. */
  readonly next?: number;
  readonly elapsedMs?: number;
  /** Whether the Event Log gets it too. */
  readonly report?: boolean;
}

/** One JSON object on one line, ended by LF. */
export function formatEntry(entry: LogEntry, wall: number): string {
  const { level, event, message, next, ...rest } = entry;
  const line = {
    time: new Date(wall).toISOString(),
    level,
    event,
    message,
    ...rest,
    ...(next === undefined ? {} : { next: new Date(next).toISOString() }),
    // Where else it went is no news for who reads it here.
    report: undefined,
  };
  return `${JSON.stringify(line)}\n`;
}
