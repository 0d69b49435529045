/**
 * From a configuration on disk to everything that an agent needs of it: secrets read, certificates there, the plan of
 * the core. Invariant: either all of it is good, or none of it is used and every fault is told.
 */
import { createHmac } from 'node:crypto';
import { statSync } from 'node:fs';
import type { AgentConfig, HostConfig, ServerConfig } from '../config/agent-config.ts';
import type { ConfigFault } from '../config/cross-check.ts';
import { type Environment } from '../config/layers.ts';
import { loadConfig } from '../config/load.ts';
import { type Look, looksOf } from '../detect/look.ts';
import { type Connections, createConnections } from '../http/connections.ts';
import type { Platform } from '../platform/platform.ts';
import type { HostPlan, Plan } from '../schedule/core-types.ts';

/** A host with what is needed to send for it. */
export interface HostSetup {
  readonly config: HostConfig;
  readonly server: ServerConfig;
  readonly secret: string;
}

/** A configuration that is ready to use. */
export interface Setup {
  readonly config: AgentConfig;
  readonly plan: Plan;
  /** By the key of the host. */
  readonly hosts: ReadonlyMap<string, HostSetup>;
  /** By the key of the look. */
  readonly looks: ReadonlyMap<string, Look>;
  /** By the name of the server. */
  readonly connections: ReadonlyMap<string, Connections>;
  /** Everything on disk that it was made of. */
  readonly files: readonly string[];
}

/** Where to read and what to read it with. */
export interface SetupSource {
  readonly path: string;
  readonly env: Environment;
  readonly platform: Platform;
  /** A directory that only the agent may read. */
  readonly scratch: string;
  readonly salt: string;
}

/** What came of it. `files` is what to watch for a change that mends the faults. */
export type SetupResult =
  | { readonly ok: true; readonly setup: Setup }
  | { readonly ok: false; readonly faults: readonly ConfigFault[]; readonly files: readonly string[] };

/** Reads and checks everything. */
export async function readSetup(source: SetupSource): Promise<SetupResult> {
  const { path, env, platform } = source;
  const loaded = loadConfig({ path, env, platform: platform.system });
  if (!loaded.ok) return { ok: false, faults: loaded.faults, files: [path] };
  const { config } = loaded;
  const servers = [...config.servers.values()];
  const files = [...loaded.files, ...servers.flatMap(filesOf)];
  const faults: ConfigFault[] = loaded.filesWithSecrets.flatMap((file) => {
    const fault = platform.openToOthers(file);
    return fault === undefined
      ? []
      : [{ path: '', message: `the configuration holds a secret and ${fault}` }];
  });
  const secrets = new Map<string, string>();
  for (const server of servers) {
    const secret = await readSecret(server, source);
    if (secret.ok) secrets.set(server.name, secret.value);
    else faults.push({ path: `servers.${server.name}.secret`, message: secret.reason });
  }
  const proxy = await platform.proxy();
  const connections = new Map<string, Connections>();
  for (const server of servers) {
    try {
      connections.set(server.name, createConnections(server, { proxy, platform: platform.system }));
    } catch (error) {
      const { code, path: file } = error as NodeJS.ErrnoException;
      const what = file ?? 'its certificates or its proxy';
      faults.push({ path: `servers.${server.name}`, message: `cannot use ${what} (${code ?? 'not valid'})` });
    }
  }
  if (faults.length > 0) {
    await Promise.all([...connections.values()].map((entry) => entry.close()));
    return { ok: false, faults, files };
  }
  return { ok: true, setup: { ...compose(config, secrets, source.salt), connections, files } };
}

/** What tells that a file was changed or replaced, of all files together. */
export function fingerprintFiles(files: readonly string[]): string {
  return files
    .map((file) => {
      try {
        const { ino, size, mtimeMs, mode } = statSync(file);
        return `${ino}:${size}:${mtimeMs}:${mode}`;
      } catch {
        // Not there: that too is something that changes.
        return '-';
      }
    })
    .join(' ');
}

function compose(
  config: AgentConfig,
  secrets: ReadonlyMap<string, string>,
  salt: string,
): Pick<Setup, 'config' | 'plan' | 'hosts' | 'looks'> {
  const print = (...values: readonly unknown[]): string =>
    createHmac('sha256', salt).update(JSON.stringify(values)).digest('hex').slice(0, 32);
  const hosts = new Map<string, HostSetup>();
  const looks = new Map<string, Look>();
  const plans: HostPlan[] = config.hosts.map((host) => {
    const server = config.servers.get(host.server)!;
    const secret = secrets.get(host.server)!;
    const key = `${host.name}@${host.server}`;
    const own = looksOf(host, server);
    for (const entry of own) looks.set(entry.key, entry);
    hosts.set(key, { config: host, server, secret });
    return {
      key,
      name: host.name,
      server: host.server,
      looks: Object.fromEntries(own.map((entry) => [entry.family, entry.key])),
      place: `${server.url}${server.path}`,
      fingerprint: print(host, server, secret),
      credential: print(server.url, server.user, secret),
      families: server.families,
    };
  });
  const { intervalMs, jitter, refreshMs, startSpreadMs } = config;
  return { config, hosts, looks, plan: { intervalMs, jitter, refreshMs, startSpreadMs, hosts: plans } };
}

async function readSecret(
  { secret }: ServerConfig,
  { env, platform, scratch }: SetupSource,
): Promise<{ readonly ok: true; readonly value: string } | { readonly ok: false; readonly reason: string }> {
  switch (secret.kind) {
    case 'text':
      return { ok: true, value: secret.text };
    case 'env': {
      const value = env[secret.name];
      return value === undefined || value === ''
        ? { ok: false, reason: `names the environment variable ${secret.name}, which is not set` }
        : { ok: true, value };
    }
    default:
      return platform.readSecret(secret, scratch);
  }
}

function filesOf({ secret, ca, clientCertificate, clientKey }: ServerConfig): string[] {
  const own = secret.kind === 'file' ? [secret.path] : [];
  return [...own, ...[ca, clientCertificate, clientKey].filter((file) => file !== undefined)];
}
