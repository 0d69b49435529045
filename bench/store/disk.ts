/**
 * How much of the disk a store takes at most while updates go on without a pause and its journal is folded again and
 * again, beside the document itself; and how much memory the process has at most, the folding thread included.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.ts';
import { SNAPSHOT_NAME } from '../../src/store/embedded/snapshot.ts';
import { inDirectory, sleep } from '../processes.ts';
import { hostChange, provision } from '../provision.ts';
import { type Row, type Scale, runAsProgram, withUnit } from '../report.ts';

const BAR = 3;
const BAR_MIB = 1024;
const COMPACTIONS = 3;
const BATCH = 64;
const SAMPLE_MS = 20;

/** The row of the disk that a store takes; updates the hosts of this data directory. */
export async function diskRows(directory: string, { hosts }: Scale): Promise<readonly Row[]> {
  const progress = { compactions: 0, isDone: false };
  const store = await openEmbeddedStore({
    directory,
    // What counts then is half of the snapshot, as it does in a store that is large.
    compactionBytes: 1,
    onNotice: ({ code }) => {
      if (code === 'compacted') progress.compactions++;
      if (code === 'compaction-failed') throw new Error('the journal could not be folded');
    },
  });
  const watched = watch(directory, progress);
  try {
    for (let i = 0; progress.compactions < COMPACTIONS; i += BATCH)
      await store.commit(Array.from({ length: BATCH }, (_, j) => hostChange((i + j) % hosts)));
  } finally {
    progress.isDone = true;
    await store.close();
  }
  const { diskBytes, residentMiB } = await watched;
  const { size } = await stat(join(directory, SNAPSHOT_NAME));
  const ratio = diskBytes / size;
  const row = {
    what: `disk taken at most, ${hosts.toLocaleString('en')} hosts, ${COMPACTIONS} compactions`,
    figure: `${withUnit(diskBytes / 2 ** 20, 'MiB')}; memory at most ${withUnit(residentMiB, 'MiB')}`,
    ratio: `${ratio.toFixed(2)} × the snapshot`,
    bar: `≤ ${BAR}, ≤ ${BAR_MIB} MiB`,
    values: { diskBytes, ratio, residentMiB },
  };
  return [row];
}

async function watch(
  directory: string,
  progress: { readonly isDone: boolean },
): Promise<{ diskBytes: number; residentMiB: number }> {
  let [diskBytes, resident] = [0, 0];
  while (!progress.isDone) {
    diskBytes = Math.max(diskBytes, await diskBytesOf(directory));
    resident = Math.max(resident, process.memoryUsage.rss());
    await sleep(SAMPLE_MS);
  }
  return { diskBytes, residentMiB: resident / 2 ** 20 };
}

/** What the files of a directory take on the disk. */
async function diskBytesOf(directory: string): Promise<number> {
  const names = await readdir(directory);
  // A file that is gone by now takes nothing.
  const found = await Promise.all(names.map((name) => stat(join(directory, name)).catch(() => undefined)));
  return found.reduce((sum, file) => sum + (file?.blocks ?? 0) * 512, 0);
}

if (import.meta.main)
  await runAsProgram('disk', (scale) =>
    inDirectory(async (parent) => {
      await provision(join(parent, 'data'), scale.hosts);
      return await diskRows(join(parent, 'data'), scale);
    }),
  );
