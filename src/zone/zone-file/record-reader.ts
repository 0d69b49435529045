/**
 * The records of a master file: owners, TTLs and classes that an entry leaves out are filled in (RFC 1035 §5.1,
 * RFC 2308 §4), directives are obeyed or refused. Invariant: every record given is of class IN, inside the zone and
 * in wire form.
 */
import { type Parsed, parsed, unparsable } from '../../ops/parsed.ts';
import { type Name, formatName, isSubdomain } from '../name.ts';
import { parseNameToken } from '../rdata/fields.ts';
import { parseRdataTokens } from '../rdata/rdata.ts';
import { RRTYPE, formatRRType, isStorableType, parseRRType } from '../rrtype.ts';
import { parseTtl } from '../ttl.ts';
import { type Entry, EntryReader, type Misplaced, type PlacedToken } from './entry-reader.ts';

/** One record; `at` is the offset of its entry, `ttl` is undefined where only the SOA can supply it. */
export interface ZoneFileRecord {
  readonly at: number;
  readonly owner: Name;
  readonly ttl: number | undefined;
  readonly type: number;
  /** Null for a record that belongs to a signature, which is not imported. */
  readonly rdata: Uint8Array | null;
}

/** Made from the zone's keys by whoever signs it: of no use in a copy that changes. */
const SIGNATURE_TYPES: ReadonlySet<number> = new Set([
  RRTYPE.RRSIG,
  RRTYPE.NSEC,
  RRTYPE.NSEC3,
  RRTYPE.NSEC3PARAM,
  RRTYPE.DNSKEY,
  RRTYPE.CDS,
  RRTYPE.CDNSKEY,
  RRTYPE.ZONEMD,
]);

/** Reads the records of one text in their order. */
export class RecordReader {
  readonly #entries: EntryReader;
  readonly #apex: Name;
  #origin: Name;
  #owner: Name | undefined;
  #ownerText: string | undefined;
  #defaultTtl: number | undefined;
  #lastTtl: number | undefined;

  constructor(text: string, apex: Name) {
    this.#entries = new EntryReader(text);
    this.#apex = apex;
    this.#origin = apex;
  }

  /** The next record; undefined at the end; `Misplaced` at the first thing that is wrong. */
  next(): ZoneFileRecord | Misplaced | undefined {
    for (;;) {
      const entry = this.#entries.next();
      if (entry === undefined || 'reason' in entry) return entry;
      const [first] = entry.tokens;
      if (entry.ownerOmitted || first?.quoted !== false || !first.text.startsWith('$'))
        return this.#readRecord(entry);
      const refused = this.#obey(first, entry.tokens);
      if (refused !== undefined) return { at: first.at, reason: refused };
    }
  }

  #obey(directive: PlacedToken, tokens: readonly PlacedToken[]): string | undefined {
    const name = directive.text.toUpperCase();
    const argument = tokens[1];
    if (name === '$INCLUDE') return '$INCLUDE is not followed: put the included records into this file';
    if (name === '$GENERATE') return '$GENERATE is not supported: write the records it makes';
    if (name !== '$ORIGIN' && name !== '$TTL') return `'${directive.text}' is no directive of zone files`;
    if (argument === undefined || tokens.length > 2) return `${name} takes one value`;
    if (name === '$TTL') {
      this.#defaultTtl = parseTtl(argument.text);
      return this.#defaultTtl === undefined ? `'${argument.text}' is no TTL` : undefined;
    }
    const origin = parseNameToken(argument, this.#origin);
    if (!origin.ok) return origin.reason;
    this.#origin = origin.value;
    this.#ownerText = undefined;
    return undefined;
  }

  #readRecord({ at, ownerOmitted, tokens }: Entry): ZoneFileRecord | Misplaced {
    if (!ownerOmitted) {
      const owner = this.#readOwner(tokens[0]!);
      if (!owner.ok) return { at, reason: owner.reason };
    }
    if (this.#owner === undefined) return { at, reason: 'the first record names no owner' };
    const start = readStart(tokens, ownerOmitted ? 0 : 1);
    if ('reason' in start) return start;
    this.#lastTtl = start.ttl ?? this.#lastTtl;
    const ttl = start.ttl ?? this.#defaultTtl ?? this.#lastTtl;
    const record = { at, owner: this.#owner, ttl, type: start.type };
    if (SIGNATURE_TYPES.has(start.type)) return { ...record, rdata: null };
    if (ttl === undefined && start.type !== RRTYPE.SOA)
      return { at, reason: 'no TTL: give one here, or a $TTL line before' };
    const rdata = parseRdataTokens(start.type, tokens.slice(start.next), this.#origin);
    if (rdata.ok) return { ...record, rdata: rdata.value };
    return { at: (tokens[start.next] ?? tokens[start.next - 1]!).at, reason: rdata.reason };
  }

  #readOwner(token: PlacedToken): Parsed<Name> {
    // Sorted files repeat the owner on every line.
    if (token.text === this.#ownerText && !token.quoted && this.#owner !== undefined)
      return parsed(this.#owner);
    const owner = parseNameToken(token, this.#origin);
    if (!owner.ok) return owner;
    if (!isSubdomain(owner.value, this.#apex))
      return unparsable(`${formatName(owner.value)} is outside the zone ${formatName(this.#apex)}`);
    this.#owner = owner.value;
    this.#ownerText = token.text;
    return owner;
  }
}

/** What stands before the rdata: TTL and class in either order, each optional, then the type. */
function readStart(
  tokens: readonly PlacedToken[],
  first: number,
): { readonly ttl: number | undefined; readonly type: number; readonly next: number } | Misplaced {
  let ttl: number | undefined;
  let classSeen = false;
  for (let i = first; i < tokens.length; i++) {
    const token = tokens[i]!;
    const isClass = !classSeen && /^(?:IN|CH|CS|HS|ANY|NONE|CLASS\d+)$/i.test(token.text);
    if (isClass) {
      if (!/^(?:IN|CLASS1)$/i.test(token.text))
        return { at: token.at, reason: `class ${token.text}: only IN records are served` };
      classSeen = true;
    } else if (ttl === undefined && /^\d/.test(token.text)) {
      ttl = parseTtl(token.text);
      if (ttl === undefined) return { at: token.at, reason: `'${token.text}' is no TTL` };
    } else {
      const type = token.quoted ? undefined : parseRRType(token.text);
      if (type === undefined) return { at: token.at, reason: `'${token.text}' is no record type` };
      if (!isStorableType(type))
        return { at: token.at, reason: `${formatRRType(type)} records cannot be stored in a zone` };
      return { ttl, type, next: i + 1 };
    }
  }
  return { at: tokens.at(-1)!.at, reason: 'the record type is missing' };
}
