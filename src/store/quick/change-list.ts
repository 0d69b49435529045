/**
 * The changes of a stored commit from the bytes between the brackets of its list, one after the other: an import of a
 * million records is one commit, and must never be a million objects at once.
 * Invariant: takes exactly the lists of changes that JSON and `Decoder` take together, as long as no object has a key twice,
 * which JSON leaves open (RFC 8259 §4).
 */
import { Decoder } from '../codec.ts';
import type { ChangeTarget } from './change-target.ts';
import { QuickDecoder } from './quick-decoder.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
/** What JSON takes for white space. */
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** Decodes the commits of one journal for a target; what repeats in them is decoded once. */
export class ChangeListDecoder {
  readonly #target: ChangeTarget;
  readonly #decoder = new Decoder();
  readonly #quick: QuickDecoder;

  constructor(target: ChangeTarget) {
    this.#target = target;
    this.#quick = new QuickDecoder(target);
  }

  /** Gives each change to the target; returns why the rest of the list is none, or undefined. */
  decode(bytes: Buffer): string | undefined {
    for (let at = 0; at < bytes.length;) {
      const known = this.#quick.change(bytes, at);
      const end = known === -1 ? endOfValue(bytes, at) : endOfSpace(bytes, known);
      const problem = known === -1 ? this.#decodeOne(bytes.subarray(at, end)) : undefined;
      if (problem !== undefined) return problem;
      if (end === bytes.length) return undefined;
      if (bytes[end] !== COMMA || end + 1 === bytes.length) return 'the changes are no list';
      at = end + 1;
    }
    return undefined;
  }

  /** As `decode`, of changes that were read as JSON values already. */
  decodeValues(values: readonly unknown[]): string | undefined {
    for (const value of values) {
      const changes = this.#decoder.changes(value);
      if (!changes.ok) return changes.reason;
      for (const change of changes.value) this.#target.applyChange(change);
    }
    return undefined;
  }

  #decodeOne(bytes: Buffer): string | undefined {
    let value: unknown;
    try {
      value = JSON.parse(bytes.toString('utf8'));
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    const changes = this.#decoder.changes(value);
    if (!changes.ok) return changes.reason;
    for (const [i, change] of changes.value.entries()) {
      if (change.kind === 'zone-put') this.#quick.remember(change.zone, bytes);
      if (i >= this.#quick.given) this.#target.applyChange(change);
    }
    return undefined;
  }
}

/** The offset behind the JSON value that begins at `start`, up to the comma after it. */
function endOfValue(bytes: Buffer, start: number): number {
  let depth = 0;
  let isText = false;
  for (let at = start; at < bytes.length; at++) {
    const octet = bytes[at]!;
    if (octet === BACKSLASH && isText) at++;
    else if (octet === QUOTE) isText = !isText;
    else if (isText) continue;
    else if (OPENING.has(octet)) depth++;
    else if (CLOSING.has(octet)) depth--;
    else if (octet === COMMA && depth === 0) return at;
  }
  return bytes.length;
}

function endOfSpace(bytes: Buffer, start: number): number {
  let at = start;
  while (at < bytes.length && SPACE.has(bytes[at]!)) at++;
  return at;
}
