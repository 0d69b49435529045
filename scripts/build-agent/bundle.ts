/**
 * The agent and the packages that it uses as one file: ESM for any Node, CommonJS for the single executables.
 *
 * Invariant: no path of the machine that builds is in the result.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { ROOT } from './places.ts';

const ENTRY = 'clients/agent/src/main.ts';

const SHARED: BuildOptions = {
  absWorkingDir: ROOT,
  entryPoints: [ENTRY],
  bundle: true,
  platform: 'node',
  target: 'node22',
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
  logOverride: { 'empty-import-meta': 'silent' },
};

/** Bundles for the single executables; CommonJS is what they take. */
export async function bundleCommonJs(outfile: string): Promise<void> {
  await build({ ...SHARED, outfile, format: 'cjs', minifySyntax: true });
}

/** Bundles for `node homing-agent.mjs` and returns the packages that are inside, by name. */
export async function bundleModule(outfile: string): Promise<readonly string[]> {
  const { metafile } = await build({
    ...SHARED,
    outfile,
    format: 'esm',
    minifySyntax: true,
    metafile: true,
    banner: {
      // Packages that are CommonJS ask for Node's own modules by `require`.
      js: [
        '#!/usr/bin/env node',
        "import { createRequire as createRequireOfBundle } from 'node:module';",
        'const require = createRequireOfBundle(import.meta.url);',
      ].join('\n'),
    },
  });
  const packages = Object.keys(metafile.inputs).flatMap(
    (path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [],
  );
  return [...new Set(packages)].sort();
}

/** Writes the licences of all that is inside the executables to one file. */
export function writeLicenses(
  outfile: string,
  packages: readonly string[],
  nodeLicense: string | undefined,
): void {
  const texts = packages.map((name) => {
    const folder = join(ROOT, 'node_modules', name);
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const { license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      license?: string;
    };
    const text =
      file === undefined ? `License: ${license ?? 'not stated'}` : readFileSync(join(folder, file), 'utf8');
    return [name, text] as const;
  });
  const own = [['Homing', readFileSync(join(ROOT, 'LICENSE'), 'utf8')] as const];
  const node = nodeLicense === undefined ? [] : [['Node.js', readFileSync(nodeLicense, 'utf8')] as const];
  writeFileSync(
    outfile,
    [...own, ...texts, ...node]
      .map(([name, text]) => `${'='.repeat(80)}\n${name}\n${'='.repeat(80)}\n\n${text.trim()}\n`)
      .join('\n'),
  );
}
