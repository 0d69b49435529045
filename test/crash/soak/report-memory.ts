/**
 * Loaded into a server before its own sources: collects all garbage every ten seconds and writes the size of what is
 * left into a file. Without that the server, which has far more memory than it needs, lets garbage gather for minutes,
 * and a short soak cannot tell that from a leak.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

const EVERY_MS = 10_000;
const file = process.env['SOAK_MEMORY_FILE'];

if (isMainThread && file !== undefined) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const report = (): void => {
    collect();
    writeFileSync(`${file}.new`, JSON.stringify({ heapUsed: process.memoryUsage().heapUsed }));
    renameSync(`${file}.new`, file);
  };
  report();
  setInterval(report, EVERY_MS).unref();
}
