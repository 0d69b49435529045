/**
 * Compiles `src/` to `dist/`, the form that is published: plain JavaScript.
 *
 * A checkout never needs this, because Node runs the sources by stripping their types; it refuses to do so below
 * `node_modules`, which is where an installed package lies. Invariant: `dist/` holds nothing of an earlier build.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const SHEBANG = '#!/usr/bin/env node\n';

const root = join(import.meta.dirname, '..');
const entry = join(root, 'dist', 'main.js');

rmSync(join(root, 'dist'), { recursive: true, force: true });
compile();
makeExecutable();

function compile(): void {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  // The types are proved by `npm run check`; here they are only taken away.
  const args = [tsc, '-p', join(root, 'tsconfig.build.json'), '--noCheck'];
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(1);
}

function makeExecutable(): void {
  const code = readFileSync(entry, 'utf8');
  if (!code.startsWith('#!')) writeFileSync(entry, SHEBANG + code);
  chmodSync(entry, 0o755);
}
