/**
 * The agent's executable in Wine against a Homing that runs on this machine: Wine shares its loopback.
 * Invariant: what DNS says is asked of the server itself, and what the server was asked is counted by the server.
 */
import assert from 'node:assert/strict';
import { constants, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Resolver } from 'node:dns/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { HostAttemptsReport } from '../../src/cli/control/protocol.ts';
import { type HomingProcess, homing } from '../interop/homing-process.ts';
import { ACCOUNT, HOSTS, startScenario } from '../interop/programs.ts';
import { type WinePrefix, ROOT, eventually } from './wine-prefix.ts';

const FOLDER = 'C:\\Program Files\\Homing';
const HOST = HOSTS[0];

/** The agent in Wine, with a server for it. */
export interface AgentPlace {
  readonly prefix: WinePrefix;
  readonly server: HomingProcess;
  /** Its data directory as this machine writes it. */
  readonly data: string;
  /** Runs a command of the agent; everything printed. */
  agent(...args: readonly string[]): Promise<{ readonly status: number | null; readonly output: string }>;
}

/** Copies what is handed out to where installers put it. */
export function placePrograms(prefix: WinePrefix): void {
  const folder = join(prefix.drive, 'Program Files', 'Homing');
  mkdirSync(folder, { recursive: true });
  const parts = {
    'homing-agent-win-x64.exe': 'homing-agent.exe',
    'homing-service.exe': 'homing-service.exe',
  };
  for (const [name, to] of Object.entries(parts))
    copyFileSync(join(ROOT, 'clients', 'dist', name), join(folder, to), constants.COPYFILE_FICLONE);
}

/** A server, and the agent configured for it; nothing of an earlier one is left. */
export async function placeAgent(t: TestContext, prefix: WinePrefix): Promise<AgentPlace> {
  placePrograms(prefix);
  const server = await startScenario(t);
  const data = join(prefix.drive, 'ProgramData', 'Homing');
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data, { recursive: true });
  const place: AgentPlace = {
    prefix,
    server,
    data,
    agent: async (...args) => {
      const { status, stdout, stderr } = await prefix.run(`${FOLDER}\\homing-agent.exe`, ...args);
      return { status, output: `${stdout}${stderr}` };
    },
  };
  writeFileSync(join(data, 'agent.yaml'), configurationFor(server));
  writeFileSync(join(prefix.drive, 'token.txt'), server.token);
  const args = ['--in', 'C:\\token.txt', '--out', 'C:\\ProgramData\\Homing\\home.token'];
  const { status, output } = await place.agent('protect', ...args);
  assert.equal(status, 0, output);
  assert.ok(
    !readFileSync(join(data, 'home.token'), 'latin1').includes(server.token),
    'the token is protected',
  );
  return place;
}

function configurationFor({ httpPort, dnsPort }: HomingProcess): string {
  return `
startSpread: 0s
interval: 30s
allowPrivate: true
servers:
  home:
    url: http://127.0.0.1:${httpPort}
    user: ${ACCOUNT}
    secret: { file: 'C:\\ProgramData\\Homing\\home.token' }
    dns: ['127.0.0.1:${dnsPort}']
hosts:
  - { name: ${HOST}, server: home, ipv6: false }
detect:
  ipv4: { quorum: 1, sources: [server] }
`;
}

/** The addresses that the server answers for the host. */
async function answersOf({ server }: AgentPlace): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: 2000, tries: 3 });
  resolver.setServers([`127.0.0.1:${server.dnsPort}`]);
  return resolver.resolve4(HOST).catch(() => []);
}

/** How many updates the server was asked for. */
async function updatesAt({ server }: AgentPlace): Promise<number> {
  const printed = await homing(['host', 'attempts', HOST, '--data', server.dataDirectory, '--json']);
  const { attempts } = JSON.parse(printed) as HostAttemptsReport;
  return attempts.reduce((sum, { count }) => sum + count, 0);
}

