/** Codes that ended long ago are forgotten with their logs, durably, some at a time, and nothing that still counts is. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Change } from '../../../../src/store/change.ts';
import { openEmbeddedStore } from '../../../../src/store/embedded/open-embedded-store.ts';
import { createMemoryStore } from '../../../../src/store/memory.ts';
import { createCommitter } from '../../../../src/update/commit.ts';
import { KEPT_MS, endOf, startEnrolmentPurge } from '../../../../src/update/enrol/purge-enrolments.ts';
import { enrolment, event, machine } from '../../../contract/enrolment-samples.ts';
import { FaultyStore, NOW, name } from '../fixture.ts';
import { value } from '../office.ts';
import { enrolled, openEnrolOffice } from './enrol-office.ts';

const DAY = 86_400_000;
const NEVER = { firstMs: 2 ** 31 - 1 } as const;

function collector() {
  const lines: unknown[] = [];
  const log = { info: (fields: object) => lines.push(fields), warn: (fields: object) => lines.push(fields) };
  return { lines, log };
}

test('a code ends when it is revoked or expires, whichever is first, and not when it is used up', () => {
  assert.equal(endOf({ revokedAt: null, expiresAt: 7 }), 7);
  assert.equal(endOf({ revokedAt: 5, expiresAt: 7 }), 5);
  assert.equal(endOf({ revokedAt: 9, expiresAt: 7 }), 7);
});

test('a code and its log are there for ninety days after its end, and durably gone then', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'homing-purge-'));
  const onNotice = ({ message }: { message: string }): void => {
    assert.fail(message);
  };
  const store = await openEmbeddedStore({ directory, onNotice });
  const office = await openEnrolOffice(store);
  const committer = createCommitter({ store, clock: office.clock });
  const { lines, log } = collector();
  const purge = startEnrolmentPurge({ committer, log, ...NEVER });
  const old = await office.code('pc-{serial}', { lifetimeSeconds: 86_400, uses: 1 });
  const later = await office.code('tv-{serial}', { lifetimeSeconds: 30 * 86_400 });
  const { secret } = enrolled(await office.enrol(old.code, { serial: 'S1' }));
  await office.run({ kind: 'enroll-revoke', id: later.id });

  // The one that was revoked today ended first, though the other one is used up.
  office.clock.time = NOW + KEPT_MS - 1;
  assert.equal(await purge.run(), 0);
  office.clock.time = NOW + KEPT_MS;
  assert.equal(await purge.run(), 1);
  assert.deepEqual(
    [...store.view.enrolments.all()].map(({ id }) => id),
    [old.id],
  );
  assert.equal(store.view.enrolments.events(old.id).length, 1);
  office.clock.time = NOW + DAY + KEPT_MS;
  assert.equal(await purge.run(), 1);
  assert.deepEqual(lines, [{ codes: 1 }, { codes: 1 }]);
  await purge.stop();
  await committer.close();
  await office.close();

  const again = await openEmbeddedStore({ directory, onNotice });
  await again.compact();
  await again.close();
  const compacted = await openEmbeddedStore({ directory, onNotice });
  const after = await openEnrolOffice(compacted);
  assert.deepEqual(value(await after.run({ kind: 'enroll-list' })), []);
  assert.deepEqual(value(await after.run({ kind: 'enroll-log' })), []);
  // The machine's token still ends with its host.
  assert.equal(after.isToken(secret), true);
  value(await after.run({ kind: 'host-remove', fqdn: 'pc-s1.dyn.test' }));
  assert.equal(after.isToken(secret), false);
  assert.deepEqual([...compacted.view.enrolments.machinesAt(name('pc-s1.dyn.test'))], []);
  await after.close();
  await rm(directory, { recursive: true });
});

test('many codes and machines go in commits of a bounded size, and what a full disk refuses goes later', async () => {
  const store = new FaultyStore(createMemoryStore());
  const clock = { now: () => NOW + KEPT_MS };
  const codes = Array.from({ length: 250 }, (_, i): Change => ({
    kind: 'enrolment-put',
    enrolment: { ...enrolment(`e${i}`), digest: `digest ${i}`, expiresAt: NOW, revokedAt: null },
  }));
  const machines = Array.from({ length: 4500 }, (_, i): Change => ({
    kind: 'machine-put',
    machine: machine('e3', `m${i}.dyn.test`, { serial: `S${i}` }),
  }));
  await store.commit([...codes, ...machines, { kind: 'event-put', event: event('e3', 1) }]);
  const fresh = enrolment('fresh');
  await store.commit([
    { kind: 'enrolment-put', enrolment: { ...fresh, expiresAt: NOW + 1, revokedAt: null } },
  ]);
  store.commits.length = 0;
  const committer = createCommitter({ store, clock });
  const { log } = collector();
  const purge = startEnrolmentPurge({ committer, log, ...NEVER });
  store.broken = true;
  assert.equal(await purge.run(), 0);
  store.broken = false;
  assert.equal(await purge.run(), 250);
  assert.deepEqual(
    [...store.view.enrolments.all()].map(({ id }) => id),
    ['fresh'],
  );
  assert.deepEqual([...store.view.enrolments.machines('e3')], []);
  assert.ok(store.commits.length > 3);
  for (const changes of store.commits) assert.ok(changes.length <= 2101, `${changes.length} changes`);
  await purge.stop();
  await committer.close();
});

test('it goes on by itself, and ends when it is stopped', async () => {
  const store = createMemoryStore();
  const clock = { time: NOW, now: () => clock.time };
  const committer = createCommitter({ store, clock });
  const { log } = collector();
  const put = (id: string): Promise<void> =>
    store.commit([
      { kind: 'enrolment-put', enrolment: { ...enrolment(id), expiresAt: NOW, revokedAt: null } },
    ]);
  await put('e1');
  clock.time += KEPT_MS;
  const purge = startEnrolmentPurge({ committer, log, firstMs: 1, everyMs: 1 });
  const gone = async (): Promise<void> => {
    while ([...store.view.enrolments.all()].length > 0)
      await new Promise((resolve) => setTimeout(resolve, 1));
  };
  await gone();
  await put('e2');
  await gone();
  await purge.stop();
  await put('e3');
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal([...store.view.enrolments.all()].length, 1);
  await committer.close();
});
