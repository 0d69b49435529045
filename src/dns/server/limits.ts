/** What strangers may take of the DNS server; every limit is per process. Times in milliseconds, sizes in bytes. */

/** The limits of the TCP side (RFC 7766 §6.2, RFC 9210 §4). */
export interface DnsLimits {
  /** Connections at once; a further one takes the place of the one that was idle for longest. */
  readonly tcpConnections: number;
  /** Connections at once from one IPv4 address or IPv6 /64; further ones are closed. */
  readonly tcpConnectionsPerSource: number;
  /** How long a connection may go without completing a query or taking its answers, while at most half are open. */
  readonly tcpIdleMs: number;
  /** How many pipelined queries of a connection are answered before everybody else gets a turn. */
  readonly tcpQueriesPerTurn: number;
  /** Unsent answers after which no further query of a connection is read. */
  readonly tcpBacklogBytes: number;
}

/** The limits where nothing else is said. */
export const DEFAULT_DNS_LIMITS: DnsLimits = {
  tcpConnections: 512,
  tcpConnectionsPerSource: 32,
  tcpIdleMs: 10_000,
  tcpQueriesPerTurn: 32,
  tcpBacklogBytes: 131_072,
};

/** What is left of the idle time when all connections are taken. */
const LEAST_IDLE = 0.1;

/**
 * How long a connection may be idle while `open` of them are (RFC 7766 §6.2.3 asks for less under pressure): the whole
 * time up to half of all connections, then evenly less, down to a tenth where all are taken.
 */
export function idleTimeAt(
  open: number,
  { tcpConnections, tcpIdleMs }: Pick<DnsLimits, 'tcpConnections' | 'tcpIdleMs'>,
): number {
  const half = tcpConnections / 2;
  const pressure = Math.min(Math.max(0, open - half) / half, 1);
  return tcpIdleMs * (1 - pressure * (1 - LEAST_IDLE));
}
