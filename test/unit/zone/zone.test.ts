import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseIpAddress } from '../../../src/net/ip-address.ts';
import { type Name, formatName, isSubdomain, parentOf, parseName } from '../../../src/zone/name.ts';
import { formatRdata } from '../../../src/zone/rdata/rdata.ts';
import type { RRset } from '../../../src/zone/rrset.ts';
import { RRTYPE } from '../../../src/zone/rrtype.ts';
import type { HostAddresses, ZoneSettings } from '../../../src/zone/zone-view.ts';
import { type Zone, createZone } from '../../../src/zone/zone.ts';

const APEX = parseName('dyn.test')!;
const inZone = (text: string): Name => parseName(text, APEX)!;
const settings: ZoneSettings = {
  apex: APEX,
  soa: {
    mname: inZone('ns1'),
    rname: inZone('hostmaster'),
    refresh: 1,
    retry: 2,
    expire: 3,
    minimum: 4,
    ttl: 300,
  },
  serial: 0xffff_ffff,
  accept: 'any',
};
const ipv4 = parseIpAddress('192.0.2.1')!;
const ipv6 = parseIpAddress('2001:db8::1')!;
const txt: RRset = { type: RRTYPE.TXT, ttl: 60, rdata: [Uint8Array.of(1, 65)] };
const host = (name: string, more: Partial<HostAddresses> = {}): HostAddresses => ({
  name: inZone(name),
  ttl: 60,
  ipv4,
  ipv6: null,
  wildcard: false,
  ...more,
});

function typesAt(zone: Zone, name: string): number[] | undefined {
  const node = zone.node(inZone(name));
  return node === undefined ? undefined : Array.from(node.rrsets(), (rrset) => rrset.type);
}

describe('a zone', () => {
  test('its SOA is a record like any other', () => {
    const zone = createZone(settings);
    assert.equal(zone.soa.ttl, 300);
    assert.equal(
      formatRdata(RRTYPE.SOA, zone.soa.rdata[0]!),
      'ns1.dyn.test. hostmaster.dyn.test. 4294967295 1 2 3 4',
    );
    assert.deepEqual(typesAt(zone, '@'), [RRTYPE.SOA]);
    zone.replaceSettings({ ...settings, serial: 8 });
    assert.match(formatRdata(RRTYPE.SOA, zone.node(APEX)!.rrset(RRTYPE.SOA)!.rdata[0]!), / 8 1 2 3 4$/);
  });

  test('a host without an address is a name without data, not a name that does not exist', () => {
    const zone = createZone(settings);
    zone.putHost(host('a', { ipv4: null }));
    assert.deepEqual(typesAt(zone, 'a'), []);
    zone.putHost(host('a', { ipv6 }));
    assert.deepEqual(typesAt(zone, 'a'), [RRTYPE.A, RRTYPE.AAAA]);
    const rrset = zone.node(inZone('a'))!.rrset(RRTYPE.A)!;
    assert.deepEqual([rrset.ttl, formatRdata(RRTYPE.A, rrset.rdata[0]!)], [60, '192.0.2.1']);
    zone.removeHost(inZone('a'));
    assert.equal(zone.node(inZone('a')), undefined);
    assert.equal(zone.hostCount, 0);
  });

  test('static records of other types stand beside a host and outlive it', () => {
    const zone = createZone(settings);
    zone.putHost(host('a'));
    zone.putRRset(inZone('a'), txt);
    assert.deepEqual(typesAt(zone, 'a'), [RRTYPE.A, RRTYPE.TXT]);
    zone.removeHost(inZone('a'));
    assert.deepEqual(typesAt(zone, 'a'), [RRTYPE.TXT]);
    zone.removeRRset(inZone('a'), RRTYPE.TXT);
    assert.equal(zone.node(inZone('a')), undefined);
  });

  test('a host with a wildcard has its addresses below it too, and only as a wildcard', () => {
    const zone = createZone(settings);
    zone.putHost(host('a', { wildcard: true }));
    assert.deepEqual(typesAt(zone, '*.a'), [RRTYPE.A]);
    assert.equal(zone.node(inZone('b.a')), undefined);
    assert.equal(zone.node(inZone('*.b.a')), undefined);
    zone.putHost(host('a', { wildcard: false }));
    assert.equal(zone.node(inZone('*.a')), undefined);
  });

  test('a wildcard that is a host of its own has its own addresses', () => {
    const zone = createZone(settings);
    zone.putHost(host('a', { wildcard: true }));
    zone.putHost(host('*.a', { ipv4: null, ipv6 }));
    assert.deepEqual(typesAt(zone, '*.a'), [RRTYPE.AAAA]);
  });

  test('removing what is not there changes nothing', () => {
    const zone = createZone(settings);
    zone.putHost(host('b.a'));
    zone.removeHost(inZone('a'));
    zone.removeHost(inZone('c.a'));
    zone.removeRRset(inZone('b.a'), RRTYPE.TXT);
    assert.deepEqual(typesAt(zone, 'a'), []);
    assert.deepEqual(typesAt(zone, 'b.a'), [RRTYPE.A]);
  });
});

