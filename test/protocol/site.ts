/** A whole site for transcripts: memory store, accounts, update service and the HTTP server on a real socket. */
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { createAuthenticator } from '../../src/account/create-authenticator.ts';
import type { Derivation } from '../../src/account/host.ts';
import { createLockout } from '../../src/account/lockout/lockout.ts';
import { createPasswordHasher } from '../../src/account/password.ts';
import { digestTokenSecret, gnudipKey } from '../../src/account/token.ts';
import type { HttpAppOptions } from '../../src/http/app.ts';
import type { Health } from '../../src/http/health.ts';
import { type HttpLog, formatUpdateEntry } from '../../src/http/log.ts';
import type { RegistrationPolicy } from '../../src/http/update/registration/acme-dns-register.ts';
import { type HttpServer, type HttpServerOptions, createHttpServer } from '../../src/http/server.ts';
import type { AcceptPolicy } from '../../src/net/address-class.ts';
import { formatIpAddress } from '../../src/net/ip-address.ts';
import { parseIpPrefix } from '../../src/net/ip-prefix.ts';
import { systemClock } from '../../src/ops/clock.ts';
import type { Change } from '../../src/store/change.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { type PreparedCommit, type Store, StoreError, type StoreView } from '../../src/store/store.ts';
import { createChangeBudget } from '../../src/update/change-budget.ts';
import { createCommitter } from '../../src/update/commit.ts';
import { createUpdateService } from '../../src/update/create-service.ts';
import { createEnroller } from '../../src/update/enrol/create-enroller.ts';
import type { BucketPolicy } from '../../src/update/token-buckets.ts';
import { type Name, parseName } from '../../src/zone/name.ts';

export interface SiteOptions {
  /** Host names, each owned by `alice` unless written `name=account`. */
  readonly hosts?: readonly string[];
  /** Account name to password; null for an account that only tokens act for. */
  readonly accounts?: Readonly<Record<string, string | null>>;
  /** Secret to the hosts it covers; null for all of alice's. */
  readonly tokens?: Readonly<Record<string, readonly string[] | null>>;
  readonly accept?: AcceptPolicy;
  readonly trust?: readonly string[];
  readonly health?: () => Promise<Health>;
  /** Secrets of tokens that were made for GnuDIP. */
  readonly gnudip?: readonly string[];
  /** Who may register with acme-dns. */
  readonly registration?: Omit<RegistrationPolicy, 'digest'>;
  readonly server?: Partial<HttpServerOptions>;
  /** Whether enrolment codes are taken over HTTPS alone. */
  readonly requireHttps?: boolean;
  /** How often a host may change; default: as it likes. */
  readonly changes?: BucketPolicy;
}

export interface Site {
  readonly server: HttpServer;
  readonly store: Store;
  readonly port: number;
  readonly log: {
    readonly level: string;
    readonly fields: Record<string, unknown>;
    readonly message: string;
  }[];
  /** What the host publishes, as `v4 v6`, `-` for none. */
  published(host: string): string;
  /** Blocks a host, as the operator does. */
  block(host: string): Promise<void>;
  /** Defines a host on another's prefix, as the operator does. */
  define(host: string, derived: Derivation): Promise<void>;
  readonly view: StoreView;
  /** How many commits there were. */
  sequence(): number;
  /** The zone's serial. */
  serial(): number;
  /** Takes the store's disk away, or gives it back. */
  breakStore(broken: boolean): void;
  send(request: string, options?: SendOptions): Promise<Reply>;
}

export interface SendOptions {
  /** Written in these pieces, each in its own segment. */
  readonly pieces?: readonly string[];
  /** Until when the connection is read; default: until the server closes it. */
  readonly until?: (received: string) => boolean;
}

export interface Reply {
  readonly statusLine: string;
  readonly status: number;
  /** Names as sent. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly raw: string;
  /** How many reads the reply took. */
  readonly reads: number;
  /** Whether the server closed the connection. */
  readonly closed: boolean;
}

