import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { HostRow, Progress } from '../../../../../src/update/admin/command.ts';
import { isLaterSerial } from '../../../../../src/zone/serial.ts';
import { NOW, ip, name } from '../../fixture.ts';
import { createOffice, refusal, value } from '../../office.ts';

const refuse = { kind: 'host-import', existing: 'refuse' } as const;

function row(line: number, fqdn: string, more: Partial<HostRow> = {}): HostRow {
  return { line, fqdn, account: 'alice', ...more };
}

it('adds all hosts of a list in one commit and moves the serial once', async () => {
  const room = await createOffice();
  const before = room.store.view.zone(name('dyn.test'))!.settings.serial;
  const rows = [
    row(2, 'N1.dyn.test.', { ipv4: '192.168.0.1', ipv6: 'fd00::1', ttl: '300', account: 'ALICE' }),
    row(3, 'n2.dyn.test'),
  ];
  const counts = value(await room.run({ ...refuse, rows }));
  assert.deepEqual(counts, { added: 2, updated: 0, unchanged: 0, skipped: 0 });
  assert.equal(room.store.commits.length, 1);
  assert.deepEqual(room.host('n1.dyn.test'), {
    name: name('n1.dyn.test'),
    zone: name('dyn.test'),
    account: 'alice',
    ttl: 300,
    ipv4: ip('192.168.0.1'),
    ipv6: ip('fd00::1'),
    wildcard: false,
    changedAt: NOW,
    blocked: false,
  });
  const { ttl, changedAt } = room.host('n2.dyn.test')!;
  assert.deepEqual([ttl, changedAt], [60, null]);
  assert.ok(isLaterSerial(room.store.view.zone(name('dyn.test'))!.settings.serial, before));
});

const BAD: readonly (readonly [bad: Partial<HostRow>, message: RegExp])[] = [
  [
    { fqdn: 'no name' },
    /^invalid: line 8, fqdn: "no name" is not a fully qualified host name; nothing was changed$/,
  ],
  [{ fqdn: '' }, /^invalid: line 8, fqdn/],
  [{ fqdn: 'x.other.test' }, /^not-found: line 8, fqdn: no zone holds x\.other\.test/],
  [{ fqdn: 'HOME.dyn.test' }, /^exists: line 8, fqdn: host home\.dyn\.test exists already: --skip-existing/],
  [{ fqdn: 'N1.dyn.test.' }, /^invalid: line 8, fqdn: .* is in line 7, too/],
  [{ account: 'nobody' }, /^not-found: line 8, account: no account nobody/],
  [{ account: undefined }, /^invalid: line 8, account: there is none/],
  [{ ipv4: 'fd00::1' }, /^invalid: line 8, ipv4: "fd00::1" is not an IPv4 address/],
  [
    { ipv4: '127.0.0.1' },
    /^conflict: line 8, ipv4: 127\.0\.0\.1 is loopback, which zone dyn\.test \(accept: private\)/,
  ],
  [{ ipv6: '1.2.3.4' }, /^invalid: line 8, ipv6/],
  [{ ttl: '0' }, /^invalid: line 8, ttl: "0" is not a whole number of seconds from 1 to 86400/],
  [{ ttl: '1e3' }, /^invalid: line 8, ttl/],
];

it('a bad line names itself and its field, and nothing is changed', async () => {
  const room = await createOffice();
  for (const [bad, message] of BAD) {
    const rows = [row(7, 'n1.dyn.test'), { ...row(8, 'n2.dyn.test'), ...bad }, row(9, 'n3.dyn.test')];
    assert.match(refusal(await room.run({ ...refuse, rows })), message);
    assert.equal(room.host('n1.dyn.test'), undefined);
  }
  assert.equal(room.store.commits.length, 0);
});

it('a host where a static record stands refuses the list', async () => {
  const room = await createOffice();
  value(await room.run({ kind: 'record-set', owner: 'www.dyn.test', type: 'A', values: ['192.168.0.9'] }));
  const result = await room.run({ ...refuse, rows: [row(1, 'www.dyn.test')] });
  assert.match(refusal(result), /^conflict: line 1, fqdn: www\.dyn\.test has a static A record/);
});

