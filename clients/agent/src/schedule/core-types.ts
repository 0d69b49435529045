/** What the core is told and what it asks for. Data only: the core itself does no input or output. */
import type { Family } from '../config/agent-config.ts';
import type { LogEntry } from '../log/log-entry.ts';
import type { Outcome } from '../update/reply.ts';
import type { Addresses, HostRecord, SourceAnswer } from './host-record.ts';
import type { ServerRecord } from './server-gate.ts';

/** A host as the core has to know it. */
export interface HostPlan {
  /** `NAME@SERVER`. */
  readonly key: string;
  readonly name: string;
  readonly server: string;
  /** For each family that is on, the key of the look that finds its address; equal looks are made once. */
  readonly looks: Readonly<Partial<Record<Family, string>>>;
  /** URL and path. */
  readonly place: string;
  /** Of everything that the server sees of the host, its secret included; never the secret itself. */
  readonly fingerprint: string;
  /** Of URL, user and secret: hosts with the same one share their `badauth`. */
  readonly credential: string;
  readonly families: 'together' | 'apart';
}

/** The configuration as the core has to know it. */
export interface Plan {
  readonly intervalMs: number;
  readonly jitter: number;
  readonly refreshMs: number;
  readonly startSpreadMs: number;
  readonly hosts: readonly HostPlan[];
}

/** What happened. */
export type AgentEvent =
  | { readonly kind: 'tick' }
  | { readonly kind: 'woke' }
  | { readonly kind: 'interfaces-changed' }
  | { readonly kind: 'configured'; readonly plan: Plan }
  | {
      readonly kind: 'looked';
      readonly look: string;
      readonly address: string | undefined;
      readonly answers: readonly SourceAnswer[];
    }
  | {
      readonly kind: 'replied';
      readonly host: string;
      /** Of the effect that this answers. */
      readonly trace: string;
      readonly outcome: Outcome;
      readonly elapsedMs: number;
    }
  | {
      readonly kind: 'verified';
      readonly host: string;
      readonly sent: Addresses;
      readonly result: 'there' | 'missing' | 'unknown';
    };

/** What is to be done. Each look, send and verify is answered by one event. */
export type Effect =
  | { readonly kind: 'look'; readonly look: string; readonly trace: string }
  | { readonly kind: 'send'; readonly host: string; readonly sent: Addresses; readonly trace: string }
  | { readonly kind: 'verify'; readonly host: string; readonly sent: Addresses; readonly trace: string }
  | { readonly kind: 'log'; readonly entry: LogEntry }
  | { readonly kind: 'save' };

/** What is kept over restarts. */
export interface Memory {
  readonly hosts: Map<string, HostRecord>;
  readonly servers: Map<string, ServerRecord>;
}
