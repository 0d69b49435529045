/**
 * Updates over HTTP: rates beside bare hono and BIND, log-in by password beside log-in by token, legitimate updates
 * beside the same while passwords are guessed, and the bounds of what is kept in memory.
 * Invariant: a reply other than the expected one makes the run fail.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inDirectory, missingPrograms } from './processes.ts';
import { type Benchmark, type Row, type Scale, runAsProgram } from './report.ts';
import { benchBounds } from './updates/bounds.ts';
import { benchGuesses } from './updates/guesses.ts';
import { benchPasswords } from './updates/passwords.ts';
import { benchRates } from './updates/rates.ts';

/** The rows of updates. */
export const benchUpdates: Benchmark = (scale) =>
  inDirectory(async (directory) => {
    const bounds = await benchBounds(join(directory, 'bounds'));
    const missing = missingPrograms('wrk');
    if (missing.length > 0)
      return [{ what: 'updates over HTTP', figure: `needs ${missing.join(', ')}` }, ...bounds];
    const rows: Row[] = [];
    for (const [name, benchmark] of Object.entries(LOADED)) {
      const own = join(directory, name);
      mkdirSync(own);
      rows.push(...(await benchmark(own, scale)));
    }
    return [...rows, ...bounds];
  });

const LOADED: Readonly<Record<string, (directory: string, scale: Scale) => Promise<readonly Row[]>>> = {
  rates: benchRates,
  passwords: benchPasswords,
  guesses: benchGuesses,
};

if (import.meta.main) await runAsProgram('updates', benchUpdates);
