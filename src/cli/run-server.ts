/**
 * The life of a serving process: start, control socket, first accounts, changes of the configuration, signals, end.
 * Invariant: it ends only by a signal or a failed start, and then everything that was started is stopped.
 */
import { describeSettings } from '../config/config.ts';
import { formatListenAddress } from '../config/listen-address.ts';
import { type LoadOptions, type LoadedConfig, loadConfig } from '../config/load.ts';
import { watchConfig } from '../config/watch.ts';
import { describeAttempts } from '../http/attempts/describe-attempts.ts';
import { type Log, type LogControl, createLog } from '../ops/log.ts';
import { readVersion } from '../ops/version.ts';
import { type RunningServer, startServer } from '../server.ts';
import { ListenError } from '../server/listen-error.ts';
import { parseHostnameOrWildcard } from '../zone/hostname.ts';
import { formatHostname } from '../zone/name.ts';
import type { CliContext } from './context.ts';
import type { ServerStatus } from './control/protocol.ts';
import { createControlServer } from './control/server.ts';
import { CliError, type ExitCode, exitCodeOf } from './exit-code.ts';
import { loadOrRefuse } from './options.ts';
import { formatPlaces, formatWelcome, provisionQuickstart } from './quickstart.ts';

/** Serves until a signal. Rejects with StoreError or CliError where it cannot start. */
export async function runServer(options: {
  readonly context: CliContext;
  readonly load: LoadOptions;
  readonly quickstart: boolean;
}): Promise<ExitCode> {
  const loaded = loadOrRefuse(options.load);
  const control = createLog(loaded.config.log);
  const stopReporting = reportFaults(control);
  // A terminal that closes says SIGHUP: to a quickstart that means the end, to a service a look at its configuration.
  const signal = awaitSignal(options.quickstart ? ['SIGTERM', 'SIGINT', 'SIGHUP'] : ['SIGTERM', 'SIGINT']);
  try {
    const version = readVersion();
    control.log.info({ version, pid: process.pid }, 'starting');
    // A person who tries things out sets nothing; check-config is there for the curious.
    const level = options.quickstart ? 'debug' : 'info';
    control.log[level]({ configuration: describeSettings(loaded.settings) }, 'configuration');
    const server = await startOrRefuse(loaded, control.log, version);
    try {
      await startControl(server, loaded, { log: control.log, version });
      await announce(server, loaded, { ...options, control });
    } catch (error) {
      await server.stop();
      throw error;
    }
    const watch = watchConfig({
      loaded,
      load: () => loadConfig(options.load),
      log: control.log,
      apply: (config) => {
        control.setLevel(config.log.level);
        server.reconfigure(config);
      },
    });
    if (!options.quickstart) process.on('SIGHUP', watch.reload);
    control.log.info({ signal: await signal.received }, 'stopping');
    process.off('SIGHUP', watch.reload);
    watch.stop();
    const result = await server.stop();
    control.log.info({ result }, 'stopped');
    return result === 'clean' ? 0 : 1;
  } finally {
    signal.forget();
    stopReporting();
    control.flush();
  }
}

async function startOrRefuse(loaded: LoadedConfig, log: Log, version: string): Promise<RunningServer> {
  try {
    return await startServer({ config: loaded.config, log, version });
  } catch (error) {
    if (error instanceof ListenError) throw new CliError(4, error.code, error.message, { cause: error });
    throw error;
  }
}

async function startControl(
  server: RunningServer,
  { config }: LoadedConfig,
  { log, version }: { log: Log; version: string },
): Promise<void> {
  const startedAt = new Date().toISOString();
  const { store, administrator } = server.core;
  const control = createControlServer({
    directory: config.data,
    log: log.child({ room: 'control' }),
    handlers: {
      administrator,
      backup: (file) => store.backup(file),
      attempts: (fqdn) => {
        const name = parseHostnameOrWildcard(fqdn);
        const host = name === undefined ? undefined : store.view.host(name);
        if (host === undefined) return undefined;
        const attempts = describeAttempts(server.attempts.list(host.name));
        return { fqdn: formatHostname(host.name), since: startedAt, attempts };
      },
      status: async (): Promise<ServerStatus> => {
        const { healthy, checks } = await server.health();
        return {
          pid: process.pid,
          version,
          startedAt,
          data: config.data,
          http: server.http.map(formatListenAddress),
          dns: server.dns.map(formatListenAddress),
          dnsLane: server.dnsLane,
          healthy,
          problems: Object.entries(checks).flatMap(([name, result]) =>
            result === 'pass' ? [] : [`${name}: ${result}`],
          ),
        };
      },
    },
  });
  await control.start();
  server.onStop('control', () => control.stop());
}

/** Makes what a first start makes, and says where everything is. */
async function announce(
  server: RunningServer,
  { config }: LoadedConfig,
  { context, quickstart, control }: { context: CliContext; quickstart: boolean; control: LogControl },
): Promise<void> {
  const { store, administrator } = server.core;
  const { http, dns } = server;
  if (config.bootstrap !== null && [...store.view.accounts()].length === 0) {
    const { account, password } = config.bootstrap;
    const result = await administrator.execute({ kind: 'account-add', name: account, admin: true, password });
    if (!result.ok)
      throw new CliError(exitCodeOf(result.code), result.code, `bootstrap.account: ${result.message}`);
    control.log.info({ account }, 'made the first administrator');
  }
  const secret = quickstart ? await provisionQuickstart(store.view, administrator) : undefined;
  const listen = { http: http.map(formatListenAddress), dns: dns.map(formatListenAddress) };
  control.log.info({ ...listen, dnsLane: server.dnsLane, data: config.data }, 'serving');
  if (!quickstart) return;
  // What is to be pasted comes last, below every line of the start.
  control.flush();
  const places = { http, dns, data: config.data };
  context.stdout.write(secret === undefined ? `${formatPlaces(places)}\n` : formatWelcome(secret, places));
}

/** The first of these signals; a second one ends the process at once, as the system does by itself. */
function awaitSignal(signals: readonly NodeJS.Signals[]): {
  received: Promise<NodeJS.Signals>;
  forget: () => void;
} {
  const { promise, resolve: receive } = Promise.withResolvers<NodeJS.Signals>();
  const forget = (): void => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    forget();
    receive(signal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  return { received: promise, forget };
}

/** Logs a fault that ends the process before it does. */
function reportFaults(control: LogControl): () => void {
  const report = (error: Error): void => {
    control.log.fatal({ err: error }, 'this is a fault of Homing itself; the process ends');
    control.flush();
  };
  process.on('uncaughtExceptionMonitor', report);
  return () => process.off('uncaughtExceptionMonitor', report);
}
