/**
 * The built configuration: what each room is given, so that no room knows of keys, files or variables.
 * Invariant: built only from values that have passed the schema, all of them together.
 */
import type { IpPrefix } from '../net/ip-prefix.ts';
import type { ServerUrl } from '../net/server-url.ts';
import type { LogLevel } from '../ops/log.ts';
import type { Name } from '../zone/name.ts';
import type { ListenAddress } from './listen-address.ts';
import { SETTINGS, SETTING_KEYS, type SettingKey, type SettingValues } from './schema.ts';

/** The slices of the rooms. */
export interface Config {
  /** The data directory, absolute. */
  readonly data: string;
  readonly http: {
    readonly listen: readonly ListenAddress[];
    /** How devices reach the server, or null where nobody said so. */
    readonly publicUrl: ServerUrl | null;
    readonly trustedProxies: readonly IpPrefix[];
    readonly forwardedHeader: SettingValues['http.forwardedHeader'];
    readonly proxyProtocol: boolean;
    readonly maxConnections: number;
    readonly dialects: SettingValues['http.dialects'];
    readonly urlCredentials: SettingValues['http.urlCredentials'];
    /** As set, or null for the one beside the program. */
    readonly clientsDirectory: string | null;
  };
  /** For whom, where and for whom not ACME clients may register; null where nobody may. */
  readonly registration: {
    readonly account: string;
    readonly below: Name;
    readonly from: readonly IpPrefix[];
    readonly quota: { readonly burst: number; readonly refillMs: number };
  } | null;
  readonly enrolment: { readonly requireHttps: boolean };
  readonly dns: {
    readonly listen: readonly ListenAddress[];
    /** 0: none, the main thread answers. */
    readonly workers: number;
    readonly tcpConnections: number;
    readonly tcpConnectionsPerSource: number;
    readonly tcpIdleMs: number;
    /** The limits of answers over UDP. */
    readonly rrl: {
      readonly rate: number;
      readonly burstSeconds: number;
      readonly slip: number;
      readonly ipv4Prefix: number;
      readonly ipv6Prefix: number;
      readonly exempt: readonly IpPrefix[];
      readonly dryRun: boolean;
      readonly tableSize: number;
    };
    /** Null where cookies are switched off; `random` where the server makes its own secret. */
    readonly cookies: 'random' | readonly Uint8Array[] | null;
    readonly identity: string | null;
    readonly version: string | null;
  };
  readonly log: { readonly level: LogLevel; readonly pretty: boolean };
  /** `threads` is absent where the number of processors shall decide. */
  readonly passwords: { readonly cost: number; readonly threads?: number; readonly queueLimit: number };
  readonly updates: {
    readonly queueLimit: number;
    /** A burst of 0 is no limit. */
    readonly changes: { readonly burst: number; readonly refillMs: number };
  };
  readonly store: { readonly compactionBytes: number };
  /** The administrator to make at the first start, or null. */
  readonly bootstrap: { readonly account: string; readonly password: string } | null;
}

/** One setting as it came out of the layers. */
export interface EffectiveSetting {
  readonly key: SettingKey;
  /** The raw value; `SECRET_MASK` in place of a secret. */
  readonly shown: unknown;
  readonly origin: string;
}

/** What is shown in place of a secret. */
export const SECRET_MASK = '********';

/** Builds the slices; a problem is one line on settings that do not go together. */
export function buildConfig(values: SettingValues): { config: Config; problems: readonly string[] } {
  const account = values['bootstrap.account'];
  const password = values['bootstrap.password'];
  const problems: string[] = [];
  if ((account === null) !== (password === null)) {
    problems.push('bootstrap.account and bootstrap.password go together: set both or neither');
  }
  if (values['http.proxyProtocol'] && values['http.trustedProxies'].length === 0) {
    problems.push('http.proxyProtocol needs http.trustedProxies: nobody else is believed to be a proxy');
  }
  if ((values['acmeDns.registerBelow'] === null) !== (values['acmeDns.registerAccount'] === null)) {
    problems.push('acmeDns.registerBelow and acmeDns.registerAccount go together: set both or neither');
  }
  return {
    problems,
    config: {
      data: values.data,
      http: buildHttp(values),
      registration: buildRegistration(values),
      enrolment: { requireHttps: values['enrolment.requireHttps'] },
      dns: buildDns(values),
      log: { level: values['log.level'], pretty: values['log.pretty'] },
      passwords: {
        cost: values['passwords.cost'],
        ...(values['passwords.threads'] === 0 ? {} : { threads: values['passwords.threads'] }),
        queueLimit: values['passwords.queueLimit'],
      },
      updates: {
        queueLimit: values['updates.queueLimit'],
        changes: {
          burst: values['updates.changeBurst'],
          refillMs: values['updates.changeRefillSeconds'] * 1000,
        },
      },
      store: { compactionBytes: values['store.compactionBytes'] },
      bootstrap: account === null || password === null ? null : { account, password },
    },
  };
}

function buildHttp(values: SettingValues): Config['http'] {
  return {
    listen: values['http.listen'],
    publicUrl: values['http.publicUrl'],
    trustedProxies: values['http.trustedProxies'],
    forwardedHeader: values['http.forwardedHeader'],
    proxyProtocol: values['http.proxyProtocol'],
    maxConnections: values['http.maxConnections'],
    dialects: values['http.dialects'],
    urlCredentials: values['http.urlCredentials'],
    clientsDirectory: values['http.clientsDirectory'],
  };
}

function buildRegistration(values: SettingValues): Config['registration'] {
  const below = values['acmeDns.registerBelow'];
  const owner = values['acmeDns.registerAccount'];
  if (below === null || owner === null) return null;
  return {
    account: owner.toLowerCase(),
    below,
    from: values['acmeDns.registerFrom'],
    quota: {
      burst: values['acmeDns.registerBurst'],
      refillMs: values['acmeDns.registerRefillSeconds'] * 1000,
    },
  };
}

function buildDns(values: SettingValues): Config['dns'] {
  return {
    listen: values['dns.listen'],
    workers: values['dns.workers'],
    tcpConnections: values['dns.tcpConnections'],
    tcpConnectionsPerSource: values['dns.tcpConnectionsPerSource'],
    tcpIdleMs: values['dns.tcpIdleSeconds'] * 1000,
    rrl: {
      rate: values['dns.rrl.rate'],
      burstSeconds: values['dns.rrl.burstSeconds'],
      slip: values['dns.rrl.slip'],
      ipv4Prefix: values['dns.rrl.ipv4Prefix'],
      ipv6Prefix: values['dns.rrl.ipv6Prefix'],
      exempt: values['dns.rrl.exempt'],
      dryRun: values['dns.rrl.dryRun'],
      tableSize: values['dns.rrl.tableSize'],
    },
    cookies: values['dns.cookies'] ? (values['dns.cookieSecrets'] ?? 'random') : null,
    identity: values['dns.identity'],
    version: values['dns.version'],
  };
}

/** The effective settings as one object for the log, secrets masked. */
export function describeSettings(settings: readonly EffectiveSetting[]): Record<string, unknown> {
  return Object.fromEntries(settings.map(({ key, shown }) => [key, shown]));
}

/** The keys whose values differ, and of those the ones that need a restart. */
export function changedKeys(
  before: SettingValues,
  after: SettingValues,
): { live: SettingKey[]; restart: SettingKey[] } {
  const changed = SETTING_KEYS.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
  return {
    live: changed.filter((key) => SETTINGS[key].reloadable),
    restart: changed.filter((key) => !SETTINGS[key].reloadable),
  };
}
