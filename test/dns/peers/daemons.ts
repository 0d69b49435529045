/**
 * Servers of other people that a test runs for itself. Invariant: each ends with the test that started it, serves files
 * in a directory of its own, and listens on 127.0.0.1 only.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { askUdp } from '../client.ts';
import { query } from '../message.ts';

const START_MS = 20_000;

/** The path of a daemon or tool, which may lie outside of an account's PATH; undefined where there is none. */
export function findProgram(name: string): string | undefined {
  return [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin']
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/** A UDP port of 127.0.0.1 that was free a moment ago. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** Runs a daemon until the test ends; `isReady` is asked until it holds, and what the daemon said fails the test. */
export async function runDaemon(
  t: TestContext,
  command: readonly [program: string, ...args: string[]],
  isReady: () => Promise<boolean>,
): Promise<void> {
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => endOf(child));
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4096)));
  const deadline = performance.now() + START_MS;
  while (!(await isReady())) {
    if (child.exitCode !== null || performance.now() > deadline)
      throw new Error(`${program} did not start: ${errors}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Starts knotd on these zones (apex without a trailing dot → zone file) and resolves with its port. */
export async function startKnot(
  t: TestContext,
  program: string,
  zones: ReadonlyMap<string, string>,
): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'homing-knot-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const port = await freeUdpPort();
  for (const [apex, text] of zones) await writeFile(join(directory, `${apex}.zone`), text);
  await writeFile(join(directory, 'knot.conf'), configuration(directory, port, [...zones.keys()]));
  const last = [...zones.keys()].at(-1)!;
  await runDaemon(t, [program, '-c', join(directory, 'knot.conf')], async () => {
    const answer = await askUdp(port, query(last, 'SOA'), { ms: 200 }).catch(() => undefined);
    return answer !== undefined && (answer[3]! & 15) === 0;
  });
  return port;
}

function configuration(directory: string, port: number, apexes: readonly string[]): string {
  return `server:
  rundir: ${directory}
  listen: 127.0.0.1@${port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: ${directory}
log:
  - target: stderr
    any: warning
template:
  - id: default
    storage: ${directory}
    file: "%s.zone"
    zonefile-sync: -1
    journal-content: none
zone:
${apexes.map((apex) => `  - domain: ${apex}\n`).join('')}`;
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(timer);
}
