/** The replies of `clients/transcripts`, as its README describes them, and the lines of its files. */
import { readFileSync } from 'node:fs';
import type { TlsKind } from './certificates.ts';

/** How a reply is given. */
export interface ScriptedReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly bodyBase64?: string;
  readonly repeat?: string;
  readonly octets?: number;
  readonly octetEveryMs?: number;
  readonly raw?: string;
  readonly reset?: string;
  readonly close?: string;
  readonly silent?: boolean;
  readonly redirect?: 'same' | 'other' | 'plain';
  readonly endless?: boolean;
  /** After a redirect the reply that follows; after `raw` what becomes of the connection. */
  readonly then?: ScriptedReply | 'reset' | 'silent';
  readonly tls?: TlsKind;
}

/** A line of `replies.jsonl`. */
export interface ReplyCase {
  readonly name: string;
  readonly clause: string;
  readonly sent: string;
  readonly reply: ScriptedReply;
  readonly expect: {
    readonly outcome: 'done' | 'stopped' | 'failed';
    readonly code: string;
    readonly retryAfterSeconds?: number;
    readonly otherMustNotBeAsked?: boolean;
  };
}

/** A line of `sources.jsonl`. */
export interface SourceCase {
  readonly name: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly reply: ScriptedReply;
  readonly expect: string | null;
}

/** The cases of a file of `clients/transcripts`. */
export function readCases(file: 'replies.jsonl'): readonly ReplyCase[];
export function readCases(file: 'sources.jsonl'): readonly SourceCase[];
export function readCases(file: string): readonly (ReplyCase | SourceCase)[] {
  const text = readFileSync(new URL(`../../../clients/transcripts/${file}`, import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ReplyCase | SourceCase);
}
