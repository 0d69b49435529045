/** RR type numbers (IANA DNS parameters) and their mnemonics, `TYPEnnn` for the rest (RFC 3597 §5). */

/** Types that Homing's code names. */
export const RRTYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  AAAA: 28,
  LOC: 29,
  SRV: 33,
  NAPTR: 35,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  SSHFP: 44,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SMIMEA: 53,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  ZONEMD: 63,
  SVCB: 64,
  HTTPS: 65,
  SPF: 99,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
  URI: 256,
  CAA: 257,
} as const;

/** A type that Homing's code names. */
export type RRTypeName = keyof typeof RRTYPE;

const NAMES = new Map<number, string>(Object.entries(RRTYPE).map(([name, number]) => [number, name]));

/** `A`, `AAAA`, …, or `TYPE1234`. */
export function formatRRType(type: number): string {
  return NAMES.get(type) ?? `TYPE${type}`;
}

/** The number of a mnemonic or `TYPEnnn` in any case; undefined if it is neither. */
export function parseRRType(text: string): number | undefined {
  const upper = text.toUpperCase();
  if (Object.hasOwn(RRTYPE, upper)) return RRTYPE[upper as RRTypeName];
  const number = /^TYPE(\d{1,5})$/.exec(upper)?.[1];
  return number === undefined || Number(number) > 0xffff ? undefined : Number(number);
}

/** Whether a type can be stored in a zone: not a question-only or meta type (RFC 6895 §3.1). */
export function isStorableType(type: number): boolean {
  return type > 0 && type <= 0xffff && type !== RRTYPE.OPT && !(type >= 128 && type <= 255);
}
