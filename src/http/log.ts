/**
 * What the HTTP side writes to the log. Invariants: no secret, query or body is ever among the fields; the line of an
 * update is the same JSON that the log would make of its fields, written out here because nothing else is logged as
 * often; a flood of guesses writes a bounded number of lines a second, and none of them is left uncounted.
 */
import type { IpAddress } from '../net/ip-address.ts';
import { formatIpAddress } from '../net/ip-address.ts';
import { type Log, createLineWriter } from '../ops/log.ts';
import type { OutcomeKind } from '../update/outcome.ts';

/** What is kept of one update (D-7.7). */
export interface UpdateEntry {
  /** ASCII without quotation marks, as the server makes it. */
  readonly requestId: string;
  /** Absent where it is DynDNS2. A name of letters, digits and hyphens. */
  readonly dialect?: string;
  readonly hostnames: readonly string[];
  readonly outcomes: readonly OutcomeKind[];
  /** Undefined where nobody was proved to act, or the operator acts. */
  readonly account: string | undefined;
  readonly source: IpAddress;
  /** Undefined where the client named none. */
  readonly agent: string | undefined;
  readonly durationMs: number;
  /** What the owner should know although the update was done, in words; absent where there is nothing. */
  readonly notices?: readonly string[] | undefined;
}

/** Structured lines: fields first, then the message, as pino takes them; and one for each update. */
export interface HttpLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  update(level: 'info' | 'warn', entry: UpdateEntry): void;
  /** As `update`, of an attempt of which nothing was looked at. Of more than twenty a second the others are counted. */
  refusal(level: 'info' | 'warn', entry: UpdateEntry): void;
}

/** Whoever guesses is seen in some lines of a second as well as in thousands, which would fill the disk. */
const REFUSALS_A_SECOND = 20;

/** The HTTP side's log over that of the process. */
export function createHttpLog(log: Log): HttpLog {
  const writeLine = createLineWriter(log);
  const update = (level: 'info' | 'warn', entry: UpdateEntry): void => {
    if (log.isLevelEnabled(level)) writeLine(level, formatUpdateEntry(entry), 'update');
  };
  let refusals = 0;
  const endSecond = (): void => {
    const attempts = refusals - REFUSALS_A_SECOND;
    refusals = 0;
    if (attempts > 0) log.warn({ attempts }, 'more attempts were refused within a second, unread');
  };
  return {
    update,
    refusal: (level, entry) => {
      if (++refusals === 1) setTimeout(endSecond, 1000).unref();
      if (refusals <= REFUSALS_A_SECOND) update(level, entry);
    },
    info: (fields, message) => {
      log.info(fields, message);
    },
    warn: (fields, message) => {
      log.warn(fields, message);
    },
    error: (fields, message) => {
      log.error(fields, message);
    },
  };
}

/** The members of the JSON object of an update's line. */
export function formatUpdateEntry(entry: UpdateEntry): string {
  const { account, agent, dialect } = entry;
  let hostnames = '';
  for (const hostname of entry.hostnames)
    hostnames += (hostnames === '' ? '' : ',') + JSON.stringify(hostname);
  let outcomes = '';
  for (const outcome of entry.outcomes) outcomes += (outcomes === '' ? '"' : ',"') + outcome + '"';
  const members = `"requestId":"${entry.requestId}","hostnames":[${hostnames}],"outcomes":[${outcomes}]`;
  const as = dialect === undefined ? '' : `,"dialect":"${dialect}"`;
  const by = account === undefined ? '' : `,"account":${JSON.stringify(account)}`;
  const from = `,"source":"${formatIpAddress(entry.source)}"`;
  const through = agent === undefined ? '' : `,"agent":${JSON.stringify(agent)}`;
  const notices = entry.notices === undefined ? '' : `,"notices":${JSON.stringify(entry.notices)}`;
  return `${members}${as}${by}${from}${through},"durationMs":${entry.durationMs}${notices}`;
}
