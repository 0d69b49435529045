/** The reference store passes the battery. */
import { createMemoryStore } from '../../src/store/memory.ts';
import { testStore } from './store.ts';

testStore('memory', () => {
  const store = createMemoryStore();
  return Promise.resolve({ store, dispose: () => store.close() });
});
