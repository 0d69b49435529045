/** A name that was ever served as a zone never gets an earlier serial again, whatever happens to it (RFC 1982). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLaterSerial } from '../../../src/zone/serial.ts';
import { name } from './fixture.ts';
import { createOffice, value, zoneAdd } from './office.ts';

const APEXES = ['a.test', 'b.test'] as const;

const step = fc.oneof(
  fc.record({ kind: fc.constantFrom('add', 'remove', 'change') }),
  fc.record({ kind: fc.constant('import' as const), serial: fc.nat(0x7fff_ffff) }),
  // The clock may also be put back.
  fc.record({ kind: fc.constant('wait' as const), seconds: fc.integer({ min: -86_400, max: 86_400 }) }),
);

function zoneFile(serial: number): string {
  return `$TTL 60\n@ SOA ns1 hostmaster ${serial} 300 60 86400 60\n@ NS ns1\n`;
}

test('serials of a name grow through changes, removals, additions and imports', async () => {
  const history = fc.array(fc.tuple(fc.constantFrom(...APEXES), step), { minLength: 4, maxLength: 24 });
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      const { run, clock, store } = await createOffice();
      const last = new Map<string, number>();
      store.onCommit(() => {
        for (const apex of APEXES) {
          const serial = store.view.zone(name(apex))?.settings.serial;
          const before = last.get(apex);
          if (serial === undefined || serial === before) continue;
          if (before !== undefined) assert.ok(isLaterSerial(serial, before), `${serial} after ${before}`);
          last.set(apex, serial);
        }
      });
      for (const [i, [apex, wanted]] of steps.entries()) {
        if (wanted.kind === 'add') await run({ ...zoneAdd, apex });
        else if (wanted.kind === 'remove') await run({ kind: 'zone-remove', apex });
        else if (wanted.kind === 'import')
          await run({ kind: 'zone-import', apex, text: zoneFile(wanted.serial) });
        else if (wanted.kind === 'wait') clock.time += wanted.seconds * 1000;
        else await run({ kind: 'record-set', owner: apex, type: 'TXT', values: [`change ${i}`] });
      }
    }),
    { numRuns: 150 },
  );
});

test('a zone whose serial had run ahead of the clock goes on from there when it is added again', async () => {
  const { run } = await createOffice();
  const first = value(await run({ ...zoneAdd, apex: 'new.test' })).serial;
  for (let i = 0; i < 5; i++)
    value(await run({ kind: 'record-set', owner: 'new.test', type: 'TXT', values: [`${i}`] }));
  value(await run({ kind: 'zone-remove', apex: 'new.test' }));
  assert.equal(value(await run({ ...zoneAdd, apex: 'new.test' })).serial, first + 6);
  value(await run({ kind: 'zone-remove', apex: 'new.test' }));
  // A file's own serial counts where it is later, and only there.
  const imported = async (serial: number): Promise<number> =>
    value(await run({ kind: 'zone-import', apex: 'new.test', text: zoneFile(serial) })).serial;
  assert.equal(await imported(7), first + 7);
  value(await run({ kind: 'zone-remove', apex: 'new.test' }));
  assert.equal(await imported(first + 1000), first + 1000);
});
