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

/** A source of `quorum.jsonl`: how it replies, or that nothing listens there. */
export interface QuorumSource extends ScriptedReply {
  readonly refused?: true;
  /** Reached over `http:` at an address that is not a loopback one. */
  readonly elsewhere?: true;
}

/** A line of `quorum.jsonl`. */
export interface QuorumCase {
  readonly name: string;
  readonly clause: string;
  readonly configured?: true;
  /** The result is there long before the time-out of the source that is silent. */
  readonly soon?: true;
  readonly server: QuorumSource;
  readonly others: readonly QuorumSource[];
  readonly expect: string | null;
}

/** A line of `configurations.jsonl`. */
export interface ConfigurationCase {
  readonly name: string;
  readonly text: string;
  readonly expect?: unknown;
  /** The line where every reader refuses the text. */
  readonly refused?: number;
  /** The line where it leaves the subset. */
  readonly outside?: number;
}

interface Cases {
  readonly 'replies.jsonl': ReplyCase;
  readonly 'sources.jsonl': SourceCase;
  readonly 'quorum.jsonl': QuorumCase;
  readonly 'configurations.jsonl': ConfigurationCase;
}

/** The cases of a file of `clients/transcripts`. */
export function readCases<Name extends keyof Cases>(file: Name): readonly Cases[Name][] {
  const text = readFileSync(new URL(`../../../clients/transcripts/${file}`, import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Cases[Name]);
}
