/**
 * How the names of enrolled machines are made: `shop-{serial}`, `{name}`, `branch{n:4}`.
 * Invariants: a pattern gives exactly one label of letters, digits and single hyphens (RFC 1123 §2.1), so a machine can
 * choose neither a name above or below the zone nor one in punycode; what a machine says of itself is only ever a part.
 */
import { closest } from 'fastest-levenshtein';
import { type Parsed, parsed, unparsable } from '../../ops/parsed.ts';

/** What may stand in braces. */
export const PLACEHOLDERS = ['serial', 'name', 'n'] as const;

type Placeholder = (typeof PLACEHOLDERS)[number];

/** A pattern taken apart; a number is padded with zeros to `width`. */
export interface Pattern {
  /** As it was read, in lower case. */
  readonly text: string;
  readonly parts: readonly (string | { readonly placeholder: Placeholder; readonly width: number })[];
}

/** What a machine says of itself, as far as a pattern asks for it. */
export interface MachineWords {
  readonly name: string;
  readonly serial: string | null;
  /** For `{n}`. */
  readonly number: number;
}

const MAX_LABEL = 63;
const MAX_WIDTH = 9;
const LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const PIECE = /\{([^{}]*)\}|([^{}]+)|[{}]/g;

/** What boards of many makers say in place of a serial number of their own, as `labelPart` writes it. */
const NO_SERIALS: ReadonlySet<string> = new Set([
  '0',
  'default-string',
  'to-be-filled-by-o-e-m',
  'system-serial-number',
  'serial-number',
  'none',
  'not-applicable',
  'not-available',
  'not-specified',
  'n-a',
  'na',
  'unknown',
  'invalid',
  'empty',
  'oem',
  'o-e-m',
  'standard',
  'chassis-serial-number',
]);

/** Reads a pattern. The reason of a failure is for the operator. */
export function parsePattern(text: string): Parsed<Pattern> {
  const lower = text.toLowerCase();
  const parts: Pattern['parts'][number][] = [];
  for (const [piece, inner, literal] of lower.matchAll(PIECE)) {
    if (literal !== undefined) parts.push(literal);
    else if (inner === undefined) return unparsable(`"${text}" has a ${piece} without its other half`);
    else {
      const placeholder = readPlaceholder(inner);
      if (typeof placeholder === 'string') return unparsable(placeholder);
      parts.push(placeholder);
    }
  }
  const sample = parts
    .map((part) => (typeof part === 'string' ? part : '0'.repeat(part.width || 1)))
    .join('');
  if (sample.includes('.'))
    return unparsable(`"${text}" must give one label: leave the dots and the zone out, --zone says where`);
  if (!LABEL.test(sample) || sample.includes('--'))
    return unparsable(`"${text}" must give one label of letters, digits and single hyphens between them`);
  if (sample.length > MAX_LABEL)
    return unparsable(`"${text}" is longer than the ${MAX_LABEL} characters of a label`);
  return parsed({ text: lower, parts });
}

function readPlaceholder(inner: string): Exclude<Pattern['parts'][number], string> | string {
  const [, word = '', width] = /^([^:]*)(?::(.*))?$/s.exec(inner)!;
  const known = PLACEHOLDERS.find((each) => each === word);
  if (known === undefined) {
    const nearest = closest(word, PLACEHOLDERS);
    return `unknown placeholder {${inner}} (nearest match: {${nearest}}; there are {serial}, {name}, {n} and {n:4})`;
  }
  if (width === undefined) return { placeholder: known, width: 0 };
  if (known !== 'n') return `{${known}} has no width; only {n:4} has one`;
  if (!/^[1-9]$/.test(width)) return `{${inner}}: the width of {n} is 1 to ${MAX_WIDTH}`;
  return { placeholder: known, width: Number(width) };
}

/** Whether a pattern has a placeholder, or any at all. */
export function asksFor({ parts }: Pattern, placeholder?: Placeholder): boolean {
  return parts.some(
    (part) => typeof part !== 'string' && (placeholder === undefined || part.placeholder === placeholder),
  );
}

/** The label for a machine; undefined where what it says of itself gives none (nothing usable in it, or too long). */
export function expandPattern({ parts }: Pattern, words: MachineWords): string | undefined {
  let label = '';
  for (const part of parts) {
    const value = typeof part === 'string' ? part : valueOf(part.placeholder, part.width, words);
    if (value === '') return undefined;
    label += value;
  }
  return label.length <= MAX_LABEL && LABEL.test(label) && !label.includes('--') ? label : undefined;
}

function valueOf(placeholder: Placeholder, width: number, { name, serial, number }: MachineWords): string {
  switch (placeholder) {
    case 'serial':
      return labelPart(serial ?? '');
    case 'name':
      return labelPart(name);
    case 'n':
      return String(number).padStart(width, '0');
  }
}

/** A serial number as it is compared and stored: null where a board says that it has none. */
export function normalizeSerial(text: string): string | null {
  const part = labelPart(text);
  const isNone = part === '' || NO_SERIALS.has(part) || /^(?:0+|f+|x+|1234567890?|0123456789)$/.test(part);
  return isNone ? null : text.trim();
}

/** What a label can hold of a text: letters and digits, everything else as one hyphen between them. */
function labelPart(text: string): string {
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
}