it('run again: existing hosts are left alone, or made what the list says where it says something', async () => {
  const room = await createOffice();
  const rows = [row(1, 'home.dyn.test', { ipv4: '10.0.0.1' }), row(2, 'new.dyn.test')];
  const skip = { kind: 'host-import', rows, existing: 'skip' } as const;
  assert.deepEqual(value(await room.run(skip)), { added: 1, updated: 0, unchanged: 0, skipped: 1 });
  assert.equal(room.host('home.dyn.test')?.ipv4, null);
  assert.deepEqual(value(await room.run(skip)), { added: 0, updated: 0, unchanged: 0, skipped: 2 });
  assert.equal(room.store.commits.length, 1, 'a list that changes nothing writes nothing');

  await room.run({ kind: 'host-set', fqdn: 'home.dyn.test', addresses: ['fd00::7'] });
  const update = { ...skip, existing: 'update' } as const;
  assert.deepEqual(value(await room.run(update)), { added: 0, updated: 1, unchanged: 1, skipped: 0 });
  const { ipv4, ipv6 } = room.host('home.dyn.test')!;
  assert.deepEqual([ipv4, ipv6], [ip('10.0.0.1'), ip('fd00::7')]);
  assert.deepEqual(value(await room.run(update)), { added: 0, updated: 0, unchanged: 2, skipped: 0 });
});

it('an update gives a host another account; a blocked host stays blocked', async () => {
  const room = await createOffice();
  value(await room.run({ kind: 'host-block', fqdn: 'shop.dyn.test' }));
  const rows = [row(1, 'shop.dyn.test', { ttl: '120' })];
  value(await room.run({ kind: 'host-import', rows, existing: 'update' }));
  const { account, ttl, blocked } = room.host('shop.dyn.test')!;
  assert.deepEqual([account, ttl, blocked], ['alice', 120, true]);
});

it('whatever order a list has, the hosts are those of the list', async () => {
  const lists = fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 100 });
  await fc.assert(
    fc.asyncProperty(lists, async (numbers) => {
      const room = await createOffice();
      const rows = numbers.map((n, i) => row(i + 1, `n${n}.dyn.test`, { ipv4: `10.0.${n >> 8}.${n & 255}` }));
      value(await room.run({ ...refuse, rows }));
      for (const n of numbers)
        assert.equal(room.host(`n${n}.dyn.test`)?.ipv4, ip(`10.0.${n >> 8}.${n & 255}`));
      assert.equal(room.store.view.zone(name('dyn.test'))!.hostCount, 3 + numbers.length);
    }),
    { numRuns: 20 },
  );
});

it('a long list is told how far it has come, and others get their turn meanwhile', async () => {
  const room = await createOffice();
  const rows = Array.from({ length: 30_000 }, (_, i) => row(i + 1, `n${i}.dyn.test`));
  const told: Progress[] = [];
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const result = await room.administrator.execute({ ...refuse, rows }, (progress) => told.push(progress));
  clearInterval(timer);
  assert.equal(value(result).added, 30_000);
  assert.ok(turns > 10, `${turns} turns`);
  assert.deepEqual([...new Set(told.map(({ stage }) => stage))], ['checking', 'planning', 'storing']);
  assert.deepEqual(told.at(-1), { stage: 'storing', done: 0, total: 30_000 });
});

it('makes a token for each host of a list, which proves that host and no other', async () => {
  const room = await createOffice();
  const rows = [
    { line: 1, fqdn: 'home.dyn.test' },
    { line: 2, fqdn: 'shop.dyn.test' },
  ];
  const command = { kind: 'token-add-for-hosts', rows, label: 'fleet', skipExisting: false } as const;
  const { tokens, skipped } = value(await room.run(command));
  assert.equal(skipped, 0);
  assert.deepEqual(
    tokens.map(({ id }) => {
      const { account, hosts, label } = room.store.view.token(id)!;
      return { account, hosts, label };
    }),
    [
      { account: 'alice', hosts: [name('home.dyn.test')], label: 'fleet' },
      { account: 'bob', hosts: [name('shop.dyn.test')], label: 'fleet' },
    ],
  );
  assert.match(refusal(await room.run(command)), /^exists: line 1, fqdn: .* --skip-existing/);
  const more = [...rows, { line: 3, fqdn: 'vpn.dyn.test' }];
  const again = value(await room.run({ ...command, rows: more, skipExisting: true }));
  assert.deepEqual([again.skipped, again.tokens.map(({ fqdn }) => fqdn)], [2, ['vpn.dyn.test']]);
  const unknown = await room.run({ ...command, rows: [{ line: 4, fqdn: 'gone.dyn.test' }] });
  assert.match(refusal(unknown), /^not-found: line 4, fqdn: no host gone\.dyn\.test/);
});
