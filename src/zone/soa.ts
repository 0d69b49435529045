/** The SOA record of a zone, of which the store keeps the fields and the serial apart (RFC 1035 §3.3.13). */
import type { Name } from './name.ts';
import type { RRset } from './rrset.ts';
import { RRTYPE } from './rrtype.ts';

/** The SOA record without its serial; times in seconds. */
export interface SoaFields {
  readonly mname: Name;
  readonly rname: Name;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  /** The negative-caching time (RFC 2308 §4). */
  readonly minimum: number;
  readonly ttl: number;
}

/** The SOA RRset of a zone with this serial. */
export function soaRRset({ soa, serial }: { readonly soa: SoaFields; readonly serial: number }): RRset {
  const names = Buffer.from(soa.mname + soa.rname, 'latin1');
  const rdata = Buffer.alloc(names.length + 20);
  names.copy(rdata);
  [serial, soa.refresh, soa.retry, soa.expire, soa.minimum].forEach((value, i) => {
    rdata.writeUInt32BE(value, names.length + i * 4);
  });
  return { type: RRTYPE.SOA, ttl: soa.ttl, rdata: [rdata] };
}
