/**
 * The words of a record's presentation format (RFC 1035 §5.1): unquoted words, quoted strings and their escapes.
 * Invariant: a token keeps the text as it was written between its blanks or quotes; only `tokenOctets` resolves
 * escapes, so `\;` and `;` stay apart until the field that owns them reads them.
 */
import { type Parsed, parsed, unparsable } from '../../ops/parsed.ts';

/** One word of rdata text; `text` is without the enclosing quotes and with its escapes. */
export interface Token {
  readonly text: string;
  readonly quoted: boolean;
}

/** A position in the words of one record; each field takes the words it owns. */
export class TokenCursor {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** The next word, which is then taken; undefined at the end. */
  next(): Token | undefined {
    return this.#tokens[this.#at++];
  }

  /** All words that are left, which are then taken. */
  rest(): readonly Token[] {
    const rest = this.#tokens.slice(this.#at);
    this.#at = this.#tokens.length;
    return rest;
  }

  /** The next word without taking it. */
  peek(): Token | undefined {
    return this.#tokens[this.#at];
  }
}

/**
 * Splits the rdata text of one record into its words. What a zone file would read as a comment, a parenthesis or a
 * line end is refused outside quotes and not guessed at: half a TXT record would be served otherwise.
 */
export function splitTokens(text: string): Parsed<readonly Token[]> {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    while (text[at] === ' ' || text[at] === '\t') at++;
    if (at >= text.length) return parsed(tokens);
    const char = text[at]!;
    if (char === '"') {
      const end = closingQuote(text, at);
      if (end === -1) return unparsable('a quoted string is not closed');
      tokens.push({ text: text.slice(at + 1, end), quoted: true });
      at = end + 1;
      continue;
    }
    const end = wordEnd(text, at);
    if (end === at)
      return unparsable(`${JSON.stringify(char)} has a meaning in zone files: write it in quotes`);
    if (end < 0) return unparsable('a quoted string is not closed');
    tokens.push({ text: text.slice(at, end), quoted: false });
    at = end;
  }
}

/** The index of the quote that closes the string opened at `open`, or -1; a string may not span lines. */
export function closingQuote(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === NEWLINE) return -1;
    if (code === BACKSLASH) at++;
  }
  return -1;
}

/**
 * The index after the unquoted word that starts at `start`; -1 where a quote inside it is not closed. A quote after
 * `=` belongs to the word, as in `alpn="h2,h3"` (RFC 9460 §2.1); any other ends it.
 */
export function wordEnd(text: string, start: number): number {
  let at = start;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > SEMICOLON && code !== BACKSLASH) continue;
    if (code === BACKSLASH) {
      // An escaped line end would hide it from whoever counts lines.
      if (text.charCodeAt(at + 1) !== NEWLINE) at++;
    } else if (code === QUOTE && at > start && text.charCodeAt(at - 1) === EQUALS) {
      at = closingQuote(text, at);
      if (at === -1) return -1;
    } else if (ENDS_WORD[code] === 1) {
      return at;
    }
  }
  return Math.min(at, text.length);
}

/**
 * The octets that a word stands for, as a latin1 string: `\X`, `\DDD` resolved, other characters in UTF-8. The
 * failure is a fragment that follows the field's name.
 */
export function tokenOctets(token: Token): Parsed<string> {
  if (PLAIN.test(token.text)) return parsed(token.text);
  let octets = '';
  for (let at = 0; at < token.text.length;) {
    const char = String.fromCodePoint(token.text.codePointAt(at)!);
    at += char.length;
    if (char === '"') return unparsable('a quote inside a word must be escaped');
    if (char !== '\\') {
      octets += utf8(char);
      continue;
    }
    const digits = token.text.slice(at, at + 3);
    if (/^\d{3}$/.test(digits) && Number(digits) < 256) {
      octets += String.fromCharCode(Number(digits));
      at += 3;
    } else if (at < token.text.length && !/\d/.test(token.text[at]!)) {
      const escaped = String.fromCodePoint(token.text.codePointAt(at)!);
      octets += utf8(escaped);
      at += escaped.length;
    } else {
      return unparsable(`'\\${digits}' is no escape: \\X or \\DDD up to \\255`);
    }
  }
  return parsed(octets);
}

/** Octets as a quoted string; quote, backslash and everything that is not printable ASCII escaped. */
export function formatQuoted(octets: string): string {
  return `"${octets.replace(/[^ !#-[\]-~]/g, (char) =>
    char === '"' || char === '\\' ? `\\${char}` : `\\${char.charCodeAt(0).toString().padStart(3, '0')}`,
  )}"`;
}

function utf8(char: string): string {
  return char.charCodeAt(0) < 0x80 ? char : Buffer.from(char, 'utf8').toString('latin1');
}

const PLAIN = /^[ !#-[\]-~]*$/;
const NEWLINE = 10;
const QUOTE = 34;
const SEMICOLON = 59;
const EQUALS = 61;
const BACKSLASH = 92;
const ENDS_WORD = new Uint8Array(SEMICOLON + 1);
for (const code of [9, NEWLINE, 13, 32, QUOTE, 40, 41, SEMICOLON]) ENDS_WORD[code] = 1;
