/**
 * Crashes a store at every operation of its life and looks at what the next start makes of it.
 *
 * Asserted of each crash: the store verifies and opens; its state is exactly the one after one of its commits, so that a
 * change is there whole or not at all; that commit is not before any that could be seen when the power failed, so that
 * nothing acknowledged is lost and nothing deleted is back; the serials are the ones that were served or later, and the
 * next change gives a later one; a backup that was said to be written is there.
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { systemClock } from '../../../src/ops/clock.ts';
import { verifyStore } from '../../../src/store/embedded/offline.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/open-embedded-store.ts';
import type { EmbeddedStore } from '../../../src/store/embedded/embedded-store.ts';
import { readDocument } from '../../../src/store/embedded/fold/fold.ts';
import { createCommitter } from '../../../src/update/commit.ts';
import { isLaterSerial } from '../../../src/zone/serial.ts';
import { type Image, SimulatedDisk, type Survival } from './disk.ts';
import { type History, liveThrough, textOf } from './history.ts';
import { EVERYTHING, NOTHING, type Random, createRandom, someOf } from './random.ts';

/** What a simulation did. */
export interface SimulationReport {
  readonly seed: number;
  readonly commits: number;
  /** How many moments there were at which the power could fail. */
  readonly operations: number;
  readonly crashes: number;
  /** How many of them failed again while the store was being opened. */
  readonly again: number;
  /** How often a commit was there that nobody had been told of. */
  readonly kept: number;
}

/** How to simulate. */
export interface SimulationOptions {
  readonly seed: number;
  readonly steps: number;
  /** Random crashes at each operation, beside the one that keeps nothing and the one that keeps everything. */
  readonly perOperation: number;
  /** Crash at one operation of so many only. */
  readonly stride?: number;
  /** With an import that is written in several pieces. */
  readonly long?: boolean;
}

/** Lives one life and crashes it all over. Rejects at the first thing wrong, with what is needed to see it again. */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const { seed, steps, perOperation, stride = 1, long = false } = options;
  // Memory where there is some: the files need no durability but the simulated one.
  const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const directory = await mkdtemp(join(base, 'homing-simulated-'));
  const history = await liveThrough(directory, { random: createRandom(seed), steps, long });
  const report = {
    seed,
    commits: history.states.size - 1,
    operations: history.disk.time,
    crashes: 0,
    again: 0,
    kept: 0,
  };
  const random = createRandom(seed ^ 0x5eed);
  for (let time = random(stride); time <= history.disk.time; time += stride) {
    const survivals = [NOTHING, EVERYTHING, ...Array.from({ length: perOperation }, () => someOf(random))];
    for (const survival of survivals) {
      const place = await mkdtemp(join(base, 'homing-crashed-'));
      try {
        const again = await crashOnce(history, { time, survival, random, place });
        report.crashes++;
        if (again.again) report.again++;
        if (again.kept) report.kept++;
      } catch (error) {
        const where = `seed ${seed}, crash ${report.crashes}, before operation ${time} of ${history.disk.time}, after ${history.disk.describe(time)}`;
        throw new Error(`${where}; what it left lies in ${place}`, { cause: error });
      }
      await rm(place, { recursive: true });
    }
  }
  await rm(directory, { recursive: true });
  return report;
}

interface Crash {
  readonly time: number;
  readonly survival: Survival;
  readonly random: Random;
  readonly place: string;
}

