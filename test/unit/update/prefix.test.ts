/** Hosts on another host's prefix: what a report changes, in how many commits, and what it must not change. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatIpAddress } from '../../../src/net/ip-address.ts';
import { formatIpPrefix, parseIpPrefix, prefixContains, prefixOf } from '../../../src/net/ip-prefix.ts';
import { describeNotice } from '../../../src/update/derivation.ts';
import type { HostOutcome } from '../../../src/update/outcome.ts';
import type { AddressIntent, UpdateRequest } from '../../../src/update/request.ts';
import { formatHostname } from '../../../src/zone/name.ts';
import { type Room, alice, ip, name } from './fixture.ts';
import { createOffice, refusal, value } from './office.ts';

const KEEP: AddressIntent = { kind: 'keep' };
const ROUTER = 'home.dyn.test';

function report(prefix: string, more: Partial<UpdateRequest> = {}): UpdateRequest {
  const hostnames = [name(ROUTER)];
  return { principal: alice, hostnames, ipv4: KEEP, ipv6: KEEP, prefix: parseIpPrefix(prefix), ...more };
}

async function outcomes(room: Room, request: UpdateRequest): Promise<readonly HostOutcome[]> {
  const result = await room.service.update(request);
  assert.ok(result.kind === 'hosts');
  return result.outcomes;
}

/** Each outcome's kind, and its notices in words. */
async function told(room: Room, request: UpdateRequest): Promise<string[]> {
  return (await outcomes(room, request)).flatMap((outcome) => [
    outcome.kind,
    ...('notices' in outcome ? outcome.notices.map(describeNotice) : []),
  ]);
}

function ipv6(room: Room, fqdn: string): string | undefined {
  const address = room.host(fqdn)?.ipv6;
  return address == null ? undefined : formatIpAddress(address);
}

/** An office where nas (subnet 3) and cam (subnet 0) are on home's prefix. */
async function createHome(): Promise<Awaited<ReturnType<typeof createOffice>>> {
  const office = await createOffice();
  const add = { kind: 'host-add', ttl: 60, wildcard: false } as const;
  const nas = { router: ROUTER, mac: '00:11:32:12:34:56', subnet: 3 };
  value(await office.run({ ...add, fqdn: 'nas.dyn.test', derived: nas }));
  const cam = { router: ROUTER, interfaceId: '::25' };
  value(await office.run({ ...add, fqdn: 'cam.dyn.test', account: 'Alice', derived: cam }));
  return office;
}

