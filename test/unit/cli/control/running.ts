/** A control server on a directory of its own, over a memory store, for the tests of this folder. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ServerStatus } from '../../../../src/cli/control/protocol.ts';
import { type ControlHandlers, createControlServer } from '../../../../src/cli/control/server.ts';
import { systemClock } from '../../../../src/ops/clock.ts';
import { createLog } from '../../../../src/ops/log.ts';
import { createMemoryStore } from '../../../../src/store/memory.ts';
import { createAdministrator } from '../../../../src/update/admin/create-administrator.ts';
import { createCommitter } from '../../../../src/update/commit.ts';

export const { log } = createLog({ level: 'silent', pretty: false, sink: { write: () => undefined } });

export const STATUS: ServerStatus = {
  pid: process.pid,
  version: '1.2.3',
  startedAt: '2026-01-01T00:00:00.000Z',
  data: '/data',
  http: [],
  dns: [],
  dnsLane: 'node:dgram on the main thread',
  healthy: true,
  problems: [],
};

export function handlersOn(store = createMemoryStore()): ControlHandlers {
  const committer = createCommitter({ store, clock: systemClock });
  return {
    administrator: createAdministrator({
      view: store.view,
      committer,
      clock: systemClock,
      hashPassword: () => Promise.reject(new Error('no password in these tests')),
    }),
    status: () => Promise.resolve(STATUS),
    attempts: () => undefined,
    backup: (file) => Promise.reject(new Error(`cannot write ${file}`)),
  };
}

export function newDirectory(t: TestContext, ...below: string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'homing-control-'));
  t.after(() => {
    rmSync(root, { recursive: true });
  });
  const directory = join(root, ...below);
  mkdirSync(directory, { recursive: true });
  return directory;
}

export async function started(t: TestContext, directory: string, handlers = handlersOn()): Promise<void> {
  const server = createControlServer({ directory, handlers, log });
  await server.start();
  t.after(() => server.stop());
}

/** Writes bytes and gives everything that comes back until the server ends the connection or falls silent. */
export function exchange(directory: string, bytes: string | Buffer, lines = 1): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(join(directory, 'control.sock'));
    let received = '';
    const finish = (): void => {
      socket.destroy();
      resolve(received);
    };
    socket.on('data', (chunk) => {
      received += chunk.toString();
      if (received.split('\n').length > lines) finish();
    });
    socket.on('close', finish);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE' || error.code === 'ECONNRESET') finish();
      else reject(error);
    });
    socket.write(bytes);
  });
}
