/**
 * The connections of one server and of the sources that are asked like it: kept and used again, TLS 1.2 or later
 * and verified, through the proxy that is set. The one place where undici's options are chosen.
 */
import { readFileSync } from 'node:fs';
import * as tls from 'node:tls';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import type { Family, ServerConfig } from '../config/agent-config.ts';
import { type SystemProxy, proxyFor } from './proxy.ts';

/**
 * An idle connection is kept for this long, in milliseconds: for all of a round, and not until the next. After a change
 * of the address an old connection is dead, and waiting for that to show would cost a whole time-out.
 */
const KEEP_MS = 30_000;

/** Connections to be used by requests of one server. */
export interface Connections {
  /** For a URL; `family` holds the connection to IPv4 or IPv6. */
  to(url: string, family?: Family): Dispatcher;
  /** Forgets all connections, because the network is another one. What is under way goes on. */
  renew(): void;
  close(): Promise<void>;
}

/** Makes the connections of a server; throws where a file with certificates cannot be read. */
export function createConnections(
  server: ServerConfig,
  options: { readonly proxy: SystemProxy; readonly platform: NodeJS.Platform },
): Connections {
  const secure = tlsOptions(server, options.platform);
  const open = new Map<string, Dispatcher>();
  const closing = new Set<Promise<void>>();

  const create = (url: string, family: Family | undefined): Dispatcher => {
    const proxy = proxyFor(url, server.proxy, options.proxy);
    const connect = {
      timeout: server.connectTimeoutMs,
      // An idle connection is closed before the first probe of TCP would be sent, and not every system has such (Wine).
      keepAlive: false,
      minVersion: 'TLSv1.2' as const,
      // Client certificate and root are for the server alone.
      ...(new URL(url).origin === server.url ? secure.server : secure.others),
      ...(family === undefined ? {} : { family: family === 'ipv4' ? 4 : 6, autoSelectFamily: false }),
    };
    const shared = {
      connections: 4,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: KEEP_MS,
      keepAliveMaxTimeout: KEEP_MS,
      connect,
    };
    if (proxy === undefined) return new Agent(shared);
    return new EnvHttpProxyAgent({
      ...shared,
      httpProxy: proxy.uri,
      httpsProxy: proxy.uri,
      noProxy: proxy.except,
      requestTls: connect,
      proxyTls: { minVersion: 'TLSv1.2', timeout: server.connectTimeoutMs, keepAlive: false },
    });
  };
  const closeAll = (): void => {
    for (const dispatcher of open.values()) {
      // An error here is that of a request, which hears of it itself.
      const closed = dispatcher.close().catch(() => undefined);
      closing.add(closed);
      void closed.then(() => closing.delete(closed));
    }
    open.clear();
  };
  return {
    to: (url, family) => {
      const key = `${new URL(url).origin} ${family ?? ''}`;
      const known = open.get(key);
      if (known !== undefined) return known;
      const made = create(url, family);
      open.set(key, made);
      return made;
    },
    renew: closeAll,
    close: async () => {
      closeAll();
      await Promise.all(closing);
    },
  };
}

interface TlsOptions {
  readonly server: tls.SecureContextOptions;
  readonly others: tls.SecureContextOptions;
}

function tlsOptions(server: ServerConfig, platform: NodeJS.Platform): TlsOptions {
  const roots = [...tls.getCACertificates('default'), ...systemRoots(platform)];
  const own = server.ca === undefined ? [] : [readFileSync(server.ca, 'utf8')];
  const special = roots.length > tls.getCACertificates('default').length;
  const client =
    server.clientCertificate === undefined || server.clientKey === undefined
      ? {}
      : { cert: readFileSync(server.clientCertificate), key: readFileSync(server.clientKey) };
  return {
    others: special ? { ca: roots } : {},
    server: { ...client, ...(special || own.length > 0 ? { ca: [...roots, ...own] } : {}) },
  };
}

/** On Windows the roots that the machine's administrator trusts count as well, as in every program there. */
function systemRoots(platform: NodeJS.Platform): readonly string[] {
  if (platform !== 'win32') return [];
  try {
    return tls.getCACertificates('system');
  } catch {
    // The store of certificates cannot be read; Node's own roots remain.
    return [];
  }
}
