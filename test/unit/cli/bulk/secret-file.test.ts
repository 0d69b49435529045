/** A file for secrets that were never made is not left behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createSecretFile } from '../../../../src/cli/bulk/secret-file.ts';

async function newPath(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'homing-secret-'));
  t.after(() => rm(directory, { recursive: true }));
  return join(directory, 'tokens.csv');
}

test('is for its owner alone, and never takes the place of another file', async (t) => {
  const path = await newPath(t);
  const file = await createSecretFile(path);
  await file.write('a secret');
  await file.discard();
  assert.equal(await readFile(path, 'utf8'), 'a secret');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  await assert.rejects(createSecretFile(path), /exists already/);
});

test('is gone where nothing was written, after a failure as after an interruption', async (t) => {
  const path = await newPath(t);
  const listening = process.listenerCount('SIGINT');
  await (await createSecretFile(path)).discard();
  assert.ok(!existsSync(path));
  assert.equal(process.listenerCount('SIGINT'), listening);

  const module = new URL('../../../../src/cli/bulk/secret-file.ts', import.meta.url).href;
  const script =
    `const { createSecretFile } = await import(${JSON.stringify(module)});` +
    `await createSecretFile(${JSON.stringify(path)}); console.log('made'); setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  assert.ok(existsSync(path));
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [null, 'SIGINT']);
  assert.ok(!existsSync(path));
});
