/** What strangers may take of the DNS server; every limit is per process. Times in milliseconds, sizes in bytes. */

/** The limits of the TCP side (RFC 7766 §6.2, RFC 9210 §4). */
export interface DnsLimits {
  /** Connections at once; a further one takes the place of the one that was idle for longest. */
  readonly tcpConnections: number;
  /** Connections at once from one IPv4 address or IPv6 /64; further ones are closed. */
  readonly tcpConnectionsPerSource: number;
  /** How long a connection may go without completing a query or taking its answers. */
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
