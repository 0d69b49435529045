import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestTokenSecret } from '../../../src/account/token.ts';
import type { AdminCommand, AdminResult, Administrator } from '../../../src/update/admin/command.ts';
import { createAdministrator } from '../../../src/update/admin/create-administrator.ts';
import { type Room, createRoom, ip, name } from './fixture.ts';

type Execute = <K extends AdminCommand['kind']>(
  command: Extract<AdminCommand, { kind: K }>,
) => Promise<AdminResult<K>>;

async function createOffice(): Promise<Room & { administrator: Administrator; run: Execute }> {
  const room = await createRoom();
  const administrator = createAdministrator({
    view: room.store.view,
    committer: room.committer,
    clock: room.clock,
    hashPassword: (password) => Promise.resolve(`hash of ${password.length} characters`),
  });
  return { ...room, administrator, run: (command) => administrator.execute(command) };
}

const zoneAdd = { kind: 'zone-add', nameServers: [], addresses: [], accept: 'public' } as const;

/** The value of a result that must be a success. */
function value<T>(result: { ok: true; value: T } | { ok: false; message: string }): T {
  assert.ok(result.ok, result.ok ? '' : result.message);
  return result.value;
}

/** `code: message` of a result that must be a refusal. */
function refusal(result: AdminResult): string {
  assert.ok(!result.ok, 'the command was carried out');
  return `${result.code}: ${result.message}`;
}

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

describe('account, host and token commands', () => {
  it('adds accounts with a hashed password and keeps those that own hosts', async () => {
    const { run, store } = await createOffice();
    const added = value(
      await run({ kind: 'account-add', name: 'Carol', admin: true, password: 'correct horse' }),
    );
    assert.deepEqual(added, {
      name: 'carol',
      admin: true,
      password: true,
      createdAt: '2023-11-14T22:13:20.000Z',
    });
    assert.equal(store.view.account('carol')?.passwordHash, 'hash of 13 characters');
    assert.match(
      refusal(await run({ kind: 'account-add', name: 'carol', admin: false, password: null })),
      /^exists/,
    );
    assert.match(
      refusal(await run({ kind: 'account-add', name: 'a:b', admin: false, password: null })),
      /^invalid/,
    );
    assert.match(refusal(await run({ kind: 'account-passwd', name: 'carol', password: 'abc' })), /at least/);
    assert.match(
      refusal(await run({ kind: 'account-passwd', name: 'carol', password: 'ä'.repeat(600) })),
      /at most/,
    );
    assert.match(refusal(await run({ kind: 'account-remove', name: 'alice' })), /still owns home.dyn.test/);
    assert.deepEqual(value(await run({ kind: 'account-remove', name: 'carol' })), { removed: 'carol' });
  });

  it('adds, sets, shows and removes hosts', async () => {
    const { run, host } = await createOffice();
    const add = {
      kind: 'host-add',
      fqdn: 'NAS.dyn.test',
      account: 'alice',
      ttl: 60,
      wildcard: true,
    } as const;
    assert.equal(value(await run(add)).fqdn, 'nas.dyn.test');
    assert.match(refusal(await run(add)), /^exists/);
    assert.match(refusal(await run({ ...add, fqdn: 'x.else.test' })), /^not-found: no zone holds/);
    assert.match(
      refusal(await run({ ...add, fqdn: 'x.dyn.test', account: 'nobody' })),
      /^not-found: no account/,
    );
    const shown = value(
      await run({ kind: 'host-set', fqdn: 'nas.dyn.test', addresses: ['10.0.0.9', '2001:db8::9'] }),
    );
    assert.deepEqual([shown.ipv4, shown.ipv6, shown.changed], ['10.0.0.9', '2001:db8::9', true]);
    assert.equal(
      value(await run({ kind: 'host-set', fqdn: 'nas.dyn.test', addresses: ['10.0.0.9'] })).changed,
      false,
    );
    const twice = { kind: 'host-set', fqdn: 'nas.dyn.test', addresses: ['10.0.0.1', '10.0.0.2'] } as const;
    assert.match(refusal(await run(twice)), /one IPv4 address/);
    assert.match(
      refusal(await run({ ...twice, addresses: ['127.0.0.1'] })),
      /^conflict: 127.0.0.1 is loopback/,
    );
    value(await run({ ...twice, addresses: ['none'] }));
    assert.equal(host('nas.dyn.test')?.ipv4, null);
    value(await run({ kind: 'host-remove', fqdn: 'nas.dyn.test' }));
    assert.match(refusal(await run({ kind: 'host-show', fqdn: 'nas.dyn.test' })), /^not-found/);
    assert.deepEqual(
      value(await run({ kind: 'host-list', account: 'bob' })).map((info) => info.fqdn),
      ['shop.dyn.test'],
    );
  });

  it('gives a token secret once, stores its digest, and revokes it', async () => {
    const { run, store } = await createOffice();
    const add = {
      kind: 'token-add',
      account: 'alice',
      hosts: ['home.dyn.test', 'HOME.dyn.test.'],
      label: 'router',
    } as const;
    const { id, secret } = value(await run(add));
    const token = store.view.tokenByDigest(digestTokenSecret(secret, store.view.tokenKey));
    assert.equal(token?.id, id);
    assert.deepEqual(token.hosts, [name('home.dyn.test')]);
    assert.ok(!JSON.stringify(value(await run({ kind: 'token-list' }))).includes(secret));
    assert.match(
      refusal(await run({ ...add, hosts: ['shop.dyn.test'] })),
      /^not-found: account alice has no host/,
    );
    value(await run({ kind: 'token-revoke', id }));
    assert.match(refusal(await run({ kind: 'token-revoke', id })), /^not-found/);
  });

  it('reports a store that takes no writes, and changes nothing', async () => {
    const { run, store, host } = await createOffice();
    store.broken = true;
    const failed = await run({ kind: 'host-set', fqdn: 'home.dyn.test', addresses: ['10.0.0.1'] });
    assert.match(refusal(failed), /^unavailable: no space left/);
    assert.notEqual(host('home.dyn.test')?.ipv4, ip('10.0.0.1'));
  });
});
