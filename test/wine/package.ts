/**
 * The MSI in Wine's Windows Installer: a silent installation with all it needs, an upgrade over it, the removal; and what
 * is in its tables that only the real one looks at.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { Resolver } from 'node:dns/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { runProgram } from '../../scripts/build-agent/places.ts';
import { ACCOUNT, HOSTS, startScenario } from '../interop/programs.ts';
import { assertKeptSecret, watchCommandLines } from './command-lines.ts';
import { type WinePrefix, ROOT, eventually, windowsPath } from './wine-prefix.ts';

const MSI = join(ROOT, 'clients', 'dist', 'homing-agent.msi');
const HOST = HOSTS[1];

const LOG = 'homing-msi.log';

/** The Windows Installer of a prefix, with the folders that the package fills. */
export interface Installer {
  /** Folder of the programs, and data directory, as this machine writes them. */
  readonly programs: string;
  readonly data: string;
  /** Runs it silently; its exit code and all that it wrote to its log. */
  msiexec(
    verb: '/i' | '/x',
    ...properties: readonly string[]
  ): Promise<{ readonly status: number | null; readonly log: string }>;
  /** The exit code of the service host's `query`; null where there is no service host. */
  query(): Promise<number | null>;
}

/**
 * The installer with an empty machine, but for what an administrator may have put there before: the sources of addresses,
 * so that nothing outside of this machine is asked.
 */
export function placeInstaller(prefix: WinePrefix): Installer {
  const programs = join(prefix.drive, 'Program Files', 'Homing');
  const data = join(prefix.drive, 'ProgramData', 'Homing');
  for (const folder of [programs, data]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(data, { recursive: true });
  const settings = [
    'startSpread: 0s',
    'allowPrivate: true',
    'detect: { ipv4: { quorum: 1, sources: [server] }, ipv6: { quorum: 1, sources: [server] } }',
  ];
  writeFileSync(join(data, 'agent.yaml'), `${settings.join('\n')}\n`);
  const log = join(prefix.drive, LOG);
  return {
    programs,
    data,
    msiexec: async (verb, ...properties) => {
      rmSync(log, { force: true });
      const args = [verb, windowsPath(MSI), '/qn', '/l*v', `C:\\${LOG}`, ...properties];
      const { status } = await prefix.run('msiexec', ...args);
      const bytes = existsSync(log) ? readFileSync(log) : Buffer.alloc(0);
      // In either width of letters.
      return { status, log: bytes.toString('latin1').replaceAll('\0', '') };
    },
    query: async () =>
      existsSync(join(programs, 'homing-service.exe'))
        ? (await prefix.run('C:\\Program Files\\Homing\\homing-service.exe', 'query')).status
        : null,
  };
}

/** The IPv4 addresses that a server answers for a host. */
export async function addressesAt(
  server: { readonly dnsPort: number },
  host: string,
): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: 2000, tries: 3 });
  resolver.setServers([`127.0.0.1:${server.dnsPort}`]);
  return resolver.resolve4(host).catch(() => []);
}

