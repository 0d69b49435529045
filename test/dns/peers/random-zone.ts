/**
 * Random zones that every server takes: aliases alone at their name, nothing below a DNAME, no cut at a wildcard
 * (RFC 4592 §4.2 leaves that open), a nameserver at the apex. Few labels, so that names meet.
 */
import fc from 'fast-check';
import type { Change } from '../../../src/store/change.ts';
import type { OwnedRRset } from '../../../src/zone/rrset.ts';
import { RRTYPE } from '../../../src/zone/rrtype.ts';
import { type Name, isSubdomain, parseName } from '../../../src/zone/name.ts';
import type { ZoneFileContent } from '../../../src/zone/zone-file/format-zone-file.ts';

/** A record before its zone has a name: labels below the apex, and where it points to, if it points anywhere. */
export interface Draft {
  readonly owner: string;
  readonly type: number;
  readonly target: string;
  readonly number: number;
}

const label = fc.constantFrom('a', 'b', 'c', '*');
const below = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'));
const plain = fc
  .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
  .map((labels) => labels.join('.'));
/** A name below the apex, or an absolute one outside of the zone. */
const target = fc.oneof(
  { weight: 6, arbitrary: plain },
  fc.constantFrom('away.example.', 'ns.else.example.'),
);
const type = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(RRTYPE.A, RRTYPE.AAAA, RRTYPE.TXT, RRTYPE.MX) },
  { weight: 3, arbitrary: fc.constantFrom(RRTYPE.CNAME, RRTYPE.NS, RRTYPE.DS) },
  { weight: 1, arbitrary: fc.constant(RRTYPE.DNAME) },
);

/** The records of a zone, in the order in which they are taken as far as they fit together. */
export const drafts: fc.Arbitrary<readonly Draft[]> = fc.array(
  fc.record({ owner: below, type, target, number: fc.integer({ min: 1, max: 3 }) }),
  { minLength: 3, maxLength: 14 },
);

/** What is asked: a name at or below the apex, in any case, and a type. */
export const question: fc.Arbitrary<readonly [labels: string, type: string]> = fc.tuple(
  fc
    .array(fc.constantFrom('a', 'b', 'c', 'B', 'nx', '*'), { maxLength: 4 })
    .map((labels) => labels.join('.')),
  fc.constantFrom('A', 'AAAA', 'TXT', 'NS', 'SOA', 'MX', 'CNAME', 'DS', 'DNAME'),
);

const TIMES = { refresh: 3600, retry: 900, expire: 1_209_600, minimum: 60, ttl: 300 };

/** A zone of these records, without those that would make it one that servers refuse. */
export function zoneOf(
  apexText: string,
  records: readonly Draft[],
): ZoneFileContent & { rrsets: OwnedRRset[] } {
  const apex = parseName(apexText)!;
  const nameOf = (text: string): Name => (text.endsWith('.') ? parseName(text)! : parseName(text, apex)!);
  const taken = new Map<string, OwnedRRset>();
  const put = (owner: Name, type: number, rdata: Buffer): void => {
    const key = `${owner}/${type}`;
    const before = taken.get(key)?.rrset.rdata ?? [];
    if (before.some((other) => rdata.equals(other))) return;
    taken.set(key, { owner, rrset: { type, ttl: 60, rdata: [...before, rdata] } });
  };
  put(apex, RRTYPE.NS, Buffer.from(nameOf('ns'), 'latin1'));
  put(nameOf('ns'), RRTYPE.A, Buffer.of(192, 0, 2, 53));
  for (const draft of records) {
    const owner = nameOf(draft.owner);
    if (fits(owner, draft.type, [...taken.values()]))
      put(owner, draft.type, rdataOf(draft, nameOf(draft.target)));
  }
  const soa = { mname: nameOf('ns'), rname: nameOf('hostmaster'), ...TIMES };
  return { apex, soa, serial: 1, rrsets: [...taken.values()] };
}

/** The changes that make the zone in a store. */
export function changesOf({ apex, soa, serial, rrsets }: ZoneFileContent): readonly Change[] {
  return [
    { kind: 'zone-put', zone: { apex, soa, serial, accept: 'any' } },
    ...Array.from(rrsets, ({ owner, rrset }) => ({ kind: 'rrset-put', apex, owner, rrset }) as const),
  ];
}

function fits(owner: Name, type: number, taken: readonly OwnedRRset[]): boolean {
  const isWildcard = owner.startsWith('\x01*');
  const others = taken.filter((other) => other.owner === owner);
  const has = (wanted: number): boolean => others.some(({ rrset }) => rrset.type === wanted);
  if (has(RRTYPE.CNAME)) return false;
  const isUnderDname = taken.some(
    ({ owner: at, rrset }) => rrset.type === RRTYPE.DNAME && at !== owner && isSubdomain(owner, at),
  );
  if (isUnderDname) return false;
  if (type === RRTYPE.CNAME) return others.length === 0;
  if (type === RRTYPE.NS) return !isWildcard && !has(RRTYPE.DNAME);
  if (type === RRTYPE.DS) return has(RRTYPE.NS);
  if (type !== RRTYPE.DNAME) return true;
  const hasBelow = taken.some(({ owner: at }) => at !== owner && isSubdomain(at, owner));
  return !isWildcard && !hasBelow && !has(RRTYPE.NS) && !has(RRTYPE.DNAME);
}

function rdataOf({ type, number }: Draft, pointsTo: Name): Buffer {
  const wire = Buffer.from(pointsTo, 'latin1');
  switch (type) {
    case RRTYPE.A:
      return Buffer.of(192, 0, 2, number);
    case RRTYPE.AAAA:
      return Buffer.from(`20010db80000000000000000000000${number.toString(16).padStart(2, '0')}`, 'hex');
    case RRTYPE.TXT:
      return Buffer.from(`\x02t${number}`);
    case RRTYPE.MX:
      return Buffer.concat([Buffer.of(0, number), wire]);
    case RRTYPE.DS:
      return Buffer.concat([Buffer.of(0, number, 8, 2), Buffer.alloc(32, number)]);
    default:
      return wire;
  }
}
