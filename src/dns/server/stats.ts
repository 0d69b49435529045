/** Counters of the DNS server since it was created. They only grow, except `tcpOpen`. */
export interface DnsStats {
  udpQueries: number;
  udpAnswers: number;
  /** Datagrams that got no answer by design: too short, answers themselves, source port 0, rate limited. */
  udpDropped: number;
  /** Answers that the system did not take. */
  udpSendErrors: number;
  tcpQueries: number;
  tcpAnswers: number;
  tcpAccepted: number;
  tcpOpen: number;
  /** Connections closed for a limit: too many, idle, or never reading. */
  tcpLimited: number;
  /** Messages that found a bug and got SERVFAIL. */
  bugs: number;
}

/** The counters that the UDP side keeps. */
export type UdpCounters = Pick<DnsStats, 'udpQueries' | 'udpAnswers' | 'udpDropped' | 'udpSendErrors'>;

/** Counters at zero. */
export function createDnsStats(): DnsStats {
  return {
    udpQueries: 0,
    udpAnswers: 0,
    udpDropped: 0,
    udpSendErrors: 0,
    tcpQueries: 0,
    tcpAnswers: 0,
    tcpAccepted: 0,
    tcpOpen: 0,
    tcpLimited: 0,
    bugs: 0,
  };
}
