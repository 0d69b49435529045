import assert from 'node:assert/strict';
import { it } from 'node:test';
import { mapInSteps, runAtOnce, runInTurns } from '../../../src/ops/steps.ts';
import type { AdminCommand } from '../../../src/update/admin/command.ts';
import { createAdministrator } from '../../../src/update/admin/create-administrator.ts';
import { createRoom } from '../update/fixture.ts';

it('gives the same result in turns and at once', async () => {
  const items = Array.from({ length: 1234 }, (_, i) => i);
  const doubled = items.map((i) => i * 2);
  assert.deepEqual(runAtOnce(mapInSteps(items, (i) => i * 2)), doubled);
  assert.deepEqual(await runInTurns(mapInSteps(items, (i) => i * 2)), doubled);
});

it('rejects with what a step throws', async () => {
  const fail = (i: number): number => {
    if (i === 700) throw new RangeError('700');
    return i;
  };
  await assert.rejects(
    runInTurns(
      mapInSteps(
        Array.from({ length: 1000 }, (_, i) => i),
        fail,
      ),
    ),
    RangeError,
  );
});

it('lets everybody else have a turn while a large zone is exported and shown', async () => {
  const { store, committer, clock } = await createRoom();
  const hashPassword = (): Promise<string> => Promise.reject(new Error('no passwords here'));
  const administrator = createAdministrator({ view: store.view, committer, clock, hashPassword });
  const records = Array.from({ length: 5000 }, (_, i) => `r${i} 60 A 192.0.2.${i % 256}\n`);
  const soa = '@ 60 SOA ns1 hostmaster 1 300 60 1209600 60\n@ 60 NS ns1\n';
  const text = soa + records.join('');
  assert.ok((await administrator.execute({ kind: 'zone-import', apex: 'dyn.test', text })).ok);
  for (const kind of ['zone-export', 'zone-show'] as const) {
    assert.ok(
      (await turnsDuring(administrator.execute<AdminCommand['kind']>({ kind, apex: 'dyn.test' }))) >= 8,
    );
  }
});

/** How often others had a turn until the promise was settled. */
async function turnsDuring(promise: Promise<{ readonly ok: boolean }>): Promise<number> {
  let turns = 0;
  let done = false;
  const count = (): void => {
    turns++;
    if (!done) setImmediate(count);
  };
  setImmediate(count);
  assert.ok((await promise).ok);
  done = true;
  return turns;
}
