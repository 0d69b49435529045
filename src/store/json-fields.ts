/**
 * Reading and writing the fields of stored JSON objects, each field checked in both directions with one rule.
 * Invariant: what a writer here lets through a reader here accepts, so that nothing is made durable that the next
 * start would refuse; an object with a missing or an unknown field is not read at all.
 */
import { type IpAddress, formatIpAddress, parseIpAddress } from '../net/ip-address.ts';
import { type Name, nameFromWire, parseName } from '../zone/name.ts';

/** A value as JSON holds it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A value that is not what its field needs. Thrown while decoding, and turned into a failed `Parsed` by the codec. */
export class FieldError extends Error {
  override readonly name = 'FieldError';
}

/** The largest TTL and timer (RFC 2181 §8). */
export const MAX_TTL = 0x7fff_ffff;
/** The largest unsigned 32-bit number: serials and SOA fields. */
export const MAX_UINT32 = 0xffff_ffff;

const MAX_NAME = 255;
/** A label that stands for itself: nothing escaped in it, and not too long. */
const PLAIN_LABEL = /^[a-z0-9_-]{1,63}$/;

/** `value` where it is a whole number from 0 to `max`; throws FieldError where it is not. */
export function checkInteger(value: unknown, max: number, field: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new FieldError(`${field} must be a whole number from 0 to ${max}`);
}

/** ISO 8601 text of milliseconds since the epoch; throws FieldError where no Date can hold them. */
export function formatTime(ms: number): string {
  if (!Number.isInteger(ms) || Math.abs(ms) > 8.64e15)
    throw new FieldError('a time must be whole milliseconds');
  return new Date(ms).toISOString();
}

/** Canonical text of an address, or null for null. */
export function formatAddressField(address: IpAddress | null): string | null {
  return address === null ? null : formatIpAddress(address);
}

/** The address of a canonical text, null for null; throws FieldError for anything else. */
export function parseAddressField(value: unknown, field: string): IpAddress | null {
  const address = value === null ? null : typeof value === 'string' ? parseIpAddress(value) : undefined;
  if (address === undefined) throw new FieldError(`${field} must be an IP address or null`);
  return address;
}

/** Remembers what repeats in every host of a zone or an account, so that a million hosts share it. */
export class Repeats {
  readonly #names = new Map<string, Name>();
  readonly #texts = new Map<string, string>();

  /** The name that `text` presents; undefined where it is none. */
  name(text: string): Name | undefined {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const name = parseName(text);
    if (name !== undefined) this.#names.set(text, name);
    return name;
  }

  /** As `name`, for a name that occurs once or twice: only what is above its first label is remembered. */
  owner(text: string): Name | undefined {
    const dot = text.indexOf('.');
    const label = text.slice(0, dot);
    if (!PLAIN_LABEL.test(label) || dot === text.length - 1) return parseName(text);
    const parent = this.name(text.slice(dot + 1));
    if (parent === undefined || parent.length + dot + 1 > MAX_NAME) return undefined;
    return nameFromWire(String.fromCharCode(dot) + label + parent);
  }

  /** One string for all equal ones. */
  text(text: string): string {
    const known = this.#texts.get(text);
    if (known === undefined) this.#texts.set(text, text);
    return known ?? text;
  }
}

/** Reads the fields of one JSON object; each reader throws FieldError naming the field. */
export class Fields {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #what: string;
  #taken = 0;

  /** `what` names the object in messages. */
  constructor(value: unknown, what: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new FieldError(`${what} must be an object`);
    }
    this.#object = value as Readonly<Record<string, unknown>>;
    this.#what = what;
  }

  /** The field as it is; undefined where there is none. */
  raw(key: string): unknown {
    const value = Object.hasOwn(this.#object, key) ? this.#object[key] : undefined;
    if (value !== undefined) this.#taken++;
    return value;
  }

  text(key: string): string {
    const value = this.raw(key);
    return typeof value === 'string' ? value : this.#fail(key, 'text');
  }

  textOrNull(key: string): string | null {
    const value = this.raw(key);
    return value === null || typeof value === 'string' ? value : this.#fail(key, 'text or null');
  }

  flag(key: string): boolean {
    const value = this.raw(key);
    return typeof value === 'boolean' ? value : this.#fail(key, 'true or false');
  }

  /** False where there is no such field. */
  flagOrFalse(key: string): boolean {
    return Object.hasOwn(this.#object, key) && this.flag(key);
  }

  integer(key: string, max: number): number {
    return checkInteger(this.raw(key), max, `${this.#what}.${key}`);
  }

  /** A name; with `repeats` it is one that many objects share. */
  name(key: string, repeats?: Repeats): Name {
    const text = this.text(key);
    const name = repeats === undefined ? parseName(text) : repeats.name(text);
    return name ?? this.#fail(key, 'a domain name');
  }

  /** A name of which only what is above its first label is shared. */
  owner(key: string, repeats: Repeats): Name {
    return repeats.owner(this.text(key)) ?? this.#fail(key, 'a domain name');
  }

  addressOrNull(key: string): IpAddress | null {
    return parseAddressField(this.raw(key), `${this.#what}.${key}`);
  }

  /** Milliseconds since the epoch of a field that `formatTime` wrote. */
  time(key: string): number {
    const ms = Date.parse(this.text(key));
    return Number.isNaN(ms) ? this.#fail(key, 'an ISO 8601 time') : ms;
  }

  timeOrNull(key: string): number | null {
    if (this.#object[key] !== null) return this.time(key);
    this.#taken++;
    return null;
  }

  texts(key: string): readonly string[] {
    const value = this.raw(key);
    if (!Array.isArray(value)) return this.#fail(key, 'a list');
    return value.map((item: unknown) =>
      typeof item === 'string' ? item : this.#fail(key, 'a list of texts'),
    );
  }

  /** To be called last: refuses fields that nobody read. */
  end(): void {
    if (Object.keys(this.#object).length !== this.#taken)
      throw new FieldError(`${this.#what} has unknown fields`);
  }

  #fail(key: string, wanted: string): never {
    throw new FieldError(`${this.#what}.${key} must be ${wanted}`);
  }
}
