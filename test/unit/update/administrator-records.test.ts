/** Static records: set, replaced, removed, refused. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AdminResult } from '../../../src/update/admin/command.ts';
import { createOffice, refusal, value } from './office.ts';

describe('record commands', () => {
  it('sets, replaces and removes an RRset, and takes an unquoted TXT value as one string', async () => {
    const { run } = await createOffice();
    const set = {
      kind: 'record-set',
      owner: 'www.dyn.test',
      type: 'txt',
      values: ['two words "here"'],
    } as const;
    assert.deepEqual(value(await run(set)).records, ['www.dyn.test. 300 TXT "two words \\"here\\""']);
    const mx = {
      kind: 'record-set',
      owner: 'dyn.test',
      type: 'MX',
      values: ['10 mail', '20 mail2.example.'],
      ttl: 60,
    } as const;
    assert.deepEqual(value(await run(mx)).records, [
      'dyn.test. 60 MX 10 mail.dyn.test.',
      'dyn.test. 60 MX 20 mail2.example.',
    ]);
    const remove = (values: string[]) =>
      run({ kind: 'record-remove', owner: 'dyn.test', type: 'MX', values });
    assert.match(
      refusal(await remove(['10 mail', '30 mail'])),
      /^not-found: no static record dyn.test MX 30 mail/,
    );
    assert.match(refusal(await remove(['mail'])), /^invalid: "mail" is no MX value/);
    assert.deepEqual(value(await remove(['20 MAIL2.example.'])), {
      removed: 'dyn.test MX 20 MAIL2.example.',
    });
    const { records } = value(await run({ kind: 'zone-show', apex: 'dyn.test' }));
    assert.deepEqual(
      records.filter((line) => line.includes(' MX ')),
      ['dyn.test. 60 MX 10 mail.dyn.test.'],
    );
    assert.deepEqual(value(await remove(['10 mail'])), { removed: 'dyn.test MX 10 mail' });
    assert.match(refusal(await remove([])), /^not-found/);
    assert.deepEqual(
      value(await run({ kind: 'record-remove', owner: 'www.dyn.test', type: 'TXT', values: [] })),
      {
        removed: 'www.dyn.test TXT',
      },
    );
    assert.match(
      refusal(await run({ kind: 'record-remove', owner: 'www.dyn.test', type: 'TXT', values: [] })),
      /^not-found/,
    );
  });

  it('refuses what contradicts the data that is there', async () => {
    const { run } = await createOffice();
    const set = (owner: string, type: string, value: string): Promise<AdminResult> =>
      run({ kind: 'record-set', owner, type, values: [value] });
    assert.match(refusal(await set('home.dyn.test', 'A', '10.0.0.1')), /is a host: use "homing host set/);
    assert.match(refusal(await set('home.dyn.test', 'CNAME', 'x.test.')), /stands alone/);
    assert.match(refusal(await set('dyn.test', 'CNAME', 'x.test.')), /stands alone/);
    assert.match(refusal(await set('dyn.test', 'SOA', 'a. b. 1 2 3 4 5')), /kept by Homing/);
    assert.match(
      refusal(await set('home.dyn.test', 'NS', 'ns.x.test.')),
      /host home.dyn.test would no longer/,
    );
    assert.match(refusal(await set('www.dyn.test', 'ANY', 'x')), /not a record type/);
    assert.match(refusal(await set('www.dyn.test', 'A', '10.0.0')), /^invalid: "10.0.0" is no A value/);
    assert.match(refusal(await set('www.else.test', 'A', '10.0.0.1')), /^not-found: no zone holds/);
    for (let i = 0; i < 100; i++) value(await set('full.dyn.test', `TYPE${1000 + i}`, '\\# 1 00'));
    value(await set('full.dyn.test', 'TYPE1099', '\\# 1 01'));
    assert.match(
      refusal(await set('full.dyn.test', 'TXT', 'x')),
      /^conflict: full.dyn.test has .* 100 types/,
    );
    value(await set('sub.dyn.test', 'NS', 'ns.sub.dyn.test.'));
    value(await set('ns.sub.dyn.test', 'A', '10.0.0.1'));
    assert.match(refusal(await set('www.sub.dyn.test', 'TXT', 'x')), /would not be answered: sub.dyn.test/);
    assert.match(
      refusal(
        await run({ kind: 'host-add', fqdn: 'h.sub.dyn.test', account: 'alice', ttl: 60, wildcard: false }),
      ),
      /would not be answered/,
    );
  });
});
