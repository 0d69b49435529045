/**
 * The one gate through which rdata becomes an RRset, whether an operator typed it, a zone file held it or a message
 * carried it. Invariant: what passes is well formed, canonical, free of duplicates (RFC 2181 §5) and within the
 * limits that secondaries accept.
 */
import { type Parsed, parsed, unparsable } from '../ops/parsed.ts';
import { canonicalRdata } from './rdata/rdata.ts';
import { RRSET_LIMITS, type RRset } from './rrset.ts';
import { RRTYPE, formatRRType, isStorableType } from './rrtype.ts';
import { MAX_TTL } from './ttl.ts';

/** Types of which an owner has one record at most (RFC 1034 §3.6.2, RFC 6672 §2.4, RFC 1035 §5.2). */
const SINGLETONS: ReadonlySet<number> = new Set([RRTYPE.CNAME, RRTYPE.DNAME, RRTYPE.SOA]);

/**
 * The RRset of this type with these records in wire form; names come out in lower case, duplicates are dropped, the
 * order of the rest is kept. TTL in seconds. The reason of a failure begins with the type.
 */
export function validateRRset(type: number, ttl: number, rdata: readonly Uint8Array[]): Parsed<RRset> {
  const fail = (reason: string): Parsed<RRset> => unparsable(`${formatRRType(type)}: ${reason}`);
  if (!isStorableType(type)) return fail('such records cannot be stored in a zone');
  if (!Number.isInteger(ttl) || ttl < 0 || ttl > MAX_TTL)
    return fail(`the TTL is a whole number of seconds from 0 to ${MAX_TTL}`);
  const canonical: Uint8Array[] = [];
  for (const record of rdata) {
    const form = canonicalRdata(type, record);
    if (form === undefined) return fail('a record is not well formed for its type');
    canonical.push(form);
  }
  const distinct = canonical.length < 2 ? canonical : withoutDuplicates(canonical);
  const bytes = distinct.reduce((sum, record) => sum + record.length, 0);
  if (distinct.length === 0) return fail('at least one record is needed');
  if (distinct.length > 1 && SINGLETONS.has(type)) return fail('a name has one such record at most');
  if (distinct.length > RRSET_LIMITS.records)
    return fail(`${distinct.length} records at one name, at most ${RRSET_LIMITS.records} are allowed`);
  if (bytes > RRSET_LIMITS.bytes)
    return fail(`${bytes} octets at one name, at most ${RRSET_LIMITS.bytes} are allowed`);
  return parsed({ type, ttl, rdata: distinct });
}

function withoutDuplicates(records: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(records.map((record) => [Buffer.from(record).toString('latin1'), record])).values()];
}
