/** Changes to JSON and back. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { Change } from '../../../src/store/change.ts';
import { Decoder, type Put, encodeChange, encodeEntity, sectionOf } from '../../../src/store/codec.ts';
import { FieldError, type Json } from '../../../src/store/json-fields.ts';
import {
  SAMPLE,
  account,
  address,
  anyChange,
  host,
  name,
  rrset,
  token,
  zone,
} from '../../contract/store-samples.ts';

/** What a file gives back of a value. */
function throughText(value: Json): unknown {
  return JSON.parse(JSON.stringify(value));
}

function decode(value: unknown): Change {
  const changes = new Decoder().changes(value);
  assert.ok(changes.ok, changes.ok ? '' : changes.reason);
  assert.equal(changes.value.length, 1);
  return changes.value[0]!;
}

function bytesAsArrays(change: Change): unknown {
  if (change.kind !== 'rrset-put') return change;
  return { ...change, rrset: { ...change.rrset, rdata: change.rrset.rdata.map((bytes) => [...bytes]) } };
}

suite('codec', () => {
  test('any change survives text, octet by octet', () => {
    fc.assert(
      fc.property(anyChange, (change) => {
        const back = decode(throughText(encodeChange(change)));
        assert.deepEqual(bytesAsArrays(back), bytesAsArrays(change));
      }),
      { numRuns: 1000 },
    );
  });

  test('what a change puts is the same on a line of a snapshot', () => {
    const puts = SAMPLE.flat().filter((change): change is Put => change.kind.endsWith('-put'));
    assert.equal(puts.length, 6);
    for (const change of puts) {
      const put = new Decoder().entity(sectionOf(change), throughText(encodeEntity(change)));
      assert.ok(put.ok);
      assert.deepEqual(bytesAsArrays(put.value), bytesAsArrays(change));
    }
  });

  test('reads hosts that were written before there were prefixes, and refuses prefixes that are none', () => {
    const old = {
      name: 'nas.dyn.test.',
      zone: 'dyn.test.',
      account: 'ann',
      ttl: 60,
      ipv4: null,
      ipv6: '2001:db8::1',
      wildcard: false,
      changedAt: null,
    };
    const put = (more: object): unknown => ({ kind: 'host-put', host: { ...old, ...more } });
    const ipv6 = address('2001:db8::1');
    assert.deepEqual(decode(put({})), { kind: 'host-put', host: host('nas.dyn.test', 'dyn.test', { ipv6 }) });
    const derived = { router: 'home.dyn.test.', subnet: 3, interfaceId: '::211:32ff:fe12:3456' };
    const known = put({ prefix: '2001:db8:1:200::/56', derived });
    assert.deepEqual(throughText(encodeChange(decode(known))), known, 'as people write them');
    for (const [more, reason] of [
      [{ prefix: '10.0.0.0/8' }, 'host.prefix must be an IPv6 prefix'],
      [{ prefix: null }, 'host.prefix must be an IPv6 prefix'],
      [{ derived: null }, 'derived must be an object'],
      [{ derived: { ...derived, subnet: -1 } }, 'derived.subnet must be a whole number from 0 to 4294967295'],
      [{ derived: { ...derived, interfaceId: '::' } }, 'derived.interfaceId must be an interface id'],
      [{ derived: { ...derived, more: 1 } }, 'derived has unknown fields'],
    ] as const) {
      const change = new Decoder().changes(put(more));
      assert.equal(change.ok ? 'read' : change.reason, reason);
    }
  });

  test('writes names, addresses, rdata and times as people write them', () => {
    const ipv6 = address('2001:DB8:0::1');
    const change = {
      kind: 'host-put',
      host: host('Home.dyn.test', 'dyn.test', { ipv6, changedAt: 0 }),
    } as const;
    assert.deepEqual(encodeChange(change), {
      kind: 'host-put',
      host: {
        name: 'home.dyn.test.',
        zone: 'dyn.test.',
        account: 'ann',
        ttl: 60,
        ipv4: null,
        ipv6: '2001:db8::1',
        wildcard: false,
        changedAt: '1970-01-01T00:00:00.000Z',
      },
    });
    const owner = name('dyn.test');
    const put = {
      kind: 'rrset-put',
      apex: owner,
      owner,
      rrset: rrset('MX', 60, '10 mail.dyn.test.'),
    } as const;
    assert.deepEqual(encodeEntity(put), {
      zone: 'dyn.test.',
      owner: 'dyn.test.',
      type: 'MX',
      ttl: 60,
      rdata: ['10 mail.dyn.test.'],
    });
  });

  test('writes that a host is blocked only where it is, and reads a host that says nothing of it', () => {
    const blocked = host('a.dyn.test', 'dyn.test', { blocked: true });
    const written = encodeChange({ kind: 'host-put', host: blocked }) as { host: Record<string, unknown> };
    assert.equal(written.host['blocked'], true);
    assert.deepEqual(decode(written), { kind: 'host-put', host: blocked });
    const without = Object.fromEntries(Object.entries(written.host).filter(([key]) => key !== 'blocked'));
    const free = { kind: 'host-put', host: host('a.dyn.test', 'dyn.test') } as const;
    assert.deepEqual(encodeChange(free), { kind: 'host-put', host: without });
    assert.deepEqual(decode({ kind: 'host-put', host: without }), free);
    assert.deepEqual(decode({ kind: 'host-put', host: { ...without, blocked: false } }), free);
  });

  test('keeps rdata that its type cannot write, in the generic form of RFC 3597', () => {
    const owner = name('dyn.test');
    const broken = { type: 15, ttl: 60, rdata: [Uint8Array.of(0), new Uint8Array()] };
    const put = { kind: 'rrset-put', apex: owner, owner, rrset: broken } as const;
    const json = encodeEntity(put) as { rdata: string[] };
    assert.deepEqual(json.rdata, ['\\# 1 00', '\\# 0']);
    assert.deepEqual(bytesAsArrays(decode({ kind: 'rrset-put', rrset: json })), bytesAsArrays(put));
  });

  test('shares the zone and account of hosts in memory only, never between different texts', () => {
    const decoder = new Decoder();
    for (const [fqdn, apex] of [
      ['a.dyn.test', 'dyn.test'],
      ['b.dyn.test', 'dyn.test'],
      ['a\\.b.dyn.test', 'dyn.test'],
      ['test', 'test'],
      [`${'x'.repeat(63)}.dyn.test`, 'dyn.test'],
    ] as const) {
      const value = encodeChange({ kind: 'host-put', host: host(fqdn, apex) });
      const changes = decoder.changes(throughText(value));
      assert.deepEqual(changes, { ok: true, value: [{ kind: 'host-put', host: host(fqdn, apex) }] });
    }
  });

  test('reads hosts that were put together, and refuses lists of anything else', () => {
    const list = (hosts: unknown, more: object = {}): unknown => ({
      ...{ kind: 'hosts-put', zone: 'dyn.test.', changedAt: '2023-11-14T22:13:20.456Z', hosts },
      ...more,
    });
    const first = ['h1', '192.0.2.1', null, 'ann', 60];
    const read = new Decoder().changes(
      list([first, ['h2', null, '2001:db8::1'], ['h3', null, null, 'bob', 5]]),
    );
    const changedAt = 1_700_000_000_456;
    assert.deepEqual(
      read.ok ? read.value.map((change) => (change.kind === 'host-put' ? change.host : change)) : read,
      [
        host('h1.dyn.test', 'dyn.test', { ipv4: address('192.0.2.1'), changedAt }),
        host('h2.dyn.test', 'dyn.test', { ipv6: address('2001:db8::1'), changedAt }),
        host('h3.dyn.test', 'dyn.test', { account: 'bob', ttl: 5, changedAt }),
      ],
    );
    for (const [value, reason] of [
      [list([]), /list of hosts/],
      [list('h1'), /list of hosts/],
      [list([7]), /list of lists/],
      [list([first.slice(0, 3)]), /first of hosts-put\.hosts/],
      [list([first.slice(0, 4)]), /a label, two addresses/],
      [list([[...first, 1]]), /a label, two addresses/],
      [list([['h1', null, null, null, 60]]), /a label, two addresses/],
      [list([['h1', null, null, 'ann', -1]]), /hosts-put\.ttl/],
      [list([['h1', '192.0.2.256', null, 'ann', 60]]), /hosts-put\.ipv4/],
      [list([['h1', null, 6, 'ann', 60]]), /hosts-put\.ipv6/],
      [list([['a.b', null, null, 'ann', 60]]), /must have a label/],
      [list([['', null, null, 'ann', 60]]), /must have a label/],
      [list([['H1', null, null, 'ann', 60]]), /must have a label/],
      [list([['x'.repeat(64), null, null, 'ann', 60]]), /must have a label/],
      [list([first], { zone: 'a..test.' }), /zone/],
      [list([first], { zone: `${`${'x'.repeat(63)}.`.repeat(3)}${'y'.repeat(59)}.` }), /must have a label/],
      [list([first], { changedAt: 'yesterday' }), /changedAt/],
      [list([first], { more: 1 }), /unknown fields/],
    ] as const) {
      const result = new Decoder().changes(value);
      assert.ok(!result.ok && reason.test(result.reason), JSON.stringify([value, result]));
    }
  });

  test('refuses a value that is not exactly of its form, naming the field', () => {
    const good = throughText(encodeChange({ kind: 'host-put', host: host('a.dyn.test', 'dyn.test') })) as {
      host: Record<string, unknown>;
    };
    const long = `${`${'x'.repeat(63)}.`.repeat(3)}${'y'.repeat(60)}`;
    const cases: [Record<string, unknown>, RegExp][] = [
      [{ ttl: -1 }, /host\.ttl/],
      [{ ttl: 1.5 }, /host\.ttl/],
      [{ ttl: '60' }, /host\.ttl/],
      [{ name: 'a..test' }, /host\.name/],
      [{ name: `${long}.zz.` }, /host\.name/],
      [{ name: 7 }, /host\.name/],
      [{ ipv4: '192.0.2.256' }, /host\.ipv4/],
      [{ wildcard: null }, /host\.wildcard/],
      [{ blocked: null }, /host\.blocked/],
      [{ blocked: 1 }, /host\.blocked/],
      [{ changedAt: 'yesterday' }, /host\.changedAt/],
      [{ more: 1 }, /unknown fields/],
      [{ account: undefined }, /host\.account/],
    ];
    for (const [wrong, reason] of cases) {
      const result = new Decoder().changes({ ...good, host: { ...good.host, ...wrong } });
      assert.ok(!result.ok && reason.test(result.reason), JSON.stringify(result));
    }
    for (const value of [
      null,
      [],
      'x',
      {},
      { kind: 'host-putt' },
      { kind: 'toString' },
      { ...good, more: 1 },
    ]) {
      assert.equal(new Decoder().changes(value).ok, false, JSON.stringify(value));
    }
    for (const rdata of [[], ['"unclosed'], ['\\# 2 00'], [7], 'x']) {
      const set = { zone: 'a.', owner: 'a.', type: 'TXT', ttl: 0, rdata };
      assert.equal(new Decoder().entity('rrsets', set).ok, false, JSON.stringify(rdata));
    }
  });

  test('writes nothing that it would not read', () => {
    const owner = name('dyn.test');
    const wrong: Change[] = [
      { kind: 'zone-put', zone: zone('dyn.test', -1) },
      { kind: 'zone-put', zone: zone('dyn.test', 2 ** 32) },
      { kind: 'host-put', host: host('a.dyn.test', 'dyn.test', { ttl: 2 ** 31 }) },
      { kind: 'host-put', host: host('a.dyn.test', 'dyn.test', { changedAt: Number.NaN }) },
      { kind: 'account-put', account: account('ann', { createdAt: 9e15 }) },
      { kind: 'token-put', token: token('t', { createdAt: 0.5 }) },
      { kind: 'rrset-put', apex: owner, owner, rrset: { type: 41, ttl: 0, rdata: [new Uint8Array()] } },
      { kind: 'rrset-remove', apex: owner, owner, type: 255 },
    ];
    for (const change of wrong) assert.throws(() => encodeChange(change), FieldError, change.kind);
  });
});
