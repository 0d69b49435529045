/** Making the data directory: wherever it is to be, it is there afterwards or the error says why not. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openEmbeddedStore } from '../../../../src/store/embedded/open-embedded-store.ts';
import { makeDirectory } from '../../../../src/store/embedded/make-directory.ts';
import { StoreError } from '../../../../src/store/store.ts';

async function newDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'homing-make-'));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

test('makes what is missing above it, for the owner alone, and leaves what is there as it is', async (t) => {
  const root = await newDirectory(t);
  await mkdir(join(root, 'there'), { mode: 0o755 });
  const path = join(root, 'there', 'a', 'with blanks', 'c');
  await Promise.all([1, 2, 3].map(() => makeDirectory(path)));
  await makeDirectory(path);
  for (const made of [path, join(root, 'there', 'a')]) {
    assert.equal((await stat(made)).mode & 0o777, 0o700);
  }
  assert.equal((await stat(join(root, 'there'))).mode & 0o777, 0o755);
  await symlink(path, join(root, 'link'));
  await makeDirectory(join(root, 'link'));
});

test('regression: below /proc, where Node tries to make a directory for ever, it fails at once', async (t) => {
  if (!existsSync('/proc/self')) {
    t.skip('needs /proc');
    return;
  }
  for (const directory of ['/proc/nope', '/proc/nope/deeper/still']) {
    await assert.rejects(openEmbeddedStore({ directory, onNotice: () => undefined }), (error) => {
      assert.ok(error instanceof StoreError);
      assert.equal(error.code, 'unwritable');
      assert.match(
        error.message,
        /^\/proc\/nope.* cannot be opened: there is no such directory, and none can/,
      );
      return true;
    });
  }
});

test('a file in the way, and a name that is too long, are named', async (t) => {
  const root = await newDirectory(t);
  const file = join(root, 'file');
  await writeFile(file, '');
  await symlink(join(root, 'nowhere'), join(root, 'dangling'));
  for (const [directory, reason] of [
    [file, /there is a file where a directory should be/],
    [join(file, 'data'), /there is a file where a directory should be/],
    [join(root, 'dangling'), /there is a file where a directory should be/],
    [join(root, 'x'.repeat(300)), /the path is longer than the system allows/],
  ] as const) {
    await assert.rejects(openEmbeddedStore({ directory, onNotice: () => undefined }), (error) => {
      assert.ok(error instanceof StoreError);
      assert.match(error.message, reason);
      return true;
    });
  }
});
