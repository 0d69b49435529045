/** Prefixes and derivations in the files: older files have none, and what is added to them stays. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseInterfaceId } from '../../../../src/net/interface-id.ts';
import { parseIpPrefix } from '../../../../src/net/ip-prefix.ts';
import { address, dump, host, name, zone } from '../../../contract/store-samples.ts';
import { dataDirectory } from './data-directory.ts';

/** A snapshot as it was written before hosts could have a prefix. */
const OLD = [
  '{"format":"homing-store","version":1,',
  '"sequence":4,"savedAt":"2026-01-02T03:04:05.678Z","tokenKey":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",',
  '"zones":[',
  '{"apex":"dyn.test.","serial":7,"accept":"private","soa":{"mname":"ns1.dyn.test.","rname":"host\\\\.master.dyn.test.","refresh":7200,"retry":900,"expire":1209600,"minimum":60,"ttl":300}}',
  ...['],', '"retired":[', '],', '"rrsets":[', '],', '"accounts":[', '],', '"tokens":[', '],'],
  '"hosts":[',
  '{"name":"home.dyn.test.","zone":"dyn.test.","account":"ann","ttl":60,"ipv4":null,"ipv6":"2001:db8::1","wildcard":false,"changedAt":null},',
  '{"name":"nas.dyn.test.","zone":"dyn.test.","account":"ann","ttl":60,"ipv4":null,"ipv6":null,"wildcard":true,"changedAt":null,"blocked":true}',
  '],',
  '',
].join('\n');

test('are added to hosts of an older snapshot, and outlive a restart', async () => {
  await using data = await dataDirectory();
  const checksum = createHash('sha256').update(OLD).digest('hex');
  await writeFile(join(data.path, 'snapshot.json'), `${OLD}"sha256":"${checksum}"}\n`);
  const first = await data.open();
  const home = first.view.host(name('home.dyn.test'));
  const nas = first.view.host(name('nas.dyn.test'));
  assert.deepEqual(home, host('home.dyn.test', 'dyn.test', { ipv6: address('2001:db8::1') }));
  assert.deepEqual(nas, host('nas.dyn.test', 'dyn.test', { wildcard: true, blocked: true }));
  const derived = { router: home.name, subnet: 3, interfaceId: parseInterfaceId('::7')! };
  const prefix = parseIpPrefix('2001:db8:1:200::/56')!;
  await first.commit([
    { kind: 'host-put', host: { ...nas, derived } },
    { kind: 'host-put', host: { ...home, prefix } },
    { kind: 'zone-put', zone: zone('dyn.test', 8) },
  ]);
  const before = dump(first.view);
  await first.close();
  const second = await data.open();
  assert.deepEqual(dump(second.view), before);
  assert.deepEqual(second.view.host(home.name)?.prefix, prefix);
  assert.deepEqual(second.view.derivedFrom(home.name), [nas.name]);
  await second.close();
  assert.deepEqual(data.notices, []);
});
