/**
 * From files and environment to a configuration, or to all of its faults at once.
 * Invariant: a fault repeats names (of keys, hosts, servers, the environment), and no other value: any may be a secret in
 * the wrong place. Paths of a loaded configuration are absolute.
 */
import { dirname, resolve } from 'node:path';
import { closest } from 'fastest-levenshtein';
import type { z } from 'zod';
import {
  type AgentConfig,
  type Detection,
  FAMILIES,
  type Family,
  type HostConfig,
  type ServerConfig,
  type Source,
} from './agent-config.ts';
import { type ConfigFault, crossCheck } from './cross-check.ts';
import {
  type Environment,
  environmentFault,
  environmentFiles,
  environmentLayer,
  mergeLayers,
  readLayer,
} from './layers.ts';
import { type ConfigDocument, documentSchema, keysAt } from './schema.ts';

/** What came of loading: a configuration, or its faults. */
export type LoadedConfig =
  | {
      readonly ok: true;
      readonly config: AgentConfig;
      /** The files that are read where they are there. */
      readonly files: readonly string[];
      /** Those with a secret in them as text. */
      readonly filesWithSecrets: readonly string[];
    }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] };

const ECHO: Readonly<Record<Family, readonly string[]>> = {
  ipv4: ['https://api.ipify.org/', 'https://ipv4.icanhazip.com/'],
  ipv6: ['https://api6.ipify.org/', 'https://ipv6.icanhazip.com/'],
};
const SOURCE_TIMEOUT_MS = 5000;

/** Reads the configuration at `path`, with what is laid over it. */
export function loadConfig(options: {
  readonly path: string;
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
}): LoadedConfig {
  const { path, env, platform } = options;
  const files = [path, ...environmentFiles(path, env)];
  const layers = files.map((file) => ({ file, read: readLayer(file) }));
  const faults = layers.flatMap(({ file, read }) =>
    read?.ok === false ? [{ path: '', message: `${file} ${read.reason}` }] : [],
  );
  if (layers[0]!.read === undefined) faults.push({ path: '', message: `${path} does not exist` });
  const misnamed = environmentFault(env);
  if (misnamed !== undefined) faults.push({ path: '', message: misnamed });
  if (faults.length > 0) return { ok: false, faults };
  const present = layers.flatMap(({ file, read }) =>
    read?.ok === true ? [{ file, value: read.value }] : [],
  );
  const below = present.reduce<unknown>((lower, { value }) => mergeLayers(lower, value), undefined);
  const checked = checkDocument(mergeLayers(below, environmentLayer(env, below)), platform);
  if (!checked.ok) return checked;
  return {
    ok: true,
    config: besideFile(checked.config, dirname(resolve(path))),
    files,
    filesWithSecrets: present.filter(({ value }) => holdsSecret(value)).map(({ file }) => file),
  };
}

/** Checks a document and fills in the defaults. */
export function checkDocument(
  document: unknown,
  platform: NodeJS.Platform,
): Exclude<LoadedConfig, { ok: true }> | { readonly ok: true; readonly config: AgentConfig } {
  const result = documentSchema.safeParse(document ?? {});
  const faults = [
    ...(result.success ? [] : result.error.issues.flatMap(faultsOf)),
    ...crossCheck(document, platform),
  ];
  if (!result.success || faults.length > 0) return { ok: false, faults };
  return { ok: true, config: configOf(result.data) };
}

/** The configuration with relative paths taken from the folder of its file, wherever the agent was started. */
function besideFile(config: AgentConfig, folder: string): AgentConfig {
  const place = <Key extends string>(key: Key, path: string | undefined): Partial<Record<Key, string>> =>
    path === undefined ? {} : ({ [key]: resolve(folder, path) } as Record<Key, string>);
  const servers = [...config.servers].map(([name, server]): [string, ServerConfig] => [
    name,
    {
      ...server,
      ...(server.secret.kind === 'file'
        ? { secret: { kind: 'file', path: resolve(folder, server.secret.path) } }
        : {}),
      ...place('ca', server.ca),
      ...place('clientCertificate', server.clientCertificate),
      ...place('clientKey', server.clientKey),
    },
  ]);
  return { ...config, servers: new Map(servers), log: { ...config.log, ...place('file', config.log.file) } };
}

