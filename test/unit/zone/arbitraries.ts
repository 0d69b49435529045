/** Arbitrary names and well-formed rdata for property tests; labels hold any octet, as DNS allows. */
import fc from 'fast-check';
import { type Name, nameFromLabels } from '../../../src/zone/name.ts';
import { RRTYPE } from '../../../src/zone/rrtype.ts';

const SPECIAL = Array.from('.\\";()@$# \t*\0\xffA');

/** A label of any octets as latin1, often of those that presentation format must escape. */
export const anyLabel = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', '-', '1'), minLength: 1, maxLength: 5 }),
  fc.string({ unit: fc.constantFrom(...SPECIAL), minLength: 1, maxLength: 5 }),
  fc.uint8Array({ minLength: 1, maxLength: 63 }).map((octets) => Buffer.from(octets).toString('latin1')),
);

/** Any name, the root included. */
export const anyName: fc.Arbitrary<Name> = fc
  .array(anyLabel, { maxLength: 5 })
  .map((labels) => nameFromLabels(labels))
  .filter((name) => name !== undefined);

/** A name at or below `apex`. */
export function nameIn(apex: readonly string[]): fc.Arbitrary<Name> {
  return fc
    .array(anyLabel, { maxLength: 2 })
    .map((labels) => nameFromLabels([...labels, ...apex]))
    .filter((name) => name !== undefined);
}

const octets = (length: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((bytes) => Buffer.from(bytes).toString('latin1'));
const blob = fc
  .uint8Array({ minLength: 1, maxLength: 40 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'));
const characterString = fc
  .uint8Array({ maxLength: 255 })
  .map((bytes) => Buffer.from([bytes.length, ...bytes]).toString('latin1'));
const word = fc.stringMatching(/^[A-Za-z0-9]{1,12}$/).map((text) => String.fromCharCode(text.length) + text);
const u16 = octets(2);
const param = (key: number, value: string): string => {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(key);
  head.writeUInt16BE(value.length, 2);
  return head.toString('latin1') + value;
};
const svcParams = fc
  .record(
    {
      1: fc
        .array(anyLabel, { minLength: 1, maxLength: 3 })
        .map((ids) => ids.map((id) => String.fromCharCode(id.length) + id).join('')),
      2: fc.constant(''),
      3: u16,
      4: fc.oneof(octets(4), octets(8)),
      5: blob,
      6: fc.oneof(octets(16), octets(32)),
      7: blob,
      8: fc.constant(''),
      667: fc.oneof(blob, fc.constant('')),
    },
    { requiredKeys: [] },
  )
  .chain((params) =>
    fc.boolean().map((mandatory) => {
      const keys = Object.keys(params).map(Number);
      const list = Buffer.from(keys.flatMap((key) => [key >> 8, key & 255])).toString('latin1');
      const first = mandatory && keys.length > 0 ? param(0, list) : '';
      return (
        first +
        Object.entries(params)
          .map(([key, value]) => param(Number(key), value))
          .join('')
      );
    }),
  );

/** A number of four octets. */
function u32(min: number, max: number): fc.Arbitrary<string> {
  return fc.integer({ min, max }).map((value) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes.toString('latin1');
  });
}

function joined(...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc.tuple(...parts).map((texts) => texts.join(''));
}

const svcb = joined(u16, anyName, svcParams);
const locSize = fc
  .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }))
  .map(([digit, power]) => String.fromCharCode(digit === 0 ? 0 : (digit << 4) | power));
const certificate = joined(octets(3), blob);
const texts = fc.array(characterString, { minLength: 1, maxLength: 4 }).map((strings) => strings.join(''));

/** Well-formed rdata (wire form as latin1, names in lower case) of every type that has a text syntax. */
export const RDATA: ReadonlyMap<number, fc.Arbitrary<string>> = new Map<number, fc.Arbitrary<string>>([
  [RRTYPE.A, octets(4)],
  [RRTYPE.NS, anyName],
  [RRTYPE.CNAME, anyName],
  [RRTYPE.SOA, joined(anyName, anyName, octets(20))],
  [RRTYPE.PTR, anyName],
  [RRTYPE.HINFO, joined(characterString, characterString)],
  [RRTYPE.MX, joined(u16, anyName)],
  [RRTYPE.TXT, texts],
  [RRTYPE.SPF, texts],
  [RRTYPE.RP, joined(anyName, anyName)],
  [RRTYPE.AFSDB, joined(u16, anyName)],
  [
    RRTYPE.AAAA,
    fc.oneof(
      octets(16),
      octets(4).map((v4) => '\0'.repeat(10) + '\xff\xff' + v4),
    ),
  ],
  [
    RRTYPE.LOC,
    joined(
      fc.constant('\0'),
      locSize,
      locSize,
      locSize,
      u32(2 ** 31 - 324_000_000, 2 ** 31 + 324_000_000),
      u32(2 ** 31 - 648_000_000, 2 ** 31 + 648_000_000),
      u32(0, 2 ** 32 - 1),
    ),
  ],
  [RRTYPE.SRV, joined(octets(6), anyName)],
  [RRTYPE.NAPTR, joined(octets(4), characterString, characterString, characterString, anyName)],
  [RRTYPE.DNAME, anyName],
  [RRTYPE.DS, joined(octets(4), blob)],
  [RRTYPE.SSHFP, joined(octets(2), blob)],
  [RRTYPE.TLSA, certificate],
  [RRTYPE.SMIMEA, certificate],
  [RRTYPE.OPENPGPKEY, blob],
  [RRTYPE.SVCB, svcb],
  [RRTYPE.HTTPS, svcb],
  [RRTYPE.URI, joined(octets(4), fc.oneof(blob, fc.constant('')))],
  [RRTYPE.CAA, joined(octets(1), word, fc.oneof(blob, fc.constant('')))],
]);

/** Bytes of a latin1 string, as plain Uint8Array. */
export function bytesOf(latin1: string): Uint8Array {
  return Uint8Array.from(latin1, (char) => char.charCodeAt(0));
}
