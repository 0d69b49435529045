/**
 * Host names as people and DDNS clients type them, international ones included.
 *
 * Invariant: what comes out is a name of two or more labels of letters, digits, hyphens and underscores (RFC 952,
 * RFC 1123 §2.1; the underscore is common in device names), never an address, and a wildcard only where one was
 * asked for.
 */
import { domainToASCII } from 'node:url';
import { type Name, nameFromLabels, nameFromWire, wildcardOf } from './name.ts';

/** More than any name has in Unicode; bounds the work of IDNA mapping. */
const MAX_TEXT = 1024;

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/i;

const MAX_LABEL = 63;
/** In a wire form of 255 octets: the dots become lengths, one length comes first and one last. */
const MAX_DOTTED = 253;
const LENGTHS = Array.from({ length: MAX_LABEL + 1 }, (_, length) => String.fromCharCode(length));
const DOT = '.'.charCodeAt(0);
const HYPHEN = '-'.charCodeAt(0);

/**
 * Reads a fully qualified host name. Blanks around it and one trailing dot are dropped, Unicode is mapped by IDNA
 * (UTS 46) to its `xn--` form. Undefined for everything that is not one: single labels, addresses, other characters,
 * a last label of digits only (RFC 3696 §2: no such top-level domain, but every mistyped IPv4 address).
 */
export function parseHostname(text: string): Name | undefined {
  return parsePlainHostname(text) ?? parseAnyHostname(text);
}

/**
 * The name in one pass where it is written as nearly all devices write it: lower-case labels, the last one beginning
 * with a letter, nothing before or behind. Undefined for everything that needs a closer look.
 */
function parsePlainHostname(text: string): Name | undefined {
  const end = text.length;
  if (end > MAX_DOTTED) return undefined;
  let wire = '';
  let start = 0;
  let previous = DOT;
  for (let at = 0; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (previous === DOT || previous === HYPHEN || at - start > MAX_LABEL) return undefined;
      wire += LENGTHS[at - start]! + text.slice(start, at);
      start = at + 1;
    } else if (!isLetter(code) && !(code >= 0x30 && code <= 0x39) && code !== 0x5f) {
      if (code !== HYPHEN || previous === DOT) return undefined;
    }
    previous = code;
  }
  const last = end - start;
  if (start === 0 || last === 0 || last > MAX_LABEL || previous === HYPHEN) return undefined;
  if (!isLetter(text.charCodeAt(start))) return undefined;
  return nameFromWire(`${wire}${LENGTHS[last]!}${text.slice(start)}\0`);
}

function isLetter(code: number): boolean {
  return code >= 0x61 && code <= 0x7a;
}

function parseAnyHostname(text: string): Name | undefined {
  if (text.length > MAX_TEXT) return undefined;
  const ascii = toAscii(text.trim());
  const labels = (ascii.endsWith('.') ? ascii.slice(0, -1) : ascii).split('.');
  if (labels.length < 2 || !labels.every((label) => LABEL.test(label))) return undefined;
  return /^\d+$/.test(labels.at(-1)!) ? undefined : nameFromLabels(labels);
}

/** As `parseHostname`; a `*` may stand before it as a label of its own (RFC 4592). */
export function parseHostnameOrWildcard(text: string): Name | undefined {
  if (!text.startsWith('*.')) return parseHostname(text);
  const parent = parseHostname(text.slice(2));
  return parent === undefined ? undefined : wildcardOf(parent);
}

function toAscii(text: string): string {
  // The URL host parser behind domainToASCII also unescapes percent signs and reads `0x7f.1` as an address, so it
  // sees only what needs it, and only such ASCII as a host name has.
  if (!/[^\0-\x7f]/.test(text)) return text;
  return /[^A-Za-z0-9_.\x80-\u{10ffff}-]/u.test(text) ? '' : domainToASCII(text);
}