class BreakableStore implements Store {
  readonly #store = createMemoryStore();
  broken = false;

  get view(): Store['view'] {
    return this.#store.view;
  }

  get health(): Store['health'] {
    return this.#store.health;
  }

  commit(changes: readonly Change[]): Promise<void> {
    if (this.broken) return Promise.reject(new StoreError('unwritable', 'no space left'));
    return this.#store.commit(changes);
  }

  prepare(changes: readonly Change[]): Promise<PreparedCommit> {
    if (this.broken) return Promise.reject(new StoreError('unwritable', 'no space left'));
    return this.#store.prepare(changes);
  }

  onCommit(listener: (changes: readonly Change[]) => void): () => void {
    return this.#store.onCommit(listener);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

/** What stands behind the HTTP side, without a server. */
export interface Backing {
  readonly store: Store & { broken: boolean };
  readonly app: HttpAppOptions;
  readonly log: Site['log'];
  readonly close: () => Promise<void>;
}

/** A store with contents, and the rooms between it and the HTTP side. */
export async function openBacking(options: SiteOptions = {}): Promise<Backing> {
  const store = new BreakableStore();
  const passwords = createPasswordHasher({ cost: 4, threads: 1 });
  await store.commit(await contents(options, store, (password) => passwords.hash(password)));
  const log: Site['log'] = [];
  const committer = createCommitter({ store, clock: systemClock });
  const app: HttpAppOptions = {
    service: createUpdateService({
      view: store.view,
      committer,
      clock: systemClock,
      budget: createChangeBudget(options.changes ?? { burst: 0, refillMs: 1 }),
    }),
    authenticator: createAuthenticator({ accounts: store.view, passwords, clock: systemClock }),
    tokens: store.view,
    enrolment: {
      enroller: createEnroller({
        view: store.view,
        committer,
        clock: systemClock,
        lockout: createLockout({ clock: systemClock, slots: 64 }),
      }),
      requireHttps: options.requireHttps ?? false,
    },
    ...(options.registration === undefined
      ? {}
      : {
          registration: {
            ...options.registration,
            digest: (secret: string) => digestTokenSecret(secret, store.view.tokenKey),
          },
        }),
    health: options.health ?? (() => Promise.resolve({ healthy: true, checks: { store: 'pass' } })),
    describe: () => ({ version: '1.2.3', zones: 1, hosts: 2, dnsLane: 'batched sockets' }),
    log: recorder(log),
  };
  const close = async (): Promise<void> => {
    await committer.close();
    await passwords.close();
  };
  return { store, app, log, close };
}

/** Opens a site that the test closes when it ends. */
export async function openSite(t: Pick<TestContext, 'after'>, options: SiteOptions = {}): Promise<Site> {
  const { store, app, log, close } = await openBacking(options);
  const server = createHttpServer({
    listen: [{ address: '127.0.0.1', port: 0 }],
    trustedProxies: (options.trust ?? []).map((text) => parseIpPrefix(text)!),
    ...app,
    ...options.server,
  });
  await server.start();
  t.after(async () => {
    await server.stop({ graceMs: 0 });
    await close();
  });
  const { address, port } = server.addresses[0]!;
  return {
    server,
    store,
    port,
    log,
    published: (host) => {
      const { ipv4, ipv6 } = store.view.host(name(host))!;
      return `${ipv4 === null ? '-' : formatIpAddress(ipv4)} ${ipv6 === null ? '-' : formatIpAddress(ipv6)}`;
    },
    block: (host) =>
      store.commit([{ kind: 'host-put', host: { ...store.view.host(name(host))!, blocked: true } }]),
    define: (host, derived) =>
      store.commit([{ kind: 'host-put', host: { ...store.view.host(name(host))!, derived } }]),
    view: store.view,
    sequence: () => store.view.sequence,
    serial: () => store.view.zone(name('example.test'))!.settings.serial,
    breakStore: (broken) => {
      store.broken = broken;
    },
    send: (request, sendOptions) => send({ address, port }, request, sendOptions),
  };
}

export function name(text: string): Name {
  return parseName(text)!;
}

/** Sends bytes (one for each character) and reads the reply. Rejects after five seconds. */
export function send(
  { address, port }: { readonly address: string; readonly port: number },
  request: string,
  { pieces = [request], until }: SendOptions = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, noDelay: true });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no whole reply within 5 s, only ${JSON.stringify(raw)}`));
    }, 5_000);
    let raw = '';
    let reads = 0;
    let closed = false;
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(readReply(raw, reads, closed));
    };
    socket.on('connect', () => {
      void (async () => {
        for (const [i, piece] of pieces.entries()) {
          if (i > 0) await new Promise((wake) => setTimeout(wake, 5));
          socket.write(piece, 'latin1');
        }
      })();
    });
    socket.on('data', (chunk) => {
      raw += chunk.toString('latin1');
      reads++;
      if (until?.(raw) === true) finish();
    });
    socket.on('end', () => {
      closed = true;
    });
    socket.on('error', (error) => {
      if (raw === '') reject(error);
    });
    socket.on('close', finish);
  });
}

function readReply(raw: string, reads: number, closed: boolean): Reply {
  const end = raw.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = raw.slice(0, end).split('\r\n');
  return {
    statusLine,
    status: Number(statusLine.split(' ')[1]),
    headers: lines.map(
      (line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)] as const,
    ),
    body: raw.slice(end + 4),
    raw,
    reads,
    closed,
  };
}

/** All values of a header. */
export function header(reply: Reply, wanted: string): readonly string[] {
  return reply.headers
    .filter(([name]) => name.toLowerCase() === wanted.toLowerCase())
    .map(([, value]) => value);
}

/** The Authorization header of a user name and password, as UTF-8. */
export function basic(user: string, password: string): string {
  return `Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}\r\n`;
}

async function contents(
  { hosts = [], accounts = {}, tokens = {}, accept = 'private', gnudip = [] }: SiteOptions,
  store: Store,
  hash: (password: string) => Promise<string>,
): Promise<Change[]> {
  const apex = name('example.test');
  const soa = {
    mname: name('ns1.example.test'),
    rname: name('hostmaster.example.test'),
    refresh: 3600,
    retry: 600,
    expire: 604800,
    minimum: 60,
    ttl: 3600,
  };
  const changes: Change[] = [{ kind: 'zone-put', zone: { apex, soa, serial: 1, accept } }];
  for (const [account, password] of Object.entries(accounts)) {
    const passwordHash = password === null ? null : await hash(password);
    changes.push({
      kind: 'account-put',
      account: { name: account, passwordHash, admin: false, createdAt: 0 },
    });
  }
  for (const entry of hosts) {
    const [fqdn = '', account = 'alice'] = entry.split('=');
    const address = { ttl: 60, ipv4: null, ipv6: null, wildcard: false };
    changes.push({
      kind: 'host-put',
      host: { name: name(fqdn), ...address, zone: apex, account, changedAt: null, blocked: false },
    });
  }
  for (const [secret, covered] of Object.entries(tokens)) {
    const digest = digestTokenSecret(secret, store.view.tokenKey);
    const limited = covered === null ? null : covered.map(name);
    changes.push({
      kind: 'token-put',
      token: {
        id: secret.toLowerCase(),
        account: 'alice',
        hosts: limited,
        label: '',
        digest,
        createdAt: 0,
        ...(gnudip.includes(secret) ? { gnudip: gnudipKey(secret) } : {}),
      },
    });
  }
  return changes;
}

function recorder(log: Site['log']): HttpLog {
  const record = (level: string) => (fields: object, message: string) => {
    log.push({ level, fields: { ...fields }, message });
  };
  // As an operator gets it: from the line's own text.
  const update: HttpLog['update'] = (level, entry) => {
    record(level)(JSON.parse(`{${formatUpdateEntry(entry)}}`) as object, 'update');
  };
  return { info: record('info'), warn: record('warn'), error: record('error'), update, refusal: update };
}
