/** Zones: added, removed, imported, exported. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { name } from './fixture.ts';
import { createOffice, refusal, value, zoneAdd } from './office.ts';

describe('zone commands', () => {
  it('adds a zone with its servers and their addresses', async () => {
    const { run } = await createOffice();
    const added = value(
      await run({
        ...zoneAdd,
        apex: 'Dyn.Example.ORG.',
        nameServers: ['ns1.dyn.example.org', 'ns2.example.net'],
        addresses: [
          { name: 'ns1.dyn.example.org', address: '8.8.8.8' },
          { name: 'ns1.dyn.example.org', address: '2a00::53' },
        ],
      }),
    );
    assert.deepEqual(added.records, [
      'dyn.example.org. 300 SOA ns1.dyn.example.org. hostmaster.dyn.example.org. 1700000000 300 60 1209600 60',
      'dyn.example.org. 3600 NS ns1.dyn.example.org.',
      'dyn.example.org. 3600 NS ns2.example.net.',
      'ns1.dyn.example.org. 3600 A 8.8.8.8',
      'ns1.dyn.example.org. 3600 AAAA 2a00::53',
    ]);
    assert.deepEqual(
      value(await run({ kind: 'zone-list' })).map((zone) => zone.apex),
      ['dyn.test', 'dyn.example.org'],
    );
  });

  it('refuses a zone that exists, is no name, gets a foreign address or would swallow hosts', async () => {
    const { run } = await createOffice();
    assert.match(refusal(await run({ ...zoneAdd, apex: 'dyn.test' })), /^exists: zone dyn.test exists/);
    assert.match(refusal(await run({ ...zoneAdd, apex: '-x.test' })), /^invalid: /);
    const address = { name: 'ns1.other.test', address: '8.8.8.8' };
    assert.match(
      refusal(await run({ ...zoneAdd, apex: 'new.test', addresses: [address] })),
      /^invalid: "ns1.other.test"/,
    );
    const local = { name: 'ns1.new.test', address: '10.0.0.1' };
    assert.match(
      refusal(await run({ ...zoneAdd, apex: 'new.test', addresses: [local] })),
      /^conflict: 10.0.0.1 is private/,
    );
    assert.match(refusal(await run({ ...zoneAdd, apex: 'home.dyn.test' })), /^conflict: host home.dyn.test/);
  });

  it('warns of a name server that nobody can find', async () => {
    const { run } = await createOffice();
    const { warnings } = value(await run({ ...zoneAdd, apex: 'new.test' }));
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /^name server ns1.new.test has no address/);
  });

  it('removes a zone only when it has no hosts', async () => {
    const { run } = await createOffice();
    assert.match(refusal(await run({ kind: 'zone-remove', apex: 'dyn.test' })), /^conflict: .* hosts \(3\)/);
    await run({ ...zoneAdd, apex: 'new.test' });
    assert.deepEqual(value(await run({ kind: 'zone-remove', apex: 'new.test' })), { removed: 'new.test' });
    assert.match(refusal(await run({ kind: 'zone-show', apex: 'new.test' })), /^not-found: /);
  });

  it('exports hosts too, and imports such an export without a change', async () => {
    const { run } = await createOffice();
    value(await run({ kind: 'record-set', owner: 'dyn.test', type: 'NS', values: ['ns1.dyn.test.'] }));
    value(await run({ kind: 'host-add', fqdn: 'nas.dyn.test', account: 'alice', ttl: 60, wildcard: true }));
    value(await run({ kind: 'host-set', fqdn: 'nas.dyn.test', addresses: ['10.0.0.9', '2001:db8::9'] }));
    const { text } = value(await run({ kind: 'zone-export', apex: 'dyn.test' }));
    for (const record of [
      'nas.dyn.test.\t60\tIN\tA\t10.0.0.9',
      '*.nas.dyn.test.\t60\tIN\tAAAA\t2001:db8::9',
    ]) {
      assert.ok(text.includes(record), text);
    }
    const before = value(await run({ kind: 'zone-show', apex: 'dyn.test' })).records.slice(1);
    value(await run({ kind: 'zone-import', apex: 'dyn.test', text }));
    assert.deepEqual(value(await run({ kind: 'zone-show', apex: 'dyn.test' })).records.slice(1), before);
  });

  it('imports a zone file as a whole or not at all, and exports what it holds', async () => {
    const { run, store } = await createOffice();
    const text = [
      '$TTL 300',
      '@ IN SOA ns1 hostmaster 7 3600 600 86400 60',
      '@ NS ns1',
      'ns1 A 192.0.2.53',
      'www TXT "a;b" "c"',
    ].join('\n');
    assert.match(
      refusal(await run({ kind: 'zone-import', apex: 'dyn.test', text: `${text}\nx A 1.2.3` })),
      /line 6/,
    );
    assert.equal(value(await run({ kind: 'zone-import', apex: 'dyn.test', text })).records, 4);
    const exported = value(await run({ kind: 'zone-export', apex: 'dyn.test' })).text;
    assert.match(exported, /^www(\.dyn\.test\.)?\s+300\s+(IN\s+)?TXT\s+"a;b" "c"$/m);
    assert.equal(value(await run({ kind: 'zone-import', apex: 'copy.test', text })).serial, 7);
    assert.match(
      refusal(await run({ kind: 'zone-import', apex: 'dyn.test', text: `${text}\nhome A 192.0.2.1` })),
      /^conflict: home.dyn.test is a host/,
    );
    assert.match(
      refusal(await run({ kind: 'zone-import', apex: 'dyn.test', text: `${text}\nhome NS ns.other.test.` })),
      /^conflict: host home.dyn.test would no longer be answered/,
    );
    assert.equal(store.view.zone(name('dyn.test'))!.hostCount, 3);
  });
});
