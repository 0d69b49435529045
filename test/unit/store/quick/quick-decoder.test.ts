/** What is decoded straight from bytes is what the JSON codec decodes, and nothing that it would refuse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ipv4FromNumber } from '../../../../src/net/ip-address.ts';
import { ChangeListDecoder } from '../../../../src/store/quick/change-list.ts';
import type { ChangeTarget, HostRow } from '../../../../src/store/quick/change-target.ts';
import type { Change } from '../../../../src/store/change.ts';
import { Decoder, encodeChange, encodeEntity, sectionOf } from '../../../../src/store/codec.ts';
import { QuickDecoder } from '../../../../src/store/quick/quick-decoder.ts';
import type { TokenRow } from '../../../../src/store/tokens/packed-tokens.ts';
import { DIGEST_LENGTH, ID_LENGTH } from '../../../../src/store/tokens/token-texts.ts';
import { nameFromWire } from '../../../../src/zone/name.ts';
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

/** Takes everything as changes; rows as the changes that they stand for. */
class Collector implements ChangeTarget {
  readonly changes: Change[] = [];

  applyChange(change: Change): void {
    this.changes.push(change);
  }

  putHostRow({ bytes, nameAt, nameLength, ipv4, ...row }: HostRow): void {
    const { zone, account, ttl, ipv6, wildcard, changedAt, blocked } = row;
    const name = nameFromWire(bytes.toString('latin1', nameAt, nameAt + nameLength));
    const address = ipv4 === -1 ? null : ipv4FromNumber(ipv4);
    const rest = { ttl, ipv4: address, ipv6, wildcard, changedAt, blocked };
    this.changes.push({ kind: 'host-put', host: { name, zone, account, ...rest } });
  }

  putTokenRow({ bytes, idAt, digestAt, host, hostLength, account, label, createdAt }: TokenRow): boolean {
    const hosts = hostLength === 0 ? null : [nameFromWire(host.toString('latin1', 0, hostLength))];
    const text = (at: number, length: number): string => bytes.toString('latin1', at, at + length);
    const [id, digest] = [text(idAt, ID_LENGTH), text(digestAt, DIGEST_LENGTH)];
    this.changes.push({ kind: 'token-put', token: { id, account, hosts, label, digest, createdAt } });
    return true;
  }
}

function quickly(list: string): Change[] | undefined {
  const target = new Collector();
  return new ChangeListDecoder(target).decode(Buffer.from(list)) === undefined ? target.changes : undefined;
}

/** What the quick decoder takes a section's text for; undefined where it does not know it to its end. */
function quickEntity(section: string, text: string): Change | undefined {
  const target = new Collector();
  const end = new QuickDecoder(target).entity(section, Buffer.from(text), 0);
  assert.equal(target.changes.length, end === -1 ? 0 : 1);
  return end === text.length ? target.changes[0] : undefined;
}

function alike(changes: readonly Change[] | undefined): unknown {
  return JSON.parse(
    JSON.stringify(changes ?? null, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
    ),
  );
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
