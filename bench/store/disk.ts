/**
 * How much of the disk a store takes at most while updates go on without a pause and its journal is folded again and
 * again, beside the document itself, and of what that was made up; and how much memory the process has at most, the
 * folding thread included. Every file is looked at after each commit, so that no peak is missed between two of them.
 */
import { readdirSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_COMPACTION_BYTES } from '../../src/store/embedded/journal/bound.ts';
import { segmentNumber } from '../../src/store/embedded/journal/writer.ts';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.ts';
import { SNAPSHOT_NAME } from '../../src/store/embedded/snapshot.ts';
import { temporaryPrefix } from '../../src/store/embedded/temporary-file.ts';
import { inDirectory } from '../processes.ts';
import { hostChange, provision } from '../provision.ts';
import { type Row, type Scale, runAsProgram, withUnit } from '../report.ts';

const BAR = 3;
const BAR_MIB = 1024;
const COMPACTIONS = 3;
const BATCH = 64;

/** What the files take of the disk, in bytes. */
interface Parts {
  readonly snapshot: number;
  /** The snapshot that is being written. */
  readonly next: number;
  readonly sealed: number;
  /** The journal file that is being written, with the zeros ahead. */
  readonly open: number;
  readonly other: number;
}

/** The row of the disk that a store takes; updates the hosts of this data directory. */
export async function diskRows(directory: string, { hosts }: Scale): Promise<readonly Row[]> {
  let compactions = 0;
  const before = (await stat(join(directory, SNAPSHOT_NAME))).size;
  const store = await openEmbeddedStore({
    directory,
    // A store below the least size is folded as one above it is, so that a short run says something of both.
    compactionBytes: Math.min(DEFAULT_COMPACTION_BYTES, before * 0.7),
    onNotice: ({ code }) => {
      if (code === 'compacted') compactions++;
      if (code === 'compaction-failed') throw new Error('the journal could not be folded');
    },
  });
  let most: Parts | undefined;
  let resident = 0;
  let longestMs = 0;
  try {
    for (let i = 0; compactions < COMPACTIONS; i += BATCH) {
      const start = performance.now();
      await store.commit(Array.from({ length: BATCH }, (_, j) => hostChange((i + j) % hosts)));
      longestMs = Math.max(longestMs, performance.now() - start);
      const parts = partsOf(directory);
      if (most === undefined || totalOf(parts) > totalOf(most)) most = parts;
      resident = Math.max(resident, process.memoryUsage.rss());
    }
  } finally {
    await store.close();
  }
  if (most === undefined) throw new Error('nothing was committed');
  const { size } = await stat(join(directory, SNAPSHOT_NAME));
  return [rowOf({ most, size, hosts, residentMiB: resident / 2 ** 20, longestMs })];
}

interface Peak {
  readonly most: Parts;
  /** Of the snapshot at the end. */
  readonly size: number;
  readonly hosts: number;
  readonly residentMiB: number;
  readonly longestMs: number;
}

function rowOf({ most, size, hosts, residentMiB, longestMs }: Peak): Row {
  const share = (bytes: number): string => (bytes / size).toFixed(2);
  const diskBytes = totalOf(most);
  const ratio = diskBytes / size;
  const { snapshot, next, sealed, open, other } = most;
  return {
    what: `disk taken at most, ${hosts.toLocaleString('en')} hosts, ${COMPACTIONS} compactions`,
    figure:
      `${withUnit(diskBytes / 2 ** 20, 'MiB')}; memory at most ${withUnit(residentMiB, 'MiB')}; ` +
      `slowest commit ${withUnit(longestMs, 'ms')}`,
    ratio:
      `${ratio.toFixed(2)} × the snapshot: old ${share(snapshot)}, new ${share(next)}, ` +
      `journal sealed ${share(sealed)}, open with zeros ${share(open)}`,
    bar: `≤ ${BAR}, ≤ ${BAR_MIB} MiB`,
    values: { diskBytes, ratio, snapshot, next, sealed, open, other, size, residentMiB, longestMs },
  };
}

function totalOf({ snapshot, next, sealed, open, other }: Parts): number {
  return snapshot + next + sealed + open + other;
}

/** What the files of a directory take on the disk now. */
function partsOf(directory: string): Parts {
  const parts = { snapshot: 0, next: 0, sealed: 0, open: 0, other: 0 };
  const names = readdirSync(directory);
  const newest = Math.max(...names.map((name) => segmentNumber(name) ?? 0));
  for (const name of names) {
    // A file that is gone by now takes nothing.
    const bytes = (statSync(join(directory, name), { throwIfNoEntry: false })?.blocks ?? 0) * 512;
    const number = segmentNumber(name);
    if (name === SNAPSHOT_NAME) parts.snapshot += bytes;
    else if (name.startsWith(temporaryPrefix(SNAPSHOT_NAME))) parts.next += bytes;
    else if (number === undefined) parts.other += bytes;
    else if (number === newest) parts.open += bytes;
    else parts.sealed += bytes;
  }
  return parts;
}

if (import.meta.main)
  await runAsProgram('disk', (scale) =>
    inDirectory(async (parent) => {
      await provision(join(parent, 'data'), scale.hosts);
      return await diskRows(join(parent, 'data'), scale);
    }),
  );
