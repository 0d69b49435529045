/**
 * The MSI with an enrolment code, in Wine's Windows Installer: a whole roll-out from one command; and what is left of an
 * installation that is given up half-way.
 *
 * What Wine's installer lacks: it undoes an installation from its first step to its last one, where the real one goes
 * backwards, so that files go before the custom actions of the rollback run; it does not bring back the files of an
 * earlier version that an upgrade removed, so that RestoreService is held by the tables only; and it writes properties
 * into its log at the end without regard to MsiHiddenProperties, so that what is not there was not in the session.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { homing } from '../interop/homing-process.ts';
import { ACCOUNT, ZONE, startScenario } from '../interop/programs.ts';
import { assertKeptSecret, watchCommandLines } from './command-lines.ts';
import { addressesAt, placeInstaller } from './package.ts';
import { type WinePrefix, eventually } from './wine-prefix.ts';

const SOURCE = 'HKLM\\System\\CurrentControlSet\\Services\\EventLog\\Application\\Homing Agent';
/** ERROR_INSTALL_FAILURE (1603), of which an exit code has eight bits here. */
const INSTALL_FAILURE = 1603 & 0xff;

/** With server and code alone the machine has a host of its own, which DNS knows; the code is seen nowhere. */
export async function checkEnrolment(t: TestContext, prefix: WinePrefix): Promise<void> {
  const server = await startScenario(t);
  const data = ['--data', server.dataDirectory, '--json'];
  const options = ['--zone', ZONE, '--account', ACCOUNT, '--pattern', 'shop-{name}', '--uses', '1'];
  const { code } = JSON.parse(await homing(['enroll', 'create', ...options, ...data])) as { code: string };
  const installer = placeInstaller(prefix);
  t.after(() => installer.msiexec('/x', 'PURGE=1'));
  const seen = watchCommandLines(prefix, code);
  const url = `http://127.0.0.1:${server.httpPort}`;
  const { status, log } = await installer.msiexec('/i', `SERVER=${url}`, `CODE=${code}`);
  const processes = seen.end();
  assert.equal(status, 0, log);
  assertKeptSecret(processes, / enroll /);
  assert.ok(!log.includes(code), 'the log does not show the code');

  const configuration = readFileSync(join(installer.data, 'agent.yaml'), 'utf8');
  const host = /name: (shop-\S+)/.exec(configuration)?.[1];
  assert.ok(host !== undefined, configuration);
  assert.ok(host.endsWith(`.${ZONE}`), host);
  for (const name of readdirSync(installer.data).filter((file) => !file.endsWith('.lock')))
    assert.ok(!readFileSync(join(installer.data, name), 'latin1').includes(code), name);
  assert.equal(await installer.query(), 0, 'the service runs');
  assert.ok(
    await eventually(async () => (await addressesAt(server, host))[0] === '127.0.0.1'),
    `DNS has the address of ${host}`,
  );
}

/** A wrong code ends the installation, and what it had begun is undone; the next one, with nothing wrong, succeeds. */
export async function checkRollback(t: TestContext, prefix: WinePrefix): Promise<void> {
  const server = await startScenario(t);
  const installer = placeInstaller(prefix);
  t.after(() => installer.msiexec('/x', 'PURGE=1'));
  // As on a machine that has never seen it.
  rmSync(installer.data, { recursive: true });
  const code = 'HMENRAAAAAAAAAAAAAAAAAAAAAAAA';
  const seen = watchCommandLines(prefix, code);
  const url = `http://127.0.0.1:${server.httpPort}`;
  const { status, log } = await installer.msiexec('/i', `SERVER=${url}`, `CODE=${code}`);
  assertKeptSecret(seen.end(), / enroll /);
  assert.equal(status, INSTALL_FAILURE, log);
  assert.ok(!log.includes(code), 'the log does not show the code');
  assert.match(log, /enroll failed \(77\)/, 'and says why');
  assert.notEqual((await prefix.run('sc', 'query', 'HomingAgent')).status, 0, 'there is no service');
  assert.equal((await prefix.run('reg', 'query', SOURCE)).status, 1, 'nor an event source');
  assert.ok(!existsSync(installer.data), 'nor a data directory');
  assert.ok(!existsSync(installer.programs), 'nor a program');

  placeInstaller(prefix);
  assert.equal((await installer.msiexec('/i')).status, 0);
  assert.equal((await prefix.run('sc', 'query', 'HomingAgent')).status, 0);
}