async function crashOnce(history: History, crash: Crash): Promise<{ again: boolean; kept: boolean }> {
  const { time, survival, random, place } = crash;
  const image = history.disk.crash(time, survival);
  const seen = history.seen.findLast((entry) => entry.time <= time);
  await checkBackups(history, crash, image);
  const data = join(place, 'data');
  await restoreImage(data, image);
  // Before the first start was through there may be no store to verify, but always one to open.
  if (seen !== undefined) assert.partialDeepStrictEqual(await verifyStore(data), { ok: true });
  const again = random(3) === 0 && (await crashWhileOpening(data, random));
  const disk = new SimulatedDisk(data);
  const aheadBytes = 256 << random(6);
  const store = await openEmbeddedStore({
    directory: data,
    files: disk,
    aheadBytes,
    onNotice: () => undefined,
  });
  try {
    const { sequence } = store.view;
    if (seen === undefined) assert.equal(sequence, 0);
    else {
      assert.ok(sequence >= seen.sequence, `commit ${seen.sequence} was seen, and ${sequence} is the last`);
      assert.equal(
        textOf(store),
        history.states.get(sequence),
        `the state is not that of commit ${sequence}`,
      );
    }
    await checkSerials(store, seen === undefined ? undefined : history.states.get(seen.sequence));
    if (random(3) === 0) await crashWhileCompacting(store, disk, crash);
    return { again, kept: seen !== undefined && sequence > seen.sequence };
  } finally {
    await store.close();
  }
}

/** Compacts what a crash has left, often several files of a journal, and fails in the middle of it; nothing may change. */
async function crashWhileCompacting(store: EmbeddedStore, disk: SimulatedDisk, crash: Crash): Promise<void> {
  const begun = disk.time;
  await store.compact();
  const text = textOf(store);
  for (let i = 0; i < 3; i++) {
    const time = begun + crash.random(disk.time - begun + 1);
    const place = await mkdtemp(join(crash.place, 'compacted-'));
    const data = join(place, 'data');
    await restoreImage(data, disk.crash(time, someOf(crash.random)));
    const files = new SimulatedDisk(data);
    const again = await openEmbeddedStore({ directory: data, files, onNotice: () => undefined });
    try {
      assert.equal(textOf(again), text, `after a crash at operation ${time - begun} of a compaction`);
    } finally {
      await again.close();
    }
  }
}

async function restoreImage(data: string, image: Image): Promise<void> {
  await mkdir(data);
  for (const [path, bytes] of image)
    if (basename(dirname(path)) === 'data') await writeFile(join(data, basename(path)), bytes);
}

/** Opens what is there on a disk that fails in the middle of it, and leaves what that leaves; false where there was nothing to fail. */
async function crashWhileOpening(data: string, random: Random): Promise<boolean> {
  const disk = new SimulatedDisk(data);
  const store = await openEmbeddedStore({ directory: data, files: disk, onNotice: () => undefined });
  await store.close();
  if (disk.time === 0) return false;
  const image = disk.crash(random(disk.time + 1), someOf(random));
  await rm(data, { recursive: true });
  await restoreImage(data, image);
  return true;
}

async function checkBackups(history: History, { time, place }: Crash, image: Image): Promise<void> {
  for (const backup of history.backups.filter((entry) => entry.time <= time)) {
    const bytes = image.get(backup.path);
    assert.ok(bytes !== undefined, `the backup ${backup.path} is gone`);
    const path = join(place, 'backup.json');
    await writeFile(path, bytes);
    const { state } = await readDocument(path);
    assert.ok(state.sequence >= backup.sequence);
    assert.equal(textOf({ view: state }), history.states.get(state.sequence));
  }
}

/** No zone's serial is before the one that was served, and the next change gives a later one. */
async function checkSerials(store: EmbeddedStore, before: string | undefined): Promise<void> {
  const served = before === undefined ? new Map<string, number>() : serialsOf(before);
  const committer = createCommitter({ store, clock: systemClock });
  for (const { apex, settings } of [...store.view.zones()]) {
    const last = served.get(apex) ?? settings.serial;
    assert.ok(
      !isLaterSerial(last, settings.serial),
      `the serial went back from ${last} to ${settings.serial}`,
    );
    const plan = () => ({ changes: [{ kind: 'zone-put', zone: settings } as const], result: undefined });
    await committer.submit({ footprint: 'everything', plan });
    assert.ok(isLaterSerial(store.view.zone(apex)!.settings.serial, last), 'the next serial is no later one');
  }
  await committer.close();
}

function serialsOf(state: string): Map<string, number> {
  const [{ zones }] = JSON.parse(state) as [{ zones: { settings: { apex: string; serial: number } }[] }];
  return new Map(zones.map(({ settings }) => [settings.apex, settings.serial]));
}
