/**
 * The composition root: every room is created, joined and started here, and stopped in the reverse order.
 *
 * Invariants: nothing is served before the store is open, and the store is closed last; a start that fails half-way
 * stops what it had started; after `stop` every acknowledged change is durable.
 */
import { fileURLToPath } from 'node:url';
import { createAuthenticator } from './account/create-authenticator.ts';
import { createLockout } from './account/lockout/lockout.ts';
import { type PasswordHasher, createPasswordHasher } from './account/password.ts';
import { digestTokenSecret } from './account/token.ts';
import type { Config } from './config/config.ts';
import type { ListenAddress } from './config/listen-address.ts';
import { type DnsServer, createDnsServer } from './dns/server/dns-server.ts';
import { AttemptRecord } from './http/attempts/attempt-record.ts';
import type { ClientsOptions } from './http/clients/client-routes.ts';
import type { EnrollOptions } from './http/enrol/enroll-handler.ts';
import type { Health } from './http/health.ts';
import type { Description } from './http/home-page.ts';
import { createHttpLog } from './http/log.ts';
import { type HttpServer, createHttpServer } from './http/server.ts';
import type { ServerUrl } from './net/server-url.ts';
import { systemClock } from './ops/clock.ts';
import type { Log } from './ops/log.ts';
import { createCachedCheck } from './ops/self-check.ts';
import { type ShutdownResult, createShutdown } from './ops/shutdown.ts';
import { checkHealth } from './server/check-health.ts';
import { listenFailure } from './server/listen-error.ts';
import type { EmbeddedStore } from './store/embedded/embedded-store.ts';
import type { StoreNotice } from './store/embedded/notice.ts';
import { openEmbeddedStore } from './store/embedded/open-embedded-store.ts';
import type { Store, StoreView } from './store/store.ts';
import { createAdministrator } from './update/admin/create-administrator.ts';
import type { Administrator } from './update/admin/command.ts';
import { createChangeBudget } from './update/change-budget.ts';
import { type Committer, createCommitter } from './update/commit.ts';
import { createUpdateService } from './update/create-service.ts';
import { createEnroller } from './update/enrol/create-enroller.ts';
import { startEnrolmentPurge } from './update/enrol/purge-enrolments.ts';

/** The rooms that need no network: what administration without a server works on. */
export interface Core {
  readonly store: EmbeddedStore;
  readonly committer: Committer;
  readonly passwords: PasswordHasher;
  readonly administrator: Administrator;
  /** Finishes what was accepted and gives the data directory back. */
  close(): Promise<void>;
}

/** A running server. */
export interface RunningServer {
  readonly core: Core;
  /** As bound, so with the real ports. */
  readonly http: readonly ListenAddress[];
  readonly dns: readonly ListenAddress[];
  /** How DNS over UDP is served, in words. */
  readonly dnsLane: string;
  /** What was tried at each host since the start. */
  readonly attempts: AttemptRecord;
  health(): Promise<Health>;
  /** Takes over the settings that may change while running. */
  reconfigure(config: Config): void;
  /** Adds what shall be stopped before the servers. */
  onStop(name: string, stop: () => Promise<void>): void;
  /** Drains and stops everything. Never rejects. */
  stop(): Promise<ShutdownResult>;
}

/** SIGTERM to exit takes less than five seconds; what is left after the limit below is the process's own end. */
const STOP_TIMEOUT_MS = 4500;
/** How long HTTP requests under way may still take. */
const HTTP_GRACE_MS = 3000;

/** Opens the data directory. Rejects with StoreError. */
export async function openCore(config: Config, log: Log): Promise<Core> {
  const store = await openEmbeddedStore({
    directory: config.data,
    clock: systemClock,
    compactionBytes: config.store.compactionBytes,
    onNotice: (notice) => {
      logNotice(log, notice);
    },
  });
  const committer = createCommitter({ store, clock: systemClock, queueLimit: config.updates.queueLimit });
  const passwords = createPasswordHasher(config.passwords);
  const administrator = createAdministrator({
    view: store.view,
    committer,
    clock: systemClock,
    hashPassword: (password) => passwords.hash(password),
  });
  return {
    store,
    committer,
    passwords,
    administrator,
    close: async () => {
      await committer.close();
      await passwords.close();
      await store.close();
    },
  };
}

/** Starts everything. Rejects with StoreError or ListenError, and has then stopped what it had started. */
export async function startServer(options: {
  readonly config: Config;
  readonly log: Log;
  readonly version: string;
}): Promise<RunningServer> {
  const { config, log } = options;
  const shutdown = createShutdown({ log, timeoutMs: STOP_TIMEOUT_MS });
  const core = await openCore(config, log.child({ room: 'store' }));
  shutdown.add({ name: 'store', stop: () => core.close() });
  const purge = startEnrolmentPurge({ committer: core.committer, log: log.child({ room: 'update' }) });
  shutdown.add({ name: 'purge', stop: () => purge.stop() });
  const dns = createDns(config, core, log.child({ room: 'dns' }));
  const addresses = { http: [] as readonly ListenAddress[], dns: [] as readonly ListenAddress[] };
  const health = createCachedCheck(() => checkHealth(core.store, addresses), systemClock);
  const attempts = createAttempts(core.store);
  let { publicUrl } = config.http;
  const clients = locateClients(config, () => publicUrl);
  const http = createHttp({ ...options, dnsLane: dns.lane, attempts, clients }, core, health);
  try {
    shutdown.add({ name: 'dns', stop: () => dns.stop() });
    await dns.start().catch(listenFailure('dns.listen', '--dns', config.dns.listen));
    shutdown.add({ name: 'http', stop: () => http.stop({ graceMs: HTTP_GRACE_MS }) });
    await http.start().catch(listenFailure('http.listen', '--http', config.http.listen));
  } catch (error) {
    await shutdown.run();
    throw error;
  }
  addresses.http = http.addresses;
  addresses.dns = dns.addresses.filter(({ transport }) => transport === 'udp');
  return {
    core,
    ...addresses,
    dnsLane: dns.lane,
    attempts,
    health,
    reconfigure: (next) => {
      http.reconfigure(next.http);
      publicUrl = next.http.publicUrl;
      dns.reconfigure({ rateLimits: next.dns.rrl });
    },
    onStop: (name, stop) => {
      shutdown.add({ name, stop });
    },
    stop: () => shutdown.run(),
  };
}

