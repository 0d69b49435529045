/**
 * The store: how long a start takes, of the store alone and of a whole server, and how much memory the state has, beside JSON.parse of the same snapshot; how
 * many commits become durable in a second, beside bare writes of as many bytes with fdatasync on the same disk.
 *
 * `node bench/store.ts open DIRECTORY` opens the store in a fresh process and prints what that took; the benchmark
 * starts itself so, because memory means something only in a process that did nothing else.
 */
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openEmbeddedStore } from '../src/store/embedded/open-embedded-store.ts';
import { SNAPSHOT_NAME } from '../src/store/embedded/snapshot.ts';
import { inDirectory, runLoad } from './processes.ts';
import { hostChange } from './provision.ts';
import { diskRows } from './store/disk.ts';
import { startRows } from './store/starts.ts';
import { type Benchmark, type Row, type Scale, median, runAsProgram, withUnit } from './report.ts';

const PROVISION = join(import.meta.dirname, 'provision.ts');

interface Opening {
  readonly openMs: number;
  readonly parseMs: number;
  readonly residentMiB: number;
  readonly bytesPerHost: number;
}

/** The rows of the store. */
export const benchStore: Benchmark = (scale) =>
  inDirectory(async (parent) => {
    const directory = join(parent, 'data');
    await runLoad([process.execPath, PROVISION, directory, String(scale.hosts)]);
    const openings: Opening[] = [];
    const program = [process.execPath, '--expose-gc', import.meta.filename, 'open', directory];
    for (let round = 0; round < scale.rounds; round++)
      openings.push(JSON.parse(await runLoad(program)) as Opening);
    const starts = await startRows(directory, scale);
    const commits = await commitRows(directory, scale);
    return [...openingRows(openings, scale), ...starts, ...commits, ...(await diskRows(directory, scale))];
  });

function openingRows(openings: readonly Opening[], { hosts }: Scale): readonly Row[] {
  const of = (key: keyof Opening): number => median(openings.map((opening) => opening[key]));
  const ratio = median(openings.map(({ openMs, parseMs }) => openMs / parseMs));
  const count = hosts.toLocaleString('en');
  return [
    {
      what: `opening the store, ${count} hosts`,
      figure: withUnit(of('openMs'), 'ms'),
      ratio: `${ratio.toFixed(1)} × JSON.parse of the file`,
      values: { openMs: of('openMs'), ratio },
    },
    {
      what: `memory of a process that holds it, ${count} hosts`,
      figure: `${withUnit(of('residentMiB'), 'MiB')}, ${withUnit(of('bytesPerHost'), 'bytes a host, heap and buffers')}`,
      values: { residentMiB: of('residentMiB'), bytesPerHost: of('bytesPerHost') },
    },
  ];
}

async function commitRows(directory: string, scale: Scale): Promise<readonly Row[]> {
  const store = await openEmbeddedStore({ directory, onNotice: () => undefined });
  await using file = await open(join(directory, '..', 'bare'), 'w');
  try {
    const rows: Row[] = [];
    for (const size of [1, 64, 1000]) {
      const changes = Array.from({ length: size }, (_, i) => hostChange(i % scale.hosts));
      const bytes = Buffer.alloc(size * 190, 'x');
      const own: number[] = [];
      const bare: number[] = [];
      for (let round = 0; round < scale.rounds; round++) {
        own.push(await rateOf(scale.seconds / 3, () => store.commit(changes)));
        bare.push(
          await rateOf(scale.seconds / 3, async () => {
            await file.write(bytes);
            await file.datasync();
          }),
        );
      }
      const ratio = median(own.map((rate, i) => rate / bare[i]!));
      const perSecond = median(own) * size;
      rows.push({
        what: `changes made durable, ${size} a commit`,
        figure: withUnit(perSecond, '/s'),
        ratio: `${ratio.toFixed(2)} × write and fdatasync (${withUnit(median(bare) * size, '/s')})`,
        values: { perSecond, ratio },
      });
    }
    return rows;
  } finally {
    await store.close();
  }
}

/** How often in a second `once` can be done, one after the other. */
async function rateOf(seconds: number, once: () => Promise<void>): Promise<number> {
  const start = performance.now();
  let done = 0;
  for (; performance.now() - start < seconds * 1000; done++) await once();
  return (done * 1000) / (performance.now() - start);
}

/** What the program holds: objects, and the buffers in which names and addresses lie. */
function heldBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

async function printOpening(directory: string): Promise<void> {
  const collect = globalThis.gc ?? (() => undefined);
  collect();
  const before = heldBytes();
  const start = performance.now();
  const store = await openEmbeddedStore({ directory, onNotice: () => undefined });
  const openMs = performance.now() - start;
  collect();
  const held = heldBytes();
  const { rss } = process.memoryUsage();
  const hosts = [...store.view.zones()].reduce((sum, zone) => sum + zone.hostCount, 0);
  await store.close();
  const text = await readFile(join(directory, SNAPSHOT_NAME), 'utf8');
  const parseStart = performance.now();
  JSON.parse(text);
  const parseMs = performance.now() - parseStart;
  const opening: Opening = {
    openMs,
    parseMs,
    residentMiB: rss / 2 ** 20,
    bytesPerHost: (held - before) / hosts,
  };
  console.log(JSON.stringify(opening));
}

if (import.meta.main) {
  const [command, directory] = process.argv.slice(2);
  if (command === 'open' && directory !== undefined) await printOpening(directory);
  else await runAsProgram('store', benchStore);
}
