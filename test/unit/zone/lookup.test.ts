// What the cases in test/dns/cases cannot say: properties of every zone and question, and hosts beside records.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseIpAddress } from '../../../src/net/ip-address.ts';
import { MAX_CHAIN, resolve } from '../../../src/zone/lookup.ts';
import { type Name, isSubdomain, nameFromLabels, parseName } from '../../../src/zone/name.ts';
import { RRTYPE } from '../../../src/zone/rrtype.ts';
import { type Zone, createZone } from '../../../src/zone/zone.ts';

const APEX = parseName('z.test')!;
const name = (text: string): Name => parseName(text, APEX)!;
const bytes = (text: Name): Uint8Array => Buffer.from(text, 'latin1');

function emptyZone(): Zone {
  const soa = { mname: APEX, rname: APEX, refresh: 1, retry: 1, expire: 1, minimum: 60, ttl: 300 };
  return createZone({ apex: APEX, soa, serial: 1, accept: 'any' });
}

const label = fc.constantFrom('a', 'b', '*', 'c');
const below = fc
  .array(label, { maxLength: 4 })
  .map((labels) => (nameFromLabels(labels)!.slice(0, -1) + APEX) as Name);
const pointer = fc.constantFrom(RRTYPE.NS, RRTYPE.CNAME, RRTYPE.DNAME);
const record = fc.oneof(
  fc.record({ owner: below, type: fc.constant(RRTYPE.TXT), target: below }),
  fc.record({ owner: below, type: pointer, target: fc.oneof(below, fc.constant(parseName('else.where')!)) }),
);
const question = fc.constantFrom(
  RRTYPE.TXT,
  RRTYPE.A,
  RRTYPE.NS,
  RRTYPE.CNAME,
  RRTYPE.DNAME,
  RRTYPE.DS,
  RRTYPE.ANY,
);

void test('every zone and question: ends, repeats nothing, answers no data from below a cut', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 12 }), below, question, (records, qname, qtype) => {
      const zone = emptyZone();
      for (const { owner, type, target } of records) {
        const exclusive = type === RRTYPE.CNAME || zone.staticRRset(owner, RRTYPE.CNAME) !== undefined;
        if (exclusive && (owner === APEX || zone.node(owner) !== undefined)) continue;
        zone.putRRset(owner, { type, ttl: 60, rdata: [bytes(target)] });
      }
      const found = resolve(zone, qname, qtype);

      const all = [...found.answer, ...found.authority, ...found.glue, ...found.additional];
      const keys = all.map(({ owner, rrset }) => `${rrset.type} ${owner}`);
      assert.equal(new Set(keys).size, keys.length, 'no RRset twice (RFC 2181 §5)');
      assert.ok(found.answer.length <= 2 * MAX_CHAIN + 3, 'bounded');
      const denies = found.kind === 'no-data' || found.kind === 'no-name';
      assert.equal(
        found.authority.some(({ rrset }) => rrset.type === RRTYPE.SOA),
        denies,
      );
      assert.equal(
        found.authority.some(({ rrset }) => rrset.type === RRTYPE.NS),
        found.kind === 'referral',
      );
      assert.equal(found.authoritative, found.kind !== 'referral' || found.answer.length > 0);

      const owners = (type: number): Name[] =>
        [...zone.staticRRsets()].filter(([, rrset]) => rrset.type === type).map(([owner]) => owner);
      // A cut below a DNAME is occluded itself.
      const isRedirected = (cut: Name): boolean =>
        owners(RRTYPE.DNAME).some((owner) => owner !== cut && isSubdomain(cut, owner));
      const cuts = owners(RRTYPE.NS).filter((owner) => owner !== APEX && !isRedirected(owner));
      for (const { owner, rrset } of found.answer) {
        if (rrset.type === RRTYPE.DS) continue;
        assert.ok(!cuts.some((cut) => isSubdomain(owner, cut)), 'nothing at or below a cut is an answer');
      }
    }),
    { numRuns: 2000 },
  );
});

void test('a chain of aliases is followed MAX_CHAIN times and then left to the asker', () => {
  const zone = emptyZone();
  for (let i = 0; i < 40; i++) {
    zone.putRRset(name(`a${i}`), { type: RRTYPE.CNAME, ttl: 60, rdata: [bytes(name(`a${i + 1}`))] });
  }
  const found = resolve(zone, name('a0'), RRTYPE.A);
  assert.equal(found.kind, 'answer');
  assert.equal(found.answer.length, MAX_CHAIN + 1);
  assert.equal(resolve(zone, name('a30'), RRTYPE.A).kind, 'no-name');
});

void test('a host is answered beside the static records of its name and below it', () => {
  const zone = emptyZone();
  const host = { name: name('home'), ttl: 60, ipv4: parseIpAddress('192.0.2.1')!, ipv6: null };
  zone.putHost({ ...host, wildcard: false });
  zone.putRRset(name('_acme-challenge.home'), { type: RRTYPE.TXT, ttl: 60, rdata: [Buffer.of(1, 65)] });
  const kind = (text: string, type: number): string => resolve(zone, name(text), type).kind;

  assert.deepEqual(resolve(zone, name('home'), RRTYPE.A).answer[0]?.rrset.rdata[0], Buffer.of(192, 0, 2, 1));
  assert.equal(kind('home', RRTYPE.AAAA), 'no-data');
  assert.equal(kind('_acme-challenge.home', RRTYPE.TXT), 'answer');
  assert.equal(kind('x.home', RRTYPE.A), 'no-name');

  zone.putHost({ ...host, wildcard: true });
  assert.equal(kind('x.y.home', RRTYPE.A), 'answer');
  assert.equal(kind('_acme-challenge.home', RRTYPE.A), 'no-data');

  zone.putHost({ ...host, ipv4: null, wildcard: true });
  assert.equal(kind('home', RRTYPE.A), 'no-data', 'a host without an address still exists');
  zone.removeHost(host.name);
  assert.equal(kind('home', RRTYPE.A), 'no-data', 'an empty non-terminal by the name below it');
  zone.removeRRset(name('_acme-challenge.home'), RRTYPE.TXT);
  assert.equal(kind('home', RRTYPE.A), 'no-name', 'and gone with it (RFC 8020 §2)');
});

void test('the root can be a zone', () => {
  const root = parseName('.')!;
  const soa = { mname: root, rname: root, refresh: 1, retry: 1, expire: 1, minimum: 60, ttl: 300 };
  const zone = createZone({ apex: root, soa, serial: 1, accept: 'any' });
  zone.putRRset(parseName('d.')!, { type: RRTYPE.DNAME, ttl: 60, rdata: [bytes(root)] });
  zone.putRRset(parseName('x.')!, { type: RRTYPE.TXT, ttl: 60, rdata: [Buffer.of(1, 65)] });
  assert.deepEqual(
    resolve(zone, parseName('x.d.')!, RRTYPE.TXT).answer.map(({ owner, rrset }) => [owner, rrset.type]),
    [
      [parseName('d.'), RRTYPE.DNAME],
      [parseName('x.d.'), RRTYPE.CNAME],
      [parseName('x.'), RRTYPE.TXT],
    ],
  );
  assert.equal(resolve(zone, root, RRTYPE.NS).kind, 'no-data');
});
