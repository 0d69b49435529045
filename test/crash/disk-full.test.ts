/**
 * A full disk stops updates and nothing else: `911` with 503, DNS goes on from memory, /healthz says so, updates go on
 * once there is space, and nothing acknowledged is lost. Needs a small file system of its own, so root and `mount`.
 */
import assert from 'node:assert/strict';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { run, startHoming, temporaryDirectory } from '../interop/homing-process.ts';
import { createLedgers } from './ledger.ts';
import { LOADED, type Load, type LoadTarget, startLoad } from './load.ts';
import { type Serials, checkHosts, checkSerials, createResolver } from './observe.ts';
import { ACCOUNT, provision } from './provision.ts';

const DISK_SIZE = '8m';
const PATIENCE_MS = 15_000;

test('a full disk stops updates, not DNS, and updates go on once there is space', async (t) => {
  const disk = await mountSmallDisk(t);
  if (disk === undefined) {
    t.skip('needs root and mount -t tmpfs');
    return;
  }
  const dataDirectory = join(disk, 'data');
  const ledgers = createLedgers(8);
  const serials: Serials = new Map();
  const password = await provision(dataDirectory, ledgers);
  let server = await startHoming(dataDirectory, { env: LOADED });
  t.after(() => server.end('SIGKILL'));
  const target: LoadTarget = { httpPort: server.httpPort, user: ACCOUNT, password };
  const resolver = createResolver(server.dnsPort);
  const health = (): Promise<number> =>
    fetch(`http://127.0.0.1:${server.httpPort}/healthz`).then((response) => response.status);

  assert.equal(await health(), 200);
  const load = startLoad(target, ledgers);
  await until(() => load.acknowledged() > 100, 'updates before the disk is full');
  const filler = join(disk, 'filler');
  await fill(filler);
  await until(() => load.refused() > 20, 'updates refused with 503 and 911');
  await load.stop();

  await checkSerials(resolver, serials);
  await checkHosts(resolver, ledgers);
  // Health is looked at once a second at most.
  await until(async () => (await health()) === 503, 'the full disk to be reported');
  assert.ok(server.log().includes('the disk or its quota is full'), 'the log says why');

  await rm(filler);
  const after = startLoad(target, ledgers);
  await untilAcknowledged(after, 100);
  await after.stop();
  await until(async () => (await health()) === 200, 'health to be reported again');
  await checkSerials(resolver, serials);
  await checkHosts(resolver, ledgers);

  await server.end('SIGKILL');
  server = await startHoming(dataDirectory, { env: LOADED });
  const later = createResolver(server.dnsPort);
  await checkSerials(later, serials);
  await checkHosts(later, ledgers);
  assert.deepEqual(await server.end('SIGTERM'), { status: 0, signal: null }, server.log());
});

/** A tmpfs of 8 MiB, unmounted at the end of the test; undefined where this user may not mount. */
async function mountSmallDisk(t: TestContext): Promise<string | undefined> {
  // Hooks run in the order of their registration: unmounted before the directory around it is removed.
  const mounted: string[] = [];
  t.after(() => Promise.all(mounted.map((path) => run('umount', ['--lazy', path]))));
  const mountPoint = join(await temporaryDirectory(t), 'disk');
  await mkdir(mountPoint);
  const args = ['-t', 'tmpfs', '-o', `size=${DISK_SIZE},mode=0700`, 'homing-test', mountPoint];
  const result = await run('mount', args).catch(() => undefined);
  if (result?.status !== 0) return undefined;
  mounted.push(mountPoint);
  return mountPoint;
}

/** Writes a file until the disk is full, to the last byte. */
async function fill(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (const size of [1 << 16, 1 << 12, 1]) {
      const block = Buffer.alloc(size);
      try {
        for (;;) if ((await file.write(block)).bytesWritten < size) break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  } finally {
    await file.close();
  }
}

async function untilAcknowledged(load: Load, count: number): Promise<void> {
  await until(() => load.acknowledged() >= count, 'updates after there is space again');
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) assert.fail(`waited ${PATIENCE_MS} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
