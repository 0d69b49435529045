/** What is decoded straight from bytes is what the JSON codec decodes, and nothing that it would refuse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ChangeListDecoder } from '../../../../src/store/quick/change-list.ts';
import type { Change } from '../../../../src/store/change.ts';
import { Decoder, encodeChange, encodeEntity, sectionOf } from '../../../../src/store/codec.ts';
import { QuickDecoder } from '../../../../src/store/quick/quick-decoder.ts';
import { anyCommit } from '../../../contract/store-samples.ts';

const HOST =
  '{"name":"h1.dyn.test.","zone":"dyn.test.","account":"ann","ttl":60,"ipv4":"192.0.2.1","ipv6":"2001:db8::1",' +
  '"wildcard":true,"changedAt":"2026-01-02T03:04:05.678Z","blocked":true}';
const RRSET = '{"zone":"dyn.test.","owner":"n1.dyn.test.","type":"A","ttl":300,"rdata":["192.0.2.1"]}';
const TOKEN =
  '{"id":"0a1b2c3d4e","account":"ann","hosts":["h1.dyn.test."],"label":"attic","digest":' +
  '"12akLb6bjo5AmQDcEa4PF_JGytEy00Ckb67c9OP8veY","createdAt":"2026-01-02T03:04:05.678Z"}';
const ZONE =
  '{"kind":"zone-put","zone":{"apex":"dyn.test.","serial":7,"accept":"any","soa":{"mname":"ns1.dyn.test.",' +
  '"rname":"h.dyn.test.","refresh":1,"retry":2,"expire":3,"minimum":4,"ttl":5}}}';

/** The changes of a list as JSON and the slow decoder read it; undefined where they refuse it. */
function slowly(list: string): Change[] | undefined {
  try {
    const decoder = new Decoder();
    const changes: Change[] = [];
    for (const value of JSON.parse(`[${list}]`) as unknown[]) {
      const change = decoder.change(value);
      if (!change.ok) return undefined;
      changes.push(change.value);
    }
    return changes;
  } catch {
    return undefined; // no JSON
  }
}

function quickly(list: string): Change[] | undefined {
  const changes: Change[] = [];
  const problem = new ChangeListDecoder().decode(Buffer.from(list), (change) => changes.push(change));
  return problem === undefined ? changes : undefined;
}

function alike(changes: readonly Change[] | undefined): unknown {
  return JSON.parse(
    JSON.stringify(changes ?? null, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
    ),
  );
}

test('knows a host, an address record, a token, and settings that come again with another serial', () => {
  const decoder = new QuickDecoder();
  assert.equal(decoder.entity('hosts', Buffer.from(HOST))?.kind, 'host-put');
  assert.equal(decoder.entity('rrsets', Buffer.from(RRSET))?.kind, 'rrset-put');
  assert.equal(decoder.entity('rrsets', Buffer.from(RRSET.replace('"A"', '"TXT"'))), undefined);
  assert.equal(decoder.entity('tokens', Buffer.from(TOKEN))?.kind, 'token-put');
  assert.equal(
    decoder.entity('tokens', Buffer.from(TOKEN.replace('["h1.dyn.test."]', 'null')))?.kind,
    'token-put',
  );
  assert.equal(decoder.entity('tokens', Buffer.from(TOKEN.replace('."]', '.","h2.dyn.test."]'))), undefined);
  assert.equal(decoder.entity('hosts', Buffer.from(TOKEN)), undefined);
  assert.equal(decoder.entity('hosts', Buffer.from(`${HOST} `)), undefined);
  assert.equal(decoder.change(Buffer.from(ZONE), 0), undefined);
  const [zone] = slowly(ZONE)!;
  assert.ok(zone?.kind === 'zone-put');
  decoder.remember(zone.zone, Buffer.from(ZONE));
  const next = decoder.change(Buffer.from(ZONE.replace('"serial":7', '"serial":8')), 0);
  assert.deepEqual(next?.change, { kind: 'zone-put', zone: { ...zone.zone, serial: 8 } });
});

test('lists of any changes are decoded as JSON decodes them', () => {
  fc.assert(
    fc.property(fc.array(anyCommit, { maxLength: 5 }), (commits) => {
      const list = commits
        .flat()
        .map((change) => JSON.stringify(encodeChange(change)))
        .join(',');
      const expected = slowly(list);
      assert.ok(expected !== undefined);
      assert.deepEqual(alike(quickly(list)), alike(expected));
      const decoder = new QuickDecoder();
      for (const change of expected) {
        if (!('kind' in change) || !change.kind.endsWith('-put')) continue;
        const put = change as Extract<Change, { kind: `${string}-put` }>;
        const known = decoder.entity(sectionOf(put), Buffer.from(JSON.stringify(encodeEntity(put))));
        if (known !== undefined) assert.deepEqual(alike([known]), alike([put]));
      }
    }),
    { numRuns: 100 },
  );
});

test('damaged lists are refused, or read, as JSON refuses or reads them', () => {
  const list = [
    `{"kind":"host-put","host":${HOST}}`,
    `{"kind":"rrset-put","rrset":${RRSET}}`,
    `{"kind":"token-put","token":${TOKEN}}`,
    `{"kind":"token-put","token":${TOKEN.replace('["h1.dyn.test."]', 'null')}}`,
    ZONE,
    ZONE,
    '{"kind":"host-remove","zone":"dyn.test.","name":"h2.dyn.test."}',
    `{"kind":"rrset-put","rrset":${RRSET.replace('"A"', '"AAAA"').replace('192.0.2.1', '2001:db8::1')}}`,
  ].join(',');
  assert.equal(quickly(list)?.length, 8);
  const octet = fc.constantFrom(...Array.from('"\\.,:{}[]0189aAzZ*_- \u00e9\n'));
  const edit = fc.tuple(fc.nat(list.length), fc.nat(2), fc.array(octet, { maxLength: 2 }));
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 2 }), (edits) => {
      let damaged = list;
      for (const [at, removed, added] of edits)
        damaged = damaged.slice(0, at) + added.join('') + damaged.slice(at + removed);
      assert.deepEqual(alike(quickly(damaged)), alike(slowly(damaged)), damaged);
    }),
    { numRuns: 4000 },
  );
});
