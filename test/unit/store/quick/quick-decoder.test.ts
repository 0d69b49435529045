/** What is decoded straight from bytes is what the JSON codec decodes, and nothing that it would refuse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Change } from '../../../../src/store/change.ts';
import { encodeChange, encodeEntity, sectionOf } from '../../../../src/store/codec.ts';
import { QuickDecoder } from '../../../../src/store/quick/quick-decoder.ts';
import { anyCommit } from '../../../contract/store-samples.ts';
import { Collector, alike, quickly, slowly } from './decoders.ts';

const HOST =
  '{"name":"h1.dyn.test.","zone":"dyn.test.","account":"ann","ttl":60,"ipv4":"192.0.2.1","ipv6":"2001:db8::1",' +
  '"wildcard":true,"changedAt":"2026-01-02T03:04:05.678Z","blocked":true}';
const RRSET = '{"zone":"dyn.test.","owner":"n1.dyn.test.","type":"A","ttl":300,"rdata":["192.0.2.1"]}';
const TOKEN =
  '{"id":"0a1b2c3d4e","account":"ann","hosts":["h1.dyn.test."],"label":"attic","digest":' +
  '"12akLb6bjo5AmQDcEa4PF_JGytEy00Ckb67c9OP8veY","createdAt":"2026-01-02T03:04:05.678Z"}';
const HOSTS =
  '{"kind":"hosts-put","zone":"dyn.test.","changedAt":"2026-01-02T03:04:05.678Z","hosts":' +
  '[["h1","192.0.2.1",null,"ann",60],["h2",null,"2001:db8::1"],["h3",null,null,"bob",5]]}';
const ZONE =
  '{"kind":"zone-put","zone":{"apex":"dyn.test.","serial":7,"accept":"any","soa":{"mname":"ns1.dyn.test.",' +
  '"rname":"h.dyn.test.","refresh":1,"retry":2,"expire":3,"minimum":4,"ttl":5}}}';

/** What the quick decoder takes a section's text for; undefined where it does not know it to its end. */
function quickEntity(section: string, text: string): Change | undefined {
  const target = new Collector();
  const end = new QuickDecoder(target).entity(section, Buffer.from(text), 0);
  assert.equal(target.changes.length, end === -1 ? 0 : 1);
  return end === text.length ? target.changes[0] : undefined;
}

test('knows a host, an address record, a token, and settings that come again with another serial', () => {
  assert.equal(quickEntity('hosts', HOST)?.kind, 'host-put');
  assert.equal(quickEntity('rrsets', RRSET)?.kind, 'rrset-put');
  assert.equal(quickEntity('rrsets', RRSET.replace('"A"', '"TXT"')), undefined);
  assert.equal(quickEntity('tokens', TOKEN)?.kind, 'token-put');
  assert.equal(quickEntity('tokens', TOKEN.replace('["h1.dyn.test."]', 'null'))?.kind, 'token-put');
  assert.equal(quickEntity('tokens', TOKEN.replace('."]', '.","h2.dyn.test."]')), undefined);
  assert.equal(quickEntity('hosts', TOKEN), undefined);
  assert.equal(quickEntity('hosts', `${HOST} `), undefined);
  const target = new Collector();
  const decoder = new QuickDecoder(target);
  assert.equal(decoder.change(Buffer.from(HOSTS), 0), HOSTS.length);
  assert.deepEqual(alike(target.changes.splice(0)), alike(slowly(HOSTS)));
  assert.equal(decoder.change(Buffer.from(ZONE), 0), -1);
  const [zone] = slowly(ZONE)!;
  assert.ok(zone?.kind === 'zone-put');
  decoder.remember(zone.zone, Buffer.from(ZONE));
  assert.equal(decoder.change(Buffer.from(ZONE.replace('"serial":7', '"serial":8')), 0), ZONE.length);
  assert.deepEqual(target.changes, [{ kind: 'zone-put', zone: { ...zone.zone, serial: 8 } }]);
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
      for (const change of expected) {
        if (!('kind' in change) || !change.kind.endsWith('-put')) continue;
        const put = change as Extract<Change, { kind: `${string}-put` }>;
        const known = quickEntity(sectionOf(put), JSON.stringify(encodeEntity(put)));
        if (known !== undefined) assert.deepEqual(alike([known]), alike([put]));
      }
    }),
    { numRuns: 100 },
  );
});

test('what is unusual in a list of hosts is read once, with those before it', () => {
  const odd = HOSTS.replace('"h3"', '"\\u0068\\u0033"');
  assert.notEqual(odd, HOSTS);
  const account =
    '{"kind":"account-put","account":{"name":"ann","passwordHash":null,"admin":false,"createdAt":"2026-01-02T03:04:05.678Z"}}';
  const list = `${odd},${account},${HOSTS}`;
  assert.equal(slowly(list)?.length, 7);
  assert.deepEqual(alike(quickly(list)), alike(slowly(list)));
});

test('damaged lists are refused, or read, as JSON refuses or reads them', () => {
  const list = [
    `{"kind":"host-put","host":${HOST}}`,
    `{"kind":"rrset-put","rrset":${RRSET}}`,
    `{"kind":"token-put","token":${TOKEN}}`,
    `{"kind":"token-put","token":${TOKEN.replace('["h1.dyn.test."]', 'null')}}`,
    ZONE,
    ZONE,
    HOSTS,
    '{"kind":"host-remove","zone":"dyn.test.","name":"h2.dyn.test."}',
    `{"kind":"rrset-put","rrset":${RRSET.replace('"A"', '"AAAA"').replace('192.0.2.1', '2001:db8::1')}}`,
  ].join(',');
  assert.equal(quickly(list)?.length, 11);
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
