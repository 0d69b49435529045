/** The embedded store passes the battery. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.ts';
import { testStore } from './store.ts';

testStore('embedded', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'homing-contract-'));
  const onNotice = ({ message }: { message: string }): void => {
    assert.fail(message);
  };
  const store = await openEmbeddedStore({ directory, onNotice });
  const dispose = async (): Promise<void> => {
    await store.close();
    await rm(directory, { recursive: true });
  };
  return { store, dispose };
});