const NOTICE_LEVEL = {
  'torn-tail': 'warn',
  'stale-lock': 'warn',
  unwritable: 'error',
  writable: 'info',
  compacted: 'info',
  'compaction-failed': 'error',
} as const satisfies Record<StoreNotice['code'], string>;

function logNotice(log: Log, { message, ...fields }: StoreNotice): void {
  log[NOTICE_LEVEL[fields.code]](fields, message);
}

function createDns({ dns }: Config, { store }: Core, log: Log): DnsServer {
  const { workers, tcpConnections, tcpConnectionsPerSource, tcpIdleMs, rrl, cookies, identity, version } =
    dns;
  return createDnsServer({
    listen: dns.listen,
    zones: store.view,
    limits: { tcpConnections, tcpConnectionsPerSource, tcpIdleMs },
    settings: {
      rateLimits: rrl,
      ...(cookies === null ? {} : { cookies }),
      ...(identity === null ? {} : { identity }),
      ...(version === null ? {} : { version }),
    },
    log,
    workers: { feed: store, count: workers },
  });
}

/** The record of attempts, which forgets a host that is removed. */
function createAttempts(store: Store): AttemptRecord {
  const attempts = new AttemptRecord(store.view);
  store.onCommit((changes) => {
    for (const change of changes) if (change.kind === 'host-remove') attempts.forget(change.name);
  });
  return attempts;
}

function createHttp(
  {
    config,
    log,
    version,
    dnsLane,
    attempts,
    clients,
  }: {
    config: Config;
    log: Log;
    version: string;
    dnsLane: string;
    attempts: AttemptRecord;
    clients: ClientsOptions;
  },
  { store, committer, passwords }: Core,
  health: () => Promise<Health>,
): HttpServer {
  const { view } = store;
  const service = createUpdateService({
    view,
    committer,
    clock: systemClock,
    budget: createChangeBudget(config.updates.changes),
    onUnavailable: (reason) => {
      log.error({ reason }, 'an update could not be made durable');
    },
  });
  return createHttpServer({
    listen: config.http.listen,
    trustedProxies: config.http.trustedProxies,
    forwardedHeader: config.http.forwardedHeader,
    proxyProtocol: config.http.proxyProtocol,
    limits: { maxConnections: config.http.maxConnections },
    service,
    attempts,
    authenticator: createAuthenticator({ accounts: view, passwords, clock: systemClock }),
    dialects: config.http.dialects,
    urlCredentials: config.http.urlCredentials,
    tokens: view,
    enrolment: createEnrolment(config, { store, committer }, log),
    clients,
    ...(config.registration === null
      ? {}
      : {
          registration: {
            ...config.registration,
            digest: (secret: string) => digestTokenSecret(secret, view.tokenKey),
          },
        }),
    health,
    describe: () => describeInstance(view, version, dnsLane),
    log: createHttpLog(log.child({ room: 'http' })),
  });
}

/** What the instance tells everybody about itself. */
function describeInstance(view: StoreView, version: string, dnsLane: string): Description {
  const zones = [...view.zones()];
  return {
    version,
    zones: zones.length,
    hosts: zones.reduce((sum, zone) => sum + zone.hostCount, 0),
    // Why there are no workers may name files of this machine: that is for `homing status` and the log.
    dnsLane: dnsLane.replace(/:.*$/s, ''),
  };
}

/** Enrolment, whose failures lock nobody out but those who enrol. */
function createEnrolment(
  { enrolment }: Config,
  { store, committer }: Pick<Core, 'store' | 'committer'>,
  log: Log,
): EnrollOptions {
  const enroller = createEnroller({
    view: store.view,
    committer,
    clock: systemClock,
    lockout: createLockout({ clock: systemClock, slots: 8192 }),
    onUnavailable: (reason) => {
      log.error({ reason }, 'an enrolment could not be made durable');
    },
  });
  return { enroller, requireHttps: enrolment.requireHttps };
}

/** Where the clients are: `clients` lies beside the folder of this file, in a checkout as in the package. */
function locateClients({ http }: Config, publicUrl: () => ServerUrl | null): ClientsOptions {
  const own = (path: string): string => fileURLToPath(new URL(`../clients/${path}`, import.meta.url));
  return {
    directory: http.clientsDirectory ?? own('dist'),
    installScript: own('windows/install.ps1'),
    publicUrl,
  };
}
