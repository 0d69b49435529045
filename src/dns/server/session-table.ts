/**
 * The open TCP sessions of a server, in the order of their last progress, and who has how many. It ends those that are
 * idle for too long, which is sooner the fewer connections are left (RFC 7766 §6.2.3, RFC 9210 §4.3).
 *
 * Invariants: where all connections are taken, the one that was idle for longest makes room; one timer serves all
 * sessions, set for the one that is idle for longest, and it does not keep the process alive.
 */
import type { IpAddress } from '../../net/ip-address.ts';
import { type DnsLimits, idleTimeAt } from './limits.ts';
import type { DnsStats } from './stats.ts';

/** What the table needs of a session. `destroy` ends it at once, and `remove` must be called when it has ended. */
export interface IdleSession {
  destroy(): void;
}

interface Entry {
  readonly source: IpAddress;
  lastProgress: number;
}

/** The sessions of all listeners that share the limits. */
export class SessionTable {
  readonly #limits: Pick<DnsLimits, 'tcpConnections' | 'tcpIdleMs'>;
  readonly #stats: DnsStats;
  /** The one that was idle for longest first. */
  readonly #entries = new Map<IdleSession, Entry>();
  readonly #perSource = new Map<IpAddress, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: Pick<DnsLimits, 'tcpConnections' | 'tcpIdleMs'>, stats: DnsStats) {
    this.#limits = limits;
    this.#stats = stats;
  }

  /** How many sessions a source has. */
  countOf(source: IpAddress): number {
    return this.#perSource.get(source) ?? 0;
  }

  /** Takes a new session; where there is no room for it, another one ends. */
  add(session: IdleSession, source: IpAddress): void {
    if (this.#entries.size >= this.#limits.tcpConnections) {
      for (const idlest of this.#entries.keys()) {
        this.#end(idlest);
        break;
      }
    }
    this.#entries.set(session, { source, lastProgress: performance.now() });
    this.#perSource.set(source, this.countOf(source) + 1);
    this.#endIdle();
  }

  /** A session has done something useful. */
  touch(session: IdleSession): void {
    const entry = this.#entries.get(session);
    if (entry === undefined) return;
    entry.lastProgress = performance.now();
    this.#entries.delete(session);
    this.#entries.set(session, entry);
  }

  /** A session has ended; one that is not here any more is none of the table's. */
  remove(session: IdleSession): void {
    const entry = this.#entries.get(session);
    if (entry === undefined) return;
    this.#entries.delete(session);
    const left = this.countOf(entry.source) - 1;
    if (left === 0) this.#perSource.delete(entry.source);
    else this.#perSource.set(entry.source, left);
  }

  /** Ends all sessions. */
  clear(): void {
    clearTimeout(this.#timer);
    for (const session of [...this.#entries.keys()]) {
      this.remove(session);
      session.destroy();
    }
  }

  /** Ends what was idle for too long, and comes back when the next one will have been. */
  #endIdle(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    for (const [session, { lastProgress }] of this.#entries) {
      const left = lastProgress + idleTimeAt(this.#entries.size, this.#limits) - now;
      if (left > 0) {
        this.#timer = setTimeout(() => {
          this.#endIdle();
        }, left).unref();
        return;
      }
      this.#end(session);
    }
  }

  #end(session: IdleSession): void {
    this.#stats.tcpLimited++;
    this.remove(session);
    session.destroy();
  }
}