/** Whether a server of a document has its secret in it as text. */
function holdsSecret(document: unknown): boolean {
  const { servers } = (document ?? {}) as { readonly servers?: Readonly<Record<string, unknown>> | null };
  return Object.values(servers ?? {}).some(
    (server) => typeof (server as { readonly secret?: unknown } | null)?.secret === 'string',
  );
}

/** The faults as lines for people. */
export function describeFaults(faults: readonly ConfigFault[]): string {
  return faults.map(({ path, message }) => (path === '' ? message : `${path} ${message}`)).join('\n');
}

function faultsOf(issue: z.core.$ZodIssue): ConfigFault[] {
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: [...issue.path.map(String), key].join('.'),
      message: `does not exist (nearest: ${closest(key, [...keysAt(issue.path)])})`,
    }));
  if (issue.code === 'invalid_key') return [{ path, message: issue.issues[0]?.message ?? 'is not a name' }];
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid'))
    return [
      { path, message: issue.input === undefined ? 'is missing' : `is not of the kind ${issue.expected}` },
    ];
  return [{ path, message: issue.message }];
}

function configOf(document: ConfigDocument): AgentConfig {
  const servers = new Map(
    Object.entries(document.servers).map(([name, server]) => [name, serverOf(name, server)]),
  );
  const { log } = document;
  return {
    intervalMs: document.interval,
    refreshMs: document.refresh,
    startSpreadMs: document.startSpread,
    jitter: document.jitter,
    servers,
    hosts: document.hosts.map((host) => hostOf(host, document, [...servers.keys()][0]!)),
    log: {
      ...(log.file === undefined ? {} : { file: log.file }),
      level: log.level,
      maxSizeOctets: log.maxSize,
      keep: log.keep,
    },
  };
}

function serverOf(name: string, server: ConfigDocument['servers'][string]): ServerConfig {
  const { url, connectTimeout, requestTimeout, ca, clientCertificate, clientKey, dns, ...rest } = server;
  return {
    name,
    url: new URL(url).origin,
    path: rest.path,
    user: rest.user,
    secret: rest.secret,
    proxy: rest.proxy,
    families: rest.families,
    ...(ca === undefined ? {} : { ca }),
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
    ...(clientKey === undefined ? {} : { clientKey }),
    ...(dns === undefined ? {} : { dns }),
    connectTimeoutMs: connectTimeout,
    requestTimeoutMs: requestTimeout,
  };
}

function hostOf(
  host: ConfigDocument['hosts'][number],
  document: ConfigDocument,
  onlyServer: string,
): HostConfig {
  const detect: Partial<Record<Family, Detection>> = {};
  for (const family of FAMILIES) {
    const own = { ...document.detect?.[family], ...host.detect?.[family] };
    if (host[family]) detect[family] = detectionOf(family, own);
  }
  return {
    name: host.name.toLowerCase().replace(/\.$/, ''),
    server: host.server ?? onlyServer,
    allowPrivate: host.allowPrivate ?? document.allowPrivate,
    detect,
  };
}

function detectionOf(
  family: Family,
  own: { quorum?: number | undefined; timeout?: number | undefined; sources?: Source[] | undefined },
): Detection {
  const sources: readonly Source[] = own.sources ?? [
    { kind: 'server' },
    ...ECHO[family].map((url) => ({ kind: 'http' as const, url })),
  ];
  return {
    sources,
    quorum: own.quorum ?? Math.min(2, sources.length),
    timeoutMs: own.timeout ?? SOURCE_TIMEOUT_MS,
    byDefault: own.sources === undefined && own.quorum === undefined,
  };
}
