/** The log lines that the core writes, each made in one place so that its words are the same everywhere. */
import { FAMILIES, type Family } from '../config/agent-config.ts';
import { EVENTS, type LogEntry, type ReportedEvent } from '../log/log-entry.ts';
import type { Effect } from './core-types.ts';
import type { Addresses, SourceAnswer } from './host-record.ts';
import type { HostRun } from './host-run.ts';

/** What is said of a host. */
export type HostSaying =
  | { readonly event: 'undetected'; readonly family: Family; readonly answers: readonly SourceAnswer[] }
  | { readonly event: 'missing' }
  | {
      readonly event: 'changed' | 'refreshed' | 'unchanged' | 'recovered';
      readonly sent: Addresses;
      readonly code: string;
      readonly elapsedMs: number;
    }
  | {
      readonly event: 'failed' | 'stopped';
      readonly sent: Addresses;
      readonly code: string;
      readonly words: string;
      readonly attempt?: number;
      readonly next?: number | undefined;
      readonly elapsedMs: number;
      /** Whether the Event Log hears of it. */
      readonly report: boolean;
    };

/** The log line of what is said of a host, as an effect. */
export function entryOf(run: HostRun, saying: HostSaying): Effect {
  const about = { trace: run.trace, server: run.plan.server, host: run.plan.name };
  return { kind: 'log', entry: { ...about, ...wordsOf(run, saying) } };
}

/** The level at which an event of the table is logged. */
export function levelOf(event: ReportedEvent): 'info' | 'warn' | 'error' {
  const { kind } = EVENTS[event];
  return kind === 'information' ? 'info' : kind === 'warning' ? 'warn' : 'error';
}

function wordsOf({ plan }: HostRun, saying: HostSaying): LogEntry {
  const { name, server } = plan;
  switch (saying.event) {
    case 'undetected':
      return {
        level: 'debug',
        event: 'undetected',
        message: `${familyWord(saying.family)}: too few sources agree (${saying.answers.map(describeAnswer).join('; ')})`,
      };
    case 'missing':
      return {
        level: 'warn',
        event: 'missing',
        report: true,
        message: `${server} took the address of ${name}, but its name servers do not have it after 30 s`,
      };
    case 'failed':
    case 'stopped': {
      const { sent, event, words, next, attempt, ...rest } = saying;
      const wait = next === undefined ? '' : ` The next try is at ${new Date(next).toISOString()}.`;
      return {
        ...rest,
        level: event === 'stopped' ? 'error' : 'warn',
        event,
        addresses: addressesOf(sent),
        message: `${name} at ${server}: ${words}${wait}`,
        ...(next === undefined ? {} : { next }),
        ...(attempt === undefined ? {} : { attempt }),
      };
    }
    default: {
      const { sent, event, code, elapsedMs } = saying;
      const addresses = addressesOf(sent);
      const quiet = event === 'refreshed' || event === 'unchanged';
      return {
        level: quiet ? 'debug' : 'info',
        event,
        code,
        elapsedMs,
        addresses,
        report: !quiet,
        message: `${name} at ${server} ${MEANING[event]} ${addresses.join(' and ')}`,
      };
    }
  }
}

const MEANING = {
  changed: 'is now',
  refreshed: 'was refreshed as',
  unchanged: 'is still',
  recovered: 'works again as',
} as const;

/** What one source said, in words. */
export function describeAnswer({ source, address, problem }: SourceAnswer): string {
  return `${source}: ${address ?? problem ?? 'nothing'}`;
}

/** IPv4 or IPv6, as people write it. */
export function familyWord(family: Family): string {
  return family === 'ipv4' ? 'IPv4' : 'IPv6';
}

/** The addresses in the order in which they are sent. */
export function addressesOf(sent: Addresses): readonly string[] {
  return FAMILIES.flatMap((family) => sent[family] ?? []);
}
