/** The settings of response rate limiting: their defaults and their ranges. Invariant: limits that exist are sane. */
import { type IpPrefix, parseIpPrefix } from '../../net/ip-prefix.ts';
import { WAYS } from './bucket-table.ts';

/** Limits that are complete and in range. */
export interface RateLimits {
  /** Answers a second for each network and answer class; 0 switches limiting off. */
  readonly rate: number;
  /** Answers that a network may get at once after a pause. */
  readonly burst: number;
  /** Every how many suppressed answers one is slipped: 1 always, 0 never. */
  readonly slip: number;
  /** How many leading bits of an IPv4 address are its network. */
  readonly ipv4Prefix: number;
  /** How many leading bits of an IPv6 address are its network. */
  readonly ipv6Prefix: number;
  /** Networks that are never limited. */
  readonly exempt: readonly IpPrefix[];
  /** Whether everything is counted and told but nothing suppressed. */
  readonly dryRun: boolean;
  /** Buckets that are kept, a power of two. */
  readonly tableSize: number;
}

/** Limits as they are set. `burstSeconds` of `rate` are the burst; `tableSize` is rounded up to a power of two. */
export interface RateLimitOptions extends Partial<Omit<RateLimits, 'burst'>> {
  readonly burstSeconds?: number;
}

/** Networks that are exempt where nothing is said: this machine. */
export const LOOPBACK: readonly IpPrefix[] = ['127.0.0.0/8', '::1/128'].map((text) => parseIpPrefix(text)!);

/** The ranges of the numbers, both ends included. */
export const RATE_LIMIT_RANGES = {
  rate: [0, 100_000],
  burstSeconds: [0.01, 60],
  slip: [0, 100],
  ipv4Prefix: [1, 32],
  // Whoever has an IPv6 address has the 2^64 addresses of its network, so a longer prefix limits nobody.
  ipv6Prefix: [1, 64],
  tableSize: [WAYS, 1 << 20],
} as const satisfies Record<string, readonly [number, number]>;

/** Fills in defaults: 200 answers a second, 2 seconds of burst, slip 2, /24 and /56, loopback exempt, 65,536 buckets. */
export function rateLimits(options: RateLimitOptions): RateLimits {
  const { rate = 200, burstSeconds = 2, slip = 2, ipv4Prefix = 24, ipv6Prefix = 56 } = options;
  const { exempt = LOOPBACK, dryRun = false, tableSize = 65_536 } = options;
  const numbers = { rate, burstSeconds, slip, ipv4Prefix, ipv6Prefix, tableSize };
  for (const [name, [least, most]] of Object.entries(RATE_LIMIT_RANGES)) {
    const value = numbers[name as keyof typeof numbers];
    const isWhole = name === 'burstSeconds' || Number.isInteger(value);
    if (!isWhole || !(value >= least && value <= most))
      throw new RangeError(`${name} of rate limiting must be from ${least} to ${most}, not ${value}`);
  }
  return {
    ...{ rate, slip, ipv4Prefix, ipv6Prefix, exempt, dryRun },
    burst: Math.max(1, Math.round(rate * burstSeconds)),
    tableSize: 2 ** Math.ceil(Math.log2(tableSize)),
  };
}
