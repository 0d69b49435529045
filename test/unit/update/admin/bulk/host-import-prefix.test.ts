/** Lists that define hosts on the IPv6 prefixes of others. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseIpPrefix } from '../../../../../src/net/ip-prefix.ts';
import type { HostRow } from '../../../../../src/update/admin/command.ts';
import { alice, ip, name } from '../../fixture.ts';
import { createOffice, refusal, value } from '../../office.ts';

const load = { kind: 'host-import', existing: 'refuse' } as const;
const MAC = '00:11:32:12:34:56';
const ROUTER = 'r.dyn.test';

function row(line: number, fqdn: string, more: Partial<HostRow> = {}): HostRow {
  return { line, fqdn, ...more };
}

/** An office in which `home` has reported a prefix. */
async function officeWithPrefix(report = '2001:db8:1:200::/56') {
  const office = await createOffice();
  await office.service.update({
    principal: alice,
    hostnames: [name('home.dyn.test')],
    ipv4: { kind: 'keep' },
    ipv6: { kind: 'keep' },
    prefix: parseIpPrefix(report)!,
  });
  return office;
}

describe('a list with hosts on prefixes', () => {
  it('makes router and hosts in one commit, wherever the router stands, and they move with its first prefix', async () => {
    const { run, host, service, store } = await createOffice();
    const rows = [
      row(1, 'nas.dyn.test', { prefixOf: 'R.dyn.test.', subnet: '3', mac: MAC }),
      row(2, ROUTER, { account: 'alice' }),
      row(3, 'tv.dyn.test', { prefixOf: ROUTER, interfaceId: '::7', account: 'ALICE' }),
    ];
    assert.deepEqual(value(await run({ ...load, rows })), { added: 3, updated: 0, unchanged: 0, skipped: 0 });
    assert.equal(store.commits.length, 1);
    assert.equal(host('nas.dyn.test')?.account, 'alice', 'the account is the router’s where none is said');
    await service.update({
      principal: alice,
      hostnames: [name(ROUTER)],
      ipv4: { kind: 'keep' },
      ipv6: { kind: 'keep' },
      prefix: parseIpPrefix('2001:db8:1:200::/56')!,
    });
    assert.equal(host('nas.dyn.test')?.ipv6, ip('2001:db8:1:203:211:32ff:fe12:3456'));
    assert.equal(host('tv.dyn.test')?.ipv6, ip('2001:db8:1:200::7'));
    assert.equal(host(ROUTER)?.ipv6, null);
  });

  it('gives hosts on a prefix that is known their addresses at once, and redefines those that are there', async () => {
    const { run, host, store } = await officeWithPrefix();
    const rows = [row(1, 'vpn.dyn.test', { prefixOf: 'home.dyn.test', subnet: '9', interfaceId: '::5' })];
    const update = { kind: 'host-import', existing: 'update' } as const;
    assert.equal(value(await run({ ...update, rows })).updated, 1);
    assert.equal(host('vpn.dyn.test')?.ipv6, ip('2001:db8:1:209::5'));
    assert.equal(value(await run({ ...update, rows })).unchanged, 1);
    const moved = [row(1, 'vpn.dyn.test', { subnet: '10' })];
    assert.equal(value(await run({ ...update, rows: moved })).updated, 1, 'what is left out stays');
    assert.equal(host('vpn.dyn.test')?.ipv6, ip('2001:db8:1:20a::5'));
    const commits = store.commits.length;
    assert.equal(value(await run({ kind: 'host-import', existing: 'skip', rows })).skipped, 1);
    assert.equal(store.commits.length, commits);
  });

  const on = (more: Partial<HostRow>): Partial<HostRow> => ({ prefixOf: 'home.dyn.test', mac: MAC, ...more });
  const BAD: readonly (readonly [bad: Partial<HostRow>, message: RegExp])[] = [
    [on({ prefixOf: 'no name' }), /^invalid: line 8, prefixOf: "no name" is not a fully qualified host name/],
    [on({ prefixOf: 'none.dyn.test' }), /^not-found: line 8, prefixOf: no host none\.dyn\.test/],
    [on({ prefixOf: 'n8.dyn.test' }), /^not-found: line 8, prefixOf/],
    [
      on({ prefixOf: 'shop.dyn.test', account: 'alice' }),
      /^conflict: line 8, prefixOf: shop.* is of account bob/,
    ],
    [on({ subnet: '-1' }), /^invalid: line 8, subnet: "-1" is not a number from 0/],
    [on({ subnet: '4294967296' }), /^invalid: line 8, subnet/],
    [on({ mac: '00:11' }), /^invalid: line 8, mac: "00:11" is not the MAC address/],
    [on({ mac: undefined, interfaceId: '2001:db8::1' }), /^invalid: line 8, interfaceId/],
    [on({ interfaceId: '::7' }), /^invalid: line 8, prefixOf: say --interface-id or --mac, not both/],
    [on({ mac: undefined }), /^invalid: line 8, prefixOf: say which address it has/],
    [{ subnet: '3', mac: MAC, account: 'alice' }, /^invalid: line 8, prefixOf: say whose prefix it is/],
    [on({ ipv6: 'fd00::1' }), /^conflict: line 8, ipv6: it comes from the prefix of home\.dyn\.test/],
  ];
  for (const [bad, message] of BAD) {
    it(`is refused as a whole with ${JSON.stringify(bad)}`, async () => {
      const { run, host } = await officeWithPrefix();
      const rows = [row(7, 'n7.dyn.test', { account: 'alice' }), row(8, 'n8.dyn.test', bad)];
      assert.match(refusal(await run({ ...load, rows })), message);
      assert.equal(host('n7.dyn.test'), undefined);
    });
  }

  it('puts no more hosts on a prefix than one update may move', async () => {
    const { run, host } = await createOffice();
    const hosts = (count: number): HostRow[] =>
      Array.from({ length: count }, (_, i) => {
        return row(i + 2, `h${i}.dyn.test`, { prefixOf: ROUTER, interfaceId: `::${(i + 1).toString(16)}` });
      });
    const router = row(1, ROUTER, { account: 'alice' });
    const many = refusal(await run({ ...load, rows: [router, ...hosts(1001)] }));
    assert.match(many, /^conflict: line 1002, prefixOf: r\.dyn\.test has 1000 hosts on its prefix already/);
    assert.equal(host(ROUTER), undefined);
    assert.equal(value(await run({ ...load, rows: [router, ...hosts(1000)] })).added, 1001);
  });
});
