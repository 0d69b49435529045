/** How a benchmark that needs other programs and files begins. Invariant: what it writes is gone when it ends. */
import { inDirectory, missingPrograms } from './processes.ts';
import type { Benchmark, Row, Scale } from './report.ts';

/**
 * The benchmark `work` in a directory of its own; where one of the programs is missing, its only row, called `what`,
 * names it.
 */
export function needing(
  { what, programs }: { readonly what: string; readonly programs: readonly string[] },
  work: (directory: string, scale: Scale) => Promise<readonly Row[]>,
): Benchmark {
  return async (scale) => {
    const missing = missingPrograms(...programs);
    if (missing.length > 0) return [{ what, figure: `needs ${missing.join(', ')}` }];
    return await inDirectory((directory) => work(directory, scale));
  };
}
