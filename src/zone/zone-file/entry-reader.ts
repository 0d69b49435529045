/**
 * The entries of a master file (RFC 1035 §5.1): one record or directive each, over several lines where parentheses
 * say so, comments dropped. Invariants: reads forward only, each character once; keeps offsets and no line numbers,
 * which are counted only where there is something to report.
 */
import { type Token, closingQuote, wordEnd } from '../rdata/token.ts';

/** A word and where it starts in the text. */
export interface PlacedToken extends Token {
  readonly at: number;
}

/** One entry: its words, and whether its line began with a blank, so that the owner is the one before. */
export interface Entry {
  readonly at: number;
  readonly ownerOmitted: boolean;
  readonly tokens: readonly PlacedToken[];
}

/** What is wrong at an offset of the text. */
export interface Misplaced {
  readonly at: number;
  readonly reason: string;
}

/** Reads the entries of one text in their order. */
export class EntryReader {
  readonly #text: string;
  #at: number;

  constructor(text: string) {
    this.#text = text;
    this.#at = text.startsWith('\ufeff') ? 1 : 0;
  }

  /** The next entry that has words; undefined at the end of the text; `Misplaced` where it cannot be split. */
  next(): Entry | Misplaced | undefined {
    while (this.#at < this.#text.length) {
      const at = this.#at;
      const ownerOmitted = this.#text[at] === ' ' || this.#text[at] === '\t';
      const tokens = this.#readEntry();
      if (!Array.isArray(tokens)) return tokens;
      if (tokens.length > 0) return { at, ownerOmitted, tokens };
    }
    return undefined;
  }

  #readEntry(): PlacedToken[] | Misplaced {
    const tokens: PlacedToken[] = [];
    const text = this.#text;
    let at = this.#at;
    const open: number[] = [];
    for (; at < text.length;) {
      const char = text[at]!;
      if (char === ' ' || char === '\t' || char === '\r') {
        at++;
      } else if (char === '\n') {
        at++;
        if (open.length === 0) break;
      } else if (char === ';') {
        const end = text.indexOf('\n', at);
        at = end === -1 ? text.length : end;
      } else if (char === '(') {
        open.push(at++);
      } else if (char === ')') {
        if (open.pop() === undefined) return { at, reason: 'a parenthesis is closed that was not opened' };
        at++;
      } else {
        const token = readToken(text, at);
        if (token === undefined) return { at, reason: 'a quoted string is not closed on its line' };
        tokens.push(token);
        at += token.text.length + (token.quoted ? 2 : 0);
      }
    }
    this.#at = at;
    const unclosed = open.at(-1);
    return unclosed === undefined ? tokens : { at: unclosed, reason: 'a parenthesis is not closed' };
  }
}

/** The line and column, both from 1, of an offset. */
export function positionOf(text: string, at: number): { readonly line: number; readonly column: number } {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf('\n'); end !== -1 && end < at; end = text.indexOf('\n', start)) {
    line++;
    start = end + 1;
  }
  return { line, column: at - start + 1 };
}

function readToken(text: string, at: number): PlacedToken | undefined {
  if (text[at] === '"') {
    const end = closingQuote(text, at);
    return end === -1 ? undefined : { text: text.slice(at + 1, end), quoted: true, at };
  }
  const end = wordEnd(text, at);
  return end === -1 ? undefined : { text: text.slice(at, end), quoted: false, at };
}
