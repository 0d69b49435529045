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
import { type WinePrefix, ROOT, eventually, windowsPath } from './wine-prefix.ts';

const MSI = join(ROOT, 'clients', 'dist', 'homing-agent.msi');
const HOST = HOSTS[1];

/** Installed with server, host and token it is at work at once; an upgrade keeps the configuration; `PURGE=1` leaves nothing. */
export async function checkInstallation(t: TestContext, prefix: WinePrefix): Promise<void> {
  const server = await startScenario(t);
  const programs = join(prefix.drive, 'Program Files', 'Homing');
  const data = join(prefix.drive, 'ProgramData', 'Homing');
  for (const folder of [programs, data]) rmSync(folder, { recursive: true, force: true });
  const msiexec = async (verb: '/i' | '/x', ...properties: readonly string[]): Promise<void> => {
    const { status, stderr } = await prefix.run('msiexec', verb, windowsPath(MSI), '/qn', ...properties);
    assert.equal(status, 0, stderr);
  };
  const query = async (): Promise<number | null> =>
    (await prefix.run('C:\\Program Files\\Homing\\homing-service.exe', 'query')).status;

  // What an administrator may have put there before: the sources, so that nothing outside of this machine is asked.
  mkdirSync(data, { recursive: true });
  const settings = [
    'startSpread: 0s',
    'allowPrivate: true',
    'detect: { ipv4: { quorum: 1, sources: [server] }, ipv6: { quorum: 1, sources: [server] } }',
  ];
  writeFileSync(join(data, 'agent.yaml'), `${settings.join('\n')}\n`);
  await msiexec(
    '/i',
    `SERVER=http://127.0.0.1:${server.httpPort}`,
    ...[`HOST=${HOST}`, `USER=${ACCOUNT}`, `TOKEN=${server.token}`],
  );
  t.after(() => prefix.run('msiexec', '/x', windowsPath(MSI), '/qn', 'PURGE=1'));
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
  const resolver = new Resolver({ timeout: 2000, tries: 3 });
  resolver.setServers([`127.0.0.1:${server.dnsPort}`]);
  const addresses = (): Promise<readonly string[]> => resolver.resolve4(HOST).catch(() => []);
  assert.ok(await eventually(async () => (await addresses())[0] === '127.0.0.1'), 'DNS has the address');
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
      runProgram(ROOT, 'msiinfo', 'export', MSI, name)
        .split(/\r?\n/)
        .slice(3)
        .map((line) => line.split('\t'))
        .map((cells) => [cells[0]!, cells]),
    );
  const properties = table('Property');
  const listOf = (name: string): readonly string[] => properties.get(name)?.[1]?.split(';') ?? [];
  assert.deepEqual([...listOf('MsiHiddenProperties')].sort(), ['CODE', 'TOKEN']);
  for (const name of ['SERVER', 'HOST', 'USER', 'TOKEN', 'CODE', 'PURGE'])
    assert.ok(listOf('SecureCustomProperties').includes(name), name);

  const [deferred, asSystem, hidden, rollback] = [0x400, 0x800, 0x2000, 0x100];
  for (const [action, [, type, , target]] of table('CustomAction')) {
    if (type === undefined) continue;
    assert.equal(Number(type) & (deferred + asSystem), deferred + asSystem, action);
    assert.equal((Number(type) & hidden) !== 0, /\[(CODE|TOKEN)\]/.test(target!), `${action} is hidden`);
    assert.equal((Number(type) & rollback) !== 0, action === 'UndoService', action);
  }
  const order = table('InstallExecuteSequence');
  const at = (action: string): number => Number(order.get(action)?.[2]);
  assert.ok(at('InstallInitialize') < at('RemoveExistingProducts'));
  for (const [before, after] of [
    ['RemoveExistingProducts', 'RemoveService'],
    ['RemoveService', 'RemoveFiles'],
    ['InstallFiles', 'InstallService'],
    ['InstallService', 'Enroll'],
    ['Enroll', 'Configure'],
    ['Configure', 'StartService'],
  ] as const)
    assert.ok(at(before) < at(after), `${before} < ${after}`);
}