type Step =
  | { readonly do: 'putHost'; readonly name: string; readonly wildcard: boolean }
  | { readonly do: 'removeHost'; readonly name: string }
  | { readonly do: 'putRRset' | 'removeRRset'; readonly name: string; readonly type: number };

/** The zone as two plain sets of owners, in which existence is looked for and never counted. */
class NaiveZone {
  readonly hosts = new Map<Name, boolean>();
  readonly records = new Map<Name, Set<number>>();

  owners(): Name[] {
    const wildcards = [...this.hosts]
      .filter(([, wildcard]) => wildcard)
      .map(([name]) => parseName('*', name)!);
    return [APEX, ...this.hosts.keys(), ...this.records.keys(), ...wildcards];
  }

  apply(step: Step): void {
    const name = inZone(step.name);
    if (step.do === 'putHost') this.hosts.set(name, step.wildcard);
    else if (step.do === 'removeHost') this.hosts.delete(name);
    else if (step.do === 'putRRset')
      this.records.set(name, (this.records.get(name) ?? new Set()).add(step.type));
    else if (this.records.get(name)?.delete(step.type) === true && this.records.get(name)!.size === 0)
      this.records.delete(name);
  }
}

test('after any changes, exactly the owners and what lies above them exist', () => {
  const label = fc.constantFrom('a', 'b', '*');
  const name = fc.oneof(
    { weight: 1, arbitrary: fc.constant('@') },
    {
      weight: 9,
      arbitrary: fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
    },
  );
  const type = fc.constantFrom(RRTYPE.TXT, RRTYPE.MX);
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ do: fc.constant('putHost' as const), name, wildcard: fc.boolean() }),
    fc.record({ do: fc.constant('removeHost' as const), name }),
    fc.record({ do: fc.constantFrom('putRRset' as const, 'removeRRset' as const), name, type }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.array(name, { maxLength: 20 }), (steps, asked) => {
      const zone = createZone(settings);
      const naive = new NaiveZone();
      for (const each of steps) {
        const owner = inZone(each.name);
        if (each.do === 'putHost') zone.putHost(host(each.name, { wildcard: each.wildcard }));
        else if (each.do === 'removeHost') zone.removeHost(owner);
        else if (each.do === 'putRRset') zone.putRRset(owner, { ...txt, type: each.type });
        else zone.removeRRset(owner, each.type);
        naive.apply(each);
      }
      const owners = naive.owners();
      const names = [...asked.map(inZone), ...owners, ...owners.map((owner) => parentOf(owner)!)];
      for (const each of names.filter((name) => isSubdomain(name, APEX))) {
        const exists = owners.some((owner) => isSubdomain(owner, each));
        assert.equal(zone.node(each) !== undefined, exists, formatName(each));
        const types = Array.from(zone.node(each)?.rrsets() ?? [], (rrset) => rrset.type).sort(
          (a, b) => a - b,
        );
        const parent = parentOf(each);
        const wild = each.startsWith('\x01*') && parent !== undefined && naive.hosts.get(parent) === true;
        const expected = [...(naive.records.get(each) ?? [])];
        if (naive.hosts.has(each) || wild) expected.push(RRTYPE.A);
        if (each === APEX) expected.push(RRTYPE.SOA);
        assert.deepEqual(
          types,
          expected.sort((a, b) => a - b),
          formatName(each),
        );
      }
      assert.equal(zone.hostCount, naive.hosts.size);
      assert.equal(
        [...zone.staticRRsets()].length,
        [...naive.records.values()].reduce((sum, { size }) => sum + size, 0),
      );
    }),
    { numRuns: 1000 },
  );
});
