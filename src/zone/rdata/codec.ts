/**
 * What a codec for one RR type is, and how one is made of fields: each field reads its words and writes its octets.
 *
 * Wire form is a latin1 string here, as names are. Invariants: `format` succeeds exactly on rdata that is well
 * formed and whose names are in lower case, and `parse` of what it gives makes the same octets again.
 */
import { type Parsed, parsed, unparsable } from '../../ops/parsed.ts';
import type { Name } from '../name.ts';
import { type Token, TokenCursor } from './token.ts';

/** Where the domain names lie in a type's rdata, and whether they may be compressed in a message. */
export interface RdataNames {
  /** Octets before the first name, character-strings not counted. */
  readonly offset: number;
  /** Character-strings between those octets and the first name (NAPTR has three). */
  readonly strings: number;
  /** How many names follow one another there. */
  readonly count: number;
  /** Only the types of RFC 1035 may have their names compressed (RFC 3597 §4). */
  readonly compressible: boolean;
}

/** Reads and writes the rdata of one type. */
export interface RdataCodec {
  /** Wire form of the words; all of them must be used. */
  parse(tokens: readonly Token[], origin: Name): Parsed<string>;
  /** Canonical text, or undefined where the wire form is not well formed for the type. */
  format(wire: string): string | undefined;
  readonly names?: RdataNames;
}

/** What a field found in wire form: its text and the offset after it. */
export interface Formatted {
  readonly text: string;
  readonly next: number;
}

/** One part of a type's rdata. Reasons are fragments that follow the field's label. */
export interface Field {
  parse(cursor: TokenCursor, origin: Name): Parsed<string>;
  /** The text of the field at `at`; undefined where there is no such field. */
  format(wire: string, at: number): Formatted | undefined;
}

/** A codec for rdata made of these fields in this order; the keys name them in reasons. */
export function sequence(fields: Readonly<Record<string, Field>>, names?: RdataNames): RdataCodec {
  const parts = Object.entries(fields);
  return {
    parse: (tokens, origin) => parseFields(parts, tokens, origin),
    format: (wire) => {
      const texts: string[] = [];
      let at = 0;
      for (const [, field] of parts) {
        const found = field.format(wire, at);
        if (found === undefined) return undefined;
        texts.push(found.text);
        at = found.next;
      }
      return at === wire.length ? texts.join(' ') : undefined;
    },
    ...(names === undefined ? {} : { names }),
  };
}

function parseFields(
  parts: readonly (readonly [string, Field])[],
  tokens: readonly Token[],
  origin: Name,
): Parsed<string> {
  const cursor = new TokenCursor(tokens);
  let wire = '';
  for (const [label, field] of parts) {
    if (cursor.peek() === undefined) return unparsable(`${label} is missing`);
    const part = field.parse(cursor, origin);
    if (!part.ok) return unparsable(`${label}: ${part.reason}`);
    wire += part.value;
  }
  const extra = cursor.next();
  return extra === undefined ? parsed(wire) : unparsable(`unexpected '${extra.text}' at the end`);
}
