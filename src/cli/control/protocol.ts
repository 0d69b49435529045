/**
 * What is said over the control socket: one JSON object a line each way, answers in the order of the requests. What is
 * too long for a line (a zone file, a list of hosts) comes before its command, in parts.
 * Invariant: a request is held to its schema before anything is done, whoever sent it.
 */
import { z } from 'zod';
import type { AttemptInfo } from '../../http/attempts/describe-attempts.ts';
import {
  type AdminErrorCode,
  type Progress,
  adminCommandSchema,
  hostRowSchema,
} from '../../update/admin/command.ts';

/** The schema of a request. */
export const controlRequestSchema = z.discriminatedUnion('op', [
  /** Who serves here and how it is. */
  z.strictObject({ op: z.literal('status') }),
  z.strictObject({
    op: z.literal('admin'),
    command: adminCommandSchema,
    /** The command's field that was sent before in parts, and is empty here. */
    sent: z.enum(['rows', 'text']).optional(),
    /** Whether `{"progress":…}` lines may come before the answer. */
    progress: z.boolean().optional(),
  }),
  /** A part of the next command's `rows` or `text`. */
  z.strictObject({
    op: z.literal('part'),
    rows: z.array(hostRowSchema).optional(),
    text: z.string().optional(),
  }),
  /** What was tried at a host since the server started. */
  z.strictObject({ op: z.literal('attempts'), fqdn: z.string() }),
  /** Writes a backup of the running store to `file`, an absolute path on the server's machine. */
  z.strictObject({ op: z.literal('backup'), file: z.string().startsWith('/') }),
]);

/** A request. */
export type ControlRequest = z.infer<typeof controlRequestSchema>;

/** Why a request got no value. */
export type ControlFailureCode = AdminErrorCode | 'bad-request' | 'failed';

/** An answer as it arrives; the value's shape follows from the request. */
export const controlResponseSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), code: z.string(), message: z.string() }),
]);

/** How far a command has come, as it is sent before its answer. */
export interface ControlProgress {
  readonly progress: Progress;
}

/** An answer as it is sent. */
export type ControlResponse =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: ControlFailureCode; readonly message: string };

/** The state of a running server. */
export interface ServerStatus {
  readonly pid: number;
  readonly version: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly data: string;
  /** `ADDR:PORT` as bound, so with the real ports. */
  readonly http: readonly string[];
  readonly dns: readonly string[];
  /** How DNS over UDP is served, in words. */
  readonly dnsLane: string;
  readonly healthy: boolean;
  /** Why not, if not. */
  readonly problems: readonly string[];
}

/** The attempts at one host. */
export interface HostAttemptsReport {
  readonly fqdn: string;
  /** Since when they are kept, ISO 8601: the start of the server. */
  readonly since: string;
  /** The latest first. */
  readonly attempts: readonly AttemptInfo[];
}

/** The most bytes of one request's line: some milliseconds of reading. */
export const MAX_LINE_BYTES = 1024 * 1024;
/** The most bytes of all parts of one command: a zone file or a list of some millions of lines. */
export const MAX_SENT_BYTES = 400_000_000;
/** The most bytes of an answer: what one string holds. */
export const MAX_ANSWER_BYTES = 500_000_000;

/** Cuts a stream of bytes into lines. */
export interface LineReader {
  /** The lines completed by this chunk; undefined once a line has exceeded the limit. */
  push(chunk: Uint8Array): string[] | undefined;
}

/** A reader that holds at most `limit` bytes of an unfinished line. */
export function createLineReader(limit: number): LineReader {
  let parts: Uint8Array[] = [];
  let held = 0;
  return {
    push: (chunk) => {
      const lines: string[] = [];
      let start = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
        parts.push(chunk.subarray(start, end));
        held += end - start;
        if (held > limit) return undefined;
        lines.push(Buffer.concat(parts).toString('utf8'));
        parts = [];
        held = 0;
        start = end + 1;
      }
      if (start < chunk.length) parts.push(chunk.subarray(start));
      held += chunk.length - start;
      return held > limit ? undefined : lines;
    },
  };
}