describe('a reported prefix', () => {
  it('moves all hosts on it in one commit, and leaves the addresses of its router alone', async () => {
    const room = await createHome();
    const set6: AddressIntent = { kind: 'set', address: ip('2001:db8:9::1') };
    await outcomes(room, report('2001:db8:1:200::/56', { ipv6: set6 }));
    const before = room.store.commits.length;
    const serial = room.store.view.zone(name('dyn.test'))!.settings.serial;
    assert.deepEqual(await told(room, report('2001:db8:2:300::/56')), ['changed']);
    assert.equal(room.store.commits.length, before + 1);
    const changed = room.store.commits
      .at(-1)!
      .map((change) => (change.kind === 'host-put' ? formatHostname(change.host.name) : change.kind));
    assert.deepEqual(changed.toSorted(), ['cam.dyn.test', ROUTER, 'nas.dyn.test', 'zone-put']);
    assert.notEqual(room.store.view.zone(name('dyn.test'))!.settings.serial, serial);
    assert.equal(ipv6(room, 'nas.dyn.test'), '2001:db8:2:303:211:32ff:fe12:3456');
    assert.equal(ipv6(room, 'cam.dyn.test'), '2001:db8:2:300::25');
    assert.equal(ipv6(room, ROUTER), '2001:db8:9::1');
    assert.equal(formatIpPrefix(room.host(ROUTER)!.prefix!), '2001:db8:2:300::/56');
    assert.deepEqual(await told(room, report('2001:db8:2:300::/56')), ['unchanged']);
    assert.deepEqual(await told(room, { ...report('::1'), prefix: undefined }), ['unchanged']);
    assert.equal(room.store.commits.length, before + 1, 'nothing to change, nothing written');
  });

  it('is stored where it moves nobody, without a new serial', async () => {
    const room = await createOffice();
    const { settings } = room.store.view.zone(name('dyn.test'))!;
    assert.deepEqual(await told(room, report('2001:db8:1::/48')), ['changed']);
    assert.equal(room.store.view.zone(name('dyn.test'))!.settings, settings);
    const nas = { router: ROUTER, interfaceId: '::7', subnet: 0x1234 };
    const add = { kind: 'host-add', ttl: 60, wildcard: false, fqdn: 'nas.dyn.test', derived: nas } as const;
    assert.equal(
      value(await room.run(add)).ipv6,
      '2001:db8:1:1234::7',
      'a host that comes later has it at once',
    );
    assert.equal(room.host('nas.dyn.test')?.account, 'alice');
  });

  it('that has no room for a host leaves it where it is and says why, and moves the others (D-12.6)', async () => {
    const room = await createHome();
    await outcomes(room, report('2001:db8:1:200::/56'));
    const refused = 'nas.dyn.test: 2001:db8:2:300::/64 has no subnet but 0, and it is in subnet 3';
    assert.deepEqual(await told(room, report('2001:db8:2:300::/64')), ['changed', refused]);
    assert.deepEqual(await told(room, report('2001:db8:2:300::/64')), ['unchanged', refused]);
    assert.equal(ipv6(room, 'nas.dyn.test'), '2001:db8:1:203:211:32ff:fe12:3456');
    assert.equal(ipv6(room, 'cam.dyn.test'), '2001:db8:2:300::25');
    const { derived } = value(await room.run({ kind: 'host-show', fqdn: 'nas.dyn.test' }));
    assert.equal(`nas.dyn.test: ${derived?.problem}`, refused);
    value(
      await room.run({ kind: 'host-set', fqdn: 'nas.dyn.test', addresses: [], derived: { subnet: 300 } }),
    );
    assert.deepEqual(await told(room, report('2001:db8:2:300::/56')), [
      'changed',
      'nas.dyn.test: 2001:db8:2:300::/56 has no subnet above 255, and it is in subnet 300',
    ]);
    assert.deepEqual(await told(room, report('2001:db8:2:300::/80')), [
      'changed',
      'nas.dyn.test: 2001:db8:2:300::/80 is not the prefix of a site: those have 16 to 64 bits',
      'cam.dyn.test: 2001:db8:2:300::/80 is not the prefix of a site: those have 16 to 64 bits',
    ]);
    assert.deepEqual(
      (await told(room, report('fe80::/48')))[1],
      'nas.dyn.test: fe80::12c:211:32ff:fe12:3456 is of the class "link-local", and the zone accepts "private" addresses only',
    );
    const fixed = { kind: 'host-set', fqdn: 'nas.dyn.test', addresses: [], derived: { subnet: 3 } } as const;
    await outcomes(room, report('2001:db8:2:300::/56'));
    assert.equal(value(await room.run(fixed)).ipv6, '2001:db8:2:303:211:32ff:fe12:3456');
  });

  it('gives every host on it exactly its address (any)', async () => {
    const room = await createHome();
    const anyPrefix = fc
      .record({
        low: fc.uint8Array({ minLength: 4, maxLength: 4 }),
        length: fc.integer({ min: 33, max: 62 }),
      })
      .map(({ low, length }) => {
        const [a, b, c, d] = low.map((octet) => octet) as unknown as [number, number, number, number];
        return prefixOf(ip(`2001:db8:${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}::`), length);
      });
    await fc.assert(
      fc.asyncProperty(anyPrefix, async (prefix) => {
        const before = room.store.commits.length;
        await outcomes(room, { ...report('::1'), prefix });
        assert.ok(room.store.commits.length <= before + 1);
        for (const [fqdn, end] of [
          ['nas.dyn.test', ip('0:0:0:3:211:32ff:fe12:3456')],
          ['cam.dyn.test', ip('::25')],
        ] as const) {
          const address = room.host(fqdn)!.ipv6!;
          assert.ok(prefixContains(prefix, address));
          const host = Array.from(address, (octet, i) => octet.charCodeAt(0) ^ prefix.base.charCodeAt(i));
          assert.deepEqual(String.fromCharCode(...host), end);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('is not taken from who may not update the router, nor with an address that is refused', async () => {
    const room = await createHome();
    const bob = { kind: 'account', account: 'bob', admin: false } as const;
    assert.deepEqual(await told(room, report('2001:db8:1::/56', { principal: bob })), ['no-such-host']);
    const loopback: AddressIntent = { kind: 'set', address: ip('::1') };
    assert.deepEqual(await told(room, report('2001:db8:1::/56', { ipv6: loopback })), ['address-refused']);
    value(await room.run({ kind: 'host-block', fqdn: ROUTER }));
    assert.deepEqual(await told(room, report('2001:db8:1::/56')), ['blocked']);
    assert.equal(room.host(ROUTER)?.prefix, undefined);
    assert.equal(ipv6(room, 'nas.dyn.test'), undefined);
  });

  it('passes a blocked host by, which takes it when it is unblocked', async () => {
    const room = await createHome();
    value(await room.run({ kind: 'host-block', fqdn: 'nas.dyn.test' }));
    const blocked = 'nas.dyn.test: its updates are blocked';
    assert.deepEqual(await told(room, report('2001:db8:1:200::/56')), ['changed', blocked]);
    assert.equal(ipv6(room, 'nas.dyn.test'), undefined);
    const unblocked = value(await room.run({ kind: 'host-unblock', fqdn: 'nas.dyn.test' }));
    assert.equal(unblocked.ipv6, '2001:db8:1:203:211:32ff:fe12:3456');
  });

  it('moves a host that the same request names, once', async () => {
    const room = await createHome();
    const hostnames = [name('nas.dyn.test'), name(ROUTER), name('nas.dyn.test')];
    const ipv4: AddressIntent = { kind: 'set', address: ip('192.0.2.7') };
    const answers = await outcomes(room, report('2001:db8:1:200::/56', { hostnames, ipv4 }));
    const nas = { kind: 'changed', ipv4: ip('192.0.2.7'), ipv6: ip('2001:db8:1:203:211:32ff:fe12:3456') };
    assert.deepEqual(answers, [nas, { ...nas, ipv6: null }, nas]);
    assert.equal(room.store.commits.at(-1)!.filter((change) => change.kind === 'host-put').length, 3);
    assert.equal(room.host('nas.dyn.test')?.ipv4, ip('192.0.2.7'));
    assert.notEqual(room.host('nas.dyn.test')?.prefix, undefined);
  });

  it('never shares a batch with an update of a host on it, so that neither is lost', async () => {
    const room = await createHome();
    const ipv4: AddressIntent = { kind: 'set', address: ip('192.0.2.7') };
    const own = { principal: alice, hostnames: [name('nas.dyn.test')], ipv4, ipv6: KEEP };
    const later = { router: ROUTER, interfaceId: '::9' };
    await Promise.all([
      room.run({ kind: 'host-set', fqdn: 'vpn.dyn.test', addresses: [], derived: later }),
      room.service.update(report('2001:db8:1:200::/56')),
      room.service.update(own),
      room.service.update({ ...own, hostnames: [name('vpn.dyn.test')] }),
    ]);
    assert.equal(ipv6(room, 'nas.dyn.test'), '2001:db8:1:203:211:32ff:fe12:3456');
    assert.equal(ipv6(room, 'vpn.dyn.test'), '2001:db8:1:200::9');
    for (const fqdn of ['nas.dyn.test', 'vpn.dyn.test']) assert.equal(room.host(fqdn)?.ipv4, ip('192.0.2.7'));
  });
});

describe('a host on a prefix', () => {
  it('has its IPv6 address from there alone, and IPv4 from its own updates (D-12.8)', async () => {
    const room = await createHome();
    await outcomes(room, report('2001:db8:1:200::/56'));
    const hostnames = [name('cam.dyn.test')];
    const own = { principal: alice, hostnames, ipv4: KEEP, ipv6: KEEP };
    const notice =
      'cam.dyn.test: its IPv6 address comes from the prefix of home.dyn.test, not from its own updates';
    const set = (text: string): AddressIntent => ({ kind: 'set', address: ip(text) });
    assert.deepEqual(await told(room, { ...own, ipv6: set('2001:db8:f::1') }), ['unchanged', notice]);
    assert.deepEqual(await told(room, { ...own, ipv6: set('2001:db8:1:200::25') }), ['unchanged']);
    assert.deepEqual(await told(room, { ...own, ipv4: set('192.0.2.1'), ipv6: set('::1') }), [
      'changed',
      notice,
    ]);
    const clear = { kind: 'clear' } as const;
    assert.deepEqual(await told(room, { ...own, ipv4: clear, ipv6: clear }), ['changed', notice]);
    assert.equal(room.host('cam.dyn.test')?.ipv4, null);
    assert.equal(ipv6(room, 'cam.dyn.test'), '2001:db8:1:200::25');
    const operator = await room.run({ kind: 'host-set', fqdn: 'cam.dyn.test', addresses: ['2001:db8::9'] });
    assert.equal(
      refusal(operator),
      'conflict: its IPv6 address comes from the prefix of home.dyn.test: end that with --no-prefix-of',
    );
    const ended = { kind: 'host-set', fqdn: 'cam.dyn.test', addresses: [], derived: null } as const;
    const free = value(await room.run(ended));
    assert.deepEqual([free.changed, free.derived, free.ipv6], [true, null, '2001:db8:1:200::25']);
    assert.equal(value(await room.run(ended)).changed, false);
    assert.deepEqual(await told(room, { ...own, ipv6: set('2001:db8:f::1') }), ['changed']);
  });

  it('keeps its router, which neither goes nor changes hands before it (D-12.7)', async () => {
    const room = await createHome();
    const { run } = room;
    const removed = await run({ kind: 'host-remove', fqdn: ROUTER });
    assert.equal(
      refusal(removed),
      'conflict: home.dyn.test is the router of nas.dyn.test and 1 more: remove these, or set them "--no-prefix-of"',
    );
    assert.deepEqual(value(await run({ kind: 'host-show', fqdn: ROUTER })).prefixFor, [
      'cam.dyn.test',
      'nas.dyn.test',
    ]);
    for (const [fqdn, field] of [
      [ROUTER, 'is the router of'],
      ['nas.dyn.test', 'is on the prefix of'],
    ] as const) {
      const rows = [{ line: 1, fqdn, account: 'bob' }];
      assert.match(refusal(await run({ kind: 'host-import', rows, existing: 'update' })), new RegExp(field));
    }
    const rows = [{ line: 1, fqdn: 'nas.dyn.test', account: 'alice', ipv6: '2001:db8::1' }];
    assert.match(
      refusal(await run({ kind: 'host-import', rows, existing: 'update' })),
      /it comes from the prefix/,
    );
    const set = { kind: 'host-set', addresses: [] } as const;
    const self = await run({ ...set, fqdn: ROUTER, derived: { router: ROUTER, interfaceId: '::1' } });
    assert.match(refusal(self), /^conflict: home.dyn.test can not be on its own prefix/);
    const foreign = await run({
      ...set,
      fqdn: 'shop.dyn.test',
      derived: { router: ROUTER, interfaceId: '::1' },
    });
    assert.match(refusal(foreign), /^conflict: home.dyn.test is of account alice, not bob/);
    for (const [derived, message] of [
      [{ interfaceId: '::' }, /^invalid: "::" is not the lower half/],
      [{ mac: '1' }, /^invalid: "1" is not the MAC address/],
      [{ mac: '00:11:32:12:34:56', interfaceId: '::1' }, /not both/],
      [{ subnet: 2 ** 32 }, /^invalid: a subnet id is 0 to 4294967295/],
      [{ router: 'gone.dyn.test' }, /^not-found: no host gone.dyn.test/],
    ] as const)
      assert.match(refusal(await run({ ...set, fqdn: 'nas.dyn.test', derived })), message);
    for (const fqdn of ['nas.dyn.test', 'cam.dyn.test', ROUTER])
      value(await run({ kind: 'host-remove', fqdn }));
  });
});
