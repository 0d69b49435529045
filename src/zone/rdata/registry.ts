/**
 * The RR types whose rdata Homing reads and writes as text; every other type goes by RFC 3597.
 * Invariant: a type whose rdata holds domain names says where they lie.
 */
import { unparsable } from '../../ops/parsed.ts';
import { RRTYPE } from '../rrtype.ts';
import { A, AAAA } from './address.ts';
import { type Field, type RdataCodec, type RdataNames, sequence } from './codec.ts';
import { BASE64, HEX, NAME, REST_STRING, SECONDS, STRING, STRINGS, U16, U32, U8 } from './fields.ts';
import { LOC } from './loc.ts';
import { SVCB } from './svcb.ts';

/** The tag of a CAA property: letters and digits (RFC 8659 §4.1). */
const CAA_TAG: Field = {
  parse: (cursor, origin) => {
    const tag = STRING.parse(cursor, origin);
    return !tag.ok || /^[A-Za-z0-9]+$/.test(tag.value.slice(1))
      ? tag
      : unparsable('letters and digits are needed');
  },
  format: (wire, at) => {
    const next = at + 1 + wire.charCodeAt(at);
    const text = wire.slice(at + 1, next);
    return next <= wire.length && /^[A-Za-z0-9]+$/.test(text) ? { text, next } : undefined;
  },
};

const ONE_NAME: RdataNames = { offset: 0, strings: 0, count: 1, compressible: true };
const NEW_NAME: RdataNames = { ...ONE_NAME, compressible: false };
const TEXT = sequence({ 'the text': STRINGS });
const CERTIFICATE = sequence({
  'the usage': U8,
  'the selector': U8,
  'the matching type': U8,
  'the certificate data': HEX,
});

const CODECS: ReadonlyMap<number, RdataCodec> = new Map<number, RdataCodec>([
  [RRTYPE.A, A],
  [RRTYPE.NS, sequence({ 'the name server': NAME }, ONE_NAME)],
  [RRTYPE.CNAME, sequence({ 'the canonical name': NAME }, ONE_NAME)],
  [
    RRTYPE.SOA,
    sequence(
      {
        'the primary name server': NAME,
        'the mailbox': NAME,
        'the serial': U32,
        'the refresh time': SECONDS,
        'the retry time': SECONDS,
        'the expire time': SECONDS,
        'the negative caching time': SECONDS,
      },
      { ...ONE_NAME, count: 2 },
    ),
  ],
  [RRTYPE.PTR, sequence({ 'the name': NAME }, ONE_NAME)],
  [RRTYPE.HINFO, sequence({ 'the CPU': STRING, 'the operating system': STRING })],
  [RRTYPE.MX, sequence({ 'the preference': U16, 'the mail server': NAME }, { ...ONE_NAME, offset: 2 })],
  [RRTYPE.TXT, TEXT],
  [RRTYPE.SPF, TEXT],
  [RRTYPE.RP, sequence({ 'the mailbox': NAME, 'the text name': NAME }, { ...NEW_NAME, count: 2 })],
  [RRTYPE.AFSDB, sequence({ 'the subtype': U16, 'the host': NAME }, { ...NEW_NAME, offset: 2 })],
  [RRTYPE.AAAA, AAAA],
  [RRTYPE.LOC, LOC],
  [
    RRTYPE.SRV,
    sequence(
      { 'the priority': U16, 'the weight': U16, 'the port': U16, 'the target': NAME },
      { ...NEW_NAME, offset: 6 },
    ),
  ],
  [
    RRTYPE.NAPTR,
    sequence(
      {
        'the order': U16,
        'the preference': U16,
        'the flags': STRING,
        'the service': STRING,
        'the expression': STRING,
        'the replacement': NAME,
      },
      { ...NEW_NAME, offset: 4, strings: 3 },
    ),
  ],
  [RRTYPE.DNAME, sequence({ 'the target': NAME }, NEW_NAME)],
  [
    RRTYPE.DS,
    sequence({ 'the key tag': U16, 'the algorithm': U8, 'the digest type': U8, 'the digest': HEX }),
  ],
  [RRTYPE.SSHFP, sequence({ 'the algorithm': U8, 'the fingerprint type': U8, 'the fingerprint': HEX })],
  [RRTYPE.TLSA, CERTIFICATE],
  [RRTYPE.SMIMEA, CERTIFICATE],
  [RRTYPE.OPENPGPKEY, sequence({ 'the key': BASE64 })],
  [RRTYPE.URI, sequence({ 'the priority': U16, 'the weight': U16, 'the target': REST_STRING })],
  [RRTYPE.SVCB, SVCB],
  [RRTYPE.HTTPS, SVCB],
  [RRTYPE.CAA, sequence({ 'the flags': U8, 'the tag': CAA_TAG, 'the value': REST_STRING })],
]);

/** The codec of a type, or undefined where its rdata is opaque. */
export function codecOf(type: number): RdataCodec | undefined {
  return CODECS.get(type);
}
