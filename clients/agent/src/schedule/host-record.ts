/**
 * What is known of a host: what its server acknowledged, what came of the last request, and what keeps it from the next
 * . Invariant: nothing in it is a secret. Times are milliseconds since 1970 on the wall clock.
 */
import { FAMILIES, type Family } from '../config/agent-config.ts';

/** An address that the server has. */
export interface Acknowledged {
  readonly address: string;
  readonly at: number;
  /** When the address last became another one. */
  readonly since: number;
}

/** What DNS said after an update. */
export interface Verified {
  readonly at: number;
  readonly result: 'there' | 'missing' | 'unknown';
}

/** What the sources of one family said in the last look. */
export interface LookRecord {
  readonly at: number;
  /** The address that enough sources gave; absent without a quorum. */
  readonly address?: string;
  readonly answers: readonly SourceAnswer[];
}

/** What one source said: an address, or why there is none. */
export interface SourceAnswer {
  readonly source: string;
  readonly address?: string;
  readonly problem?: string;
}

/** The last reply, or what came instead of one. */
export interface ReplyRecord {
  readonly at: number;
  readonly outcome: 'done' | 'stopped' | 'failed';
  readonly code: string;
  readonly words: string;
}

/** Why nothing is sent until the configuration changes. */
export interface StopRecord {
  readonly at: number;
  readonly code: string;
  /** Of the configuration that the server refused, its secret included. */
  readonly fingerprint: string;
}

/** One host at one server. */
export interface HostRecord {
  /** The server's URL and path: another place knows nothing of what this one acknowledged. */
  readonly place: string;
  acknowledged: Partial<Record<Family, Acknowledged>>;
  verified?: Verified | undefined;
  looks: Partial<Record<Family, LookRecord>>;
  reply?: ReplyRecord | undefined;
  stop?: StopRecord | undefined;
  /** Failures in a row; also the n of the next back-off. */
  failures: number;
  /** When the host is tried again; absent where it waits for the next round. */
  next?: number | undefined;
  /** No request before. */
  notBefore?: number | undefined;
}

/** A host of which nothing is known yet. */
export function newHostRecord(place: string): HostRecord {
  return { place, acknowledged: {}, looks: {}, failures: 0 };
}

/** Addresses that were found, by family. */
export type Addresses = Readonly<Partial<Record<Family, string>>>;

/** What of `found` has to be sent now, and why; undefined where the server has it all. */
export function dueUpdate(
  record: HostRecord,
  found: Addresses,
  options: { readonly now: number; readonly refreshMs: number },
): { readonly families: readonly Family[]; readonly reason: 'changed' | 'refresh' } | undefined {
  const known = FAMILIES.filter((family) => found[family] !== undefined);
  const changed = known.filter((family) => record.acknowledged[family]?.address !== found[family]);
  if (changed.length > 0) return { families: changed, reason: 'changed' };
  const old = known.filter((family) => options.now - record.acknowledged[family]!.at >= options.refreshMs);
  return old.length > 0 ? { families: old, reason: 'refresh' } : undefined;
}

/** Takes times that lie in the future, because the clock was set back, for the present. */
export function rebaseTimes(record: HostRecord, now: number): void {
  for (const family of FAMILIES) {
    const known = record.acknowledged[family];
    if (known !== undefined && known.at > now)
      record.acknowledged[family] = { ...known, at: now, since: Math.min(known.since, now) };
  }
}

/** Notes that the server has these addresses. */
export function acknowledge(record: HostRecord, sent: Addresses, now: number): 'changed' | 'same' {
  let result: 'changed' | 'same' = 'same';
  for (const family of FAMILIES) {
    const address = sent[family];
    if (address === undefined) continue;
    const before = record.acknowledged[family];
    if (before?.address !== address) result = 'changed';
    record.acknowledged[family] = {
      address,
      at: now,
      since: before?.address === address ? before.since : now,
    };
  }
  return result;
}

/** Whether the server's last word on these families is these addresses. */
export function isAcknowledged(record: HostRecord, sent: Addresses): boolean {
  return FAMILIES.every(
    (family) => sent[family] === undefined || record.acknowledged[family]?.address === sent[family],
  );
}
