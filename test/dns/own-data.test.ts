/**
 * Whatever a zone holds, no question about it is a defect (clause 4.7 of docs/protocol/dns.md): random records of
 * every type at random names, aliases into each other, cuts and wildcards among them.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { answerQuery } from '../../src/dns/answer.ts';
import { type Name, nameFromLabels, parseName } from '../../src/zone/name.ts';
import { RRTYPE } from '../../src/zone/rrtype.ts';
import { validateRRset } from '../../src/zone/validate-rrset.ts';
import { type Zone, createZone } from '../../src/zone/zone.ts';
import { RDATA, bytesOf } from '../unit/zone/arbitraries.ts';
import { decode, opt, query } from './message.ts';
import { answerContext, zoneSet } from './zones.ts';

const APEX = ['own', 'test'];
const apex = parseName('own.test')!;

/** Few labels, so that names meet: aliases find targets, names lie below cuts and wildcards. */
const owner: fc.Arbitrary<Name> = fc
  .array(fc.constantFrom('a', 'b', '*', 'l'.repeat(63)), { maxLength: 3 })
  .map((labels) => nameFromLabels([...labels, ...APEX])!);

const record = fc.oneof(
  fc
    .constantFrom(...RDATA.keys())
    .filter((type) => type !== RRTYPE.SOA)
    .chain((type) => fc.record({ owner, type: fc.constant(type), rdata: RDATA.get(type)! })),
  fc.record({
    owner,
    type: fc.constantFrom(RRTYPE.CNAME, RRTYPE.DNAME, RRTYPE.NS),
    rdata: owner,
  }),
  fc.record({ owner, type: fc.constantFrom(65_280, 1000), rdata: fc.constantFrom('', 'x'.repeat(16_000)) }),
);

function zoneOf(records: readonly { owner: Name; type: number; rdata: string }[]): Zone {
  const soa = { mname: apex, rname: apex, refresh: 1, retry: 1, expire: 1, minimum: 1, ttl: 1 };
  const zone = createZone({ apex, serial: 1, soa, accept: 'any' });
  for (const { owner, type, rdata } of records) {
    const before = type === RRTYPE.CNAME || type === RRTYPE.DNAME ? [] : zone.staticRRset(owner, type)?.rdata;
    const rrset = validateRRset(type, 60, [...(before ?? []), bytesOf(rdata)]);
    if (rrset.ok) zone.putRRset(owner, rrset.value);
  }
  return zone;
}

void test('every question about any zone has an answer that is none of SERVFAIL, over UDP and TCP', () => {
  const asked = fc.tuple(owner, fc.constantFrom(...RDATA.keys(), RRTYPE.ANY, 65_280));
  fc.assert(
    fc.property(
      fc.array(record, { maxLength: 12 }),
      fc.array(asked, { minLength: 1, maxLength: 8 }),
      (records, questions) => {
        const zones = zoneSet(zoneOf(records));
        for (const [name, type] of questions) {
          const wire = Buffer.from(name, 'latin1');
          for (const [transport, edns] of [
            ['udp', undefined],
            ['udp', opt()],
            ['tcp', opt()],
          ] as const) {
            // The log of this context throws, so a defect fails the test with its cause.
            const bytes = query(wire, type, edns === undefined ? {} : { opt: edns });
            const answer = answerQuery(bytes, answerContext(zones, transport));
            const { rcode, flags } = decode(answer);
            assert.ok(['NOERROR', 'NXDOMAIN', 'YXDOMAIN'].includes(rcode), rcode);
            assert.ok(transport === 'udp' || !flags.includes('tc'), 'over TCP everything fits');
          }
        }
      },
    ),
    { numRuns: 1000 },
  );
});
