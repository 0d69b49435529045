/** Loaded into a server before its own sources: writes the size of its heap into a file every second. */
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const file = process.env['SOAK_MEMORY_FILE'];
if (isMainThread && file !== undefined) {
  setInterval(() => {
    const { heapUsed, external } = process.memoryUsage();
    writeFileSync(file, JSON.stringify({ heapUsed, external }));
  }, 1000).unref();
}