/** Detects, updates, keeps its state: a second look sends nothing, one without the state asks again. */
export async function checkOnce(t: TestContext, prefix: WinePrefix): Promise<void> {
  const place = await placeAgent(t, prefix);
  const { data } = place;
  const agent: AgentPlace['agent'] = (...args) => place.agent(...args);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  assert.deepEqual(await agent('version'), { status: 0, output: `${version}\n` });
  const detected = await agent('detect');
  assert.equal(detected.status, 0, detected.output);
  assert.match(detected.output, /IPv4 \(home\): 127\.0\.0\.1/);
  assert.deepEqual(await answersOf(place), []);

  const first = await agent('once');
  assert.equal(first.status, 0, first.output);
  assert.deepEqual(await answersOf(place), ['127.0.0.1']);
  assert.equal(await updatesAt(place), 1);
  assert.equal((await agent('once')).status, 0);
  assert.equal(await updatesAt(place), 1, 'nothing has changed, and the state says so');
  rmSync(join(data, 'state.json'));
  assert.equal((await agent('once')).status, 0);
  assert.equal(await updatesAt(place), 2, 'without its state it has to ask');
  assert.match((await agent('status')).output, /127\.0\.0\.1/);
}

const SHARING_VIOLATION = 32;

/**
 * A second agent of the same directory ends at once; the place is free after the first. `child` opens the file as the
 * module does, by the calls of .NET: either keeps the other out.
 */
export async function checkOneAtATime(t: TestContext, prefix: WinePrefix, child: string): Promise<void> {
  const place = await placeAgent(t, prefix);
  const first = prefix.start(`${FOLDER}\\homing-agent.exe`, 'run');
  assert.ok(await eventually(async () => (await answersOf(place)).length === 1), first.output());
  const second = await place.agent('run');
  assert.equal(second.status, 75, second.output);
  assert.match(second.output, /process \d+/);
  assert.equal((await place.agent('once')).status, 75);
  const lock = 'C:\\ProgramData\\Homing\\agent.lock';
  const module = await prefix.run(child, 'alone', lock, 'C:\\');
  assert.equal(module.status, SHARING_VIOLATION, 'the module does not get it either');
  assert.match((await place.agent('status')).output, /The agent runs \(process \d+\)/);
  writeFileSync(join(place.data, 'stop'), '');
  assert.equal(await first.ended, 0, first.output());
  assert.equal((await place.agent('once')).status, 0, 'the place is free');
  assert.match((await place.agent('status')).output, /No agent runs/);

  mkdirSync(join(prefix.drive, 'alone'));
  const holder = prefix.start(child, 'alone', lock, 'C:\\alone');
  assert.ok(await eventually(() => holder.output().includes('alone with it')), holder.output());
  assert.equal((await place.agent('once')).status, 75, 'nor does the agent from the module');
  writeFileSync(join(prefix.drive, 'alone', 'stop'), '');
  assert.equal(await holder.ended, 0);
}

/** Installs itself as a service, works as one, ends when the service manager says so, and is gone after `uninstall`. */
export async function checkService(t: TestContext, prefix: WinePrefix): Promise<void> {
  const place = await placeAgent(t, prefix);
  const installed = await place.agent('install');
  t.after(() => place.agent('uninstall'));
  assert.equal(installed.status, 0, installed.output);
  const log = (): string =>
    ['agent.log', 'service-output.log']
      .map((name) => join(place.data, name))
      .map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : ''))
      .join('');
  assert.ok(await eventually(async () => (await answersOf(place)).length === 1), log());
  assert.match((await prefix.run('sc', 'query', 'HomingAgent')).stdout, /RUNNING/);
  assert.equal((await place.agent('run')).status, 75, 'the service holds the place');

  assert.equal(await updatesAt(place), 1);
  const begin = Date.now();
  assert.equal((await prefix.run('sc', 'stop', 'HomingAgent')).status, 0);
  const stopped = async (): Promise<boolean> =>
    (await prefix.run('sc', 'query', 'HomingAgent')).stdout.includes('STOPPED');
  assert.ok(await eventually(stopped));
  assert.ok(Date.now() - begin < 15_000);
  assert.match(log(), /"event":"started"/);
  assert.match(log(), /"event":"changed"/);
  assert.match(log(), /"event":"ended"/, 'it ended by itself, and was not ended');

  assert.equal((await prefix.run('net', 'start', 'HomingAgent')).status, 0);
  assert.ok(await eventually(() => log().split('"event":"started"').length === 3), log());
  assert.equal(await updatesAt(place), 1, 'it has kept its state');
  assert.equal((await place.agent('uninstall')).status, 0);
  const query = await prefix.run(`${FOLDER}\\homing-service.exe`, 'query');
  assert.equal(query.status, 3, 'there is no such service any more');
}