/** Installed with server, host and token it is at work at once; an upgrade keeps the configuration; `PURGE=1` leaves nothing. */
export async function checkInstallation(t: TestContext, prefix: WinePrefix): Promise<void> {
  const server = await startScenario(t);
  const installer = placeInstaller(prefix);
  const { programs, data } = installer;
  const query = (): Promise<number | null> => installer.query();
  const msiexec = async (verb: '/i' | '/x', ...properties: readonly string[]): Promise<string> => {
    const { status, log } = await installer.msiexec(verb, ...properties);
    assert.equal(status, 0, log);
    return log;
  };
  const seen = watchCommandLines(prefix, server.token);
  const log = await msiexec(
    '/i',
    `SERVER=http://127.0.0.1:${server.httpPort}`,
    ...[`HOST=${HOST}`, `USER=${ACCOUNT}`, `TOKEN=${server.token}`],
  );
  t.after(() => installer.msiexec('/x', 'PURGE=1'));
  assertKeptSecret(seen.end(), / add /);
  assert.ok(!log.includes(server.token), 'the log does not show the token');
  assert.deepEqual(readdirSync(programs).sort(), ['homing-agent.exe', 'homing-service.exe', 'licenses.txt']);
  assert.equal(await query(), 0, 'the service runs');
  const configuration = readFileSync(join(data, 'agent.yaml'), 'utf8');
  assert.match(configuration, new RegExp(`http://127\\.0\\.0\\.1:${server.httpPort}`));
  for (const name of readdirSync(data))
    if (!name.endsWith('.lock'))
      assert.ok(
        !readFileSync(join(data, name), 'latin1').includes(server.token),
        `${name} does not show the token`,
      );
  assert.ok(
    await eventually(async () => (await addressesAt(server, HOST))[0] === '127.0.0.1'),
    'DNS has the address',
  );
  assert.equal(
    readFileSync(join(data, 'service-output.log'), 'utf8'),
    '',
    'and has nothing to complain about',
  );

  await msiexec('/i');
  assert.equal(readFileSync(join(data, 'agent.yaml'), 'utf8'), configuration, 'the configuration is kept');
  assert.equal(await query(), 0, 'the service runs again');

  await msiexec('/x');
  assert.ok(!existsSync(join(programs, 'homing-agent.exe')));
  assert.ok(existsSync(join(data, 'agent.yaml')), 'for a later installation');
  await msiexec('/i');
  assert.equal(await query(), 0);
  await msiexec('/x', 'PURGE=1');
  assert.ok(!existsSync(data), 'nothing is left');
}

/** Secrets are kept out of the log, elevated properties are passed on, and the order is that of an upgrade in place. */
export function checkTables(): void {
  const table = (name: string): Map<string, readonly string[]> =>
    new Map(
      // A row ends with CRLF; a line break alone is a part of its value.
      runProgram(ROOT, 'msiinfo', 'export', MSI, name)
        .split('\r\n')
        .slice(3)
        .map((line) => line.split('\t'))
        .map((cells) => [cells[0]!, cells]),
    );
  const properties = table('Property');
  const listOf = (name: string): readonly string[] => properties.get(name)?.[1]?.split(';') ?? [];
  assert.deepEqual([...listOf('MsiHiddenProperties')].sort(), ['CODE', 'Configure', 'Enroll', 'TOKEN']);
  for (const name of ['SERVER', 'HOST', 'USER', 'TOKEN', 'CODE', 'PURGE'])
    assert.ok(listOf('SecureCustomProperties').includes(name), name);

  const [deferred, asSystem, hidden, rollback, setsProperty] = [0x400, 0x800, 0x2000, 0x100, 0x33];
  const secret = /\[(CODE|TOKEN)\]/;
  for (const [action, [, type, source, target]] of table('CustomAction')) {
    if (type === undefined) continue;
    // A secret is put into a property that the log does not show, and into nothing else.
    if (secret.test(target!)) assert.equal(Number(type), setsProperty, action);
    if (Number(type) === setsProperty) {
      assert.ok(!secret.test(target!) || listOf('MsiHiddenProperties').includes(source!), action);
      continue;
    }
    assert.equal(Number(type) & (deferred + asSystem), deferred + asSystem, action);
    assert.equal((Number(type) & hidden) !== 0, /^(Enroll|Configure)$/.test(action), `${action} is hidden`);
    assert.equal((Number(type) & rollback) !== 0, /^(Undo|Restore)Service$/.test(action), action);
  }
  const order = table('InstallExecuteSequence');
  const at = (action: string): number => Number(order.get(action)?.[2]);
  assert.ok(at('InstallInitialize') < at('RemoveExistingProducts'));
  for (const [before, after] of [
    ['RemoveExistingProducts', 'RestoreService'],
    ['RestoreService', 'RemoveService'],
    ['RemoveService', 'RemoveFiles'],
    ['InstallFiles', 'UndoServiceData'],
    ['UndoServiceData', 'UndoService'],
    ['UndoService', 'InstallService'],
    ['InstallService', 'EnrollData'],
    ['EnrollData', 'Enroll'],
    ['Enroll', 'ConfigureData'],
    ['ConfigureData', 'Configure'],
    ...['ForgetCode', 'ForgetToken', 'ForgetEnroll', 'ForgetConfigure'].map(
      (forget) => ['Configure', forget] as const,
    ),
    ['Configure', 'StartService'],
  ] as const)
    assert.ok(at(before) < at(after), `${before} < ${after}`);
}
