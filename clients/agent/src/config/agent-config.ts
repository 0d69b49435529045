/** The configuration as the agent uses it: checked, with every default filled in. Data only. */

/** A family of addresses. */
export type Family = 'ipv4' | 'ipv6';

/** Both families, in the order in which they are sent. */
export const FAMILIES: readonly Family[] = ['ipv4', 'ipv6'];

/** A way to learn an address. */
export type Source =
  | { readonly kind: 'server' }
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'stun'; readonly host: string; readonly port: number }
  | { readonly kind: 'interface'; readonly name?: string }
  | { readonly kind: 'command'; readonly program: string; readonly args: readonly string[] };

/** How a family's address is found. */
export interface Detection {
  readonly quorum: number;
  readonly timeoutMs: number;
  readonly sources: readonly Source[];
  /** Neither sources nor quorum are configured: what says of the server's word alone holds. */
  readonly byDefault: boolean;
}

/** Where a secret is. */
export type SecretPlace =
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'dpapi'; readonly base64: string }
  | { readonly kind: 'text'; readonly text: string };

/** A place that takes updates. */
export interface ServerConfig {
  readonly name: string;
  /** `https://name[:port]`, without a slash at the end. */
  readonly url: string;
  readonly path: string;
  readonly user: string;
  readonly secret: SecretPlace;
  /** `system`, `none`, or a URL. */
  readonly proxy: string;
  readonly ca?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly families: 'together' | 'apart';
  /** Authoritative servers as `ADDRESS[:PORT]` or names; empty: no verification; absent: found by NS. */
  readonly dns?: readonly string[];
}

/** A name that is kept right at a server. */
export interface HostConfig {
  readonly name: string;
  readonly server: string;
  readonly allowPrivate: boolean;
  /** A family that is switched off is absent. */
  readonly detect: Readonly<Partial<Record<Family, Detection>>>;
}

/** Where and how much is logged. */
export interface LogConfig {
  readonly file?: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly maxSizeOctets: number;
  readonly keep: number;
}

/** The whole configuration. */
export interface AgentConfig {
  readonly intervalMs: number;
  readonly refreshMs: number;
  readonly startSpreadMs: number;
  readonly jitter: number;
  readonly servers: ReadonlyMap<string, ServerConfig>;
  readonly hosts: readonly HostConfig[];
  readonly log: LogConfig;
}
