/**
 * Parameters by name, for dialects whose names each mean one thing. Pure.
 * Invariants: never throws, whatever the bytes; reads at most MAX_PAIRS parameters; of one that is given more than once
 * the first value that is not empty counts. Names in any case, `amp;` before one dropped, as in DynDNS2 (D-2).
 */
import { decodeComponent } from './parameters.ts';

/** The decoded values by lower-case name; a parameter without `=` has the empty value. */
export type Parameters = ReadonlyMap<string, string>;

const MAX_PAIRS = 128;

/** Reads a raw query, then a form, where the query's values count first. */
export function parseParameters(query: string, form = ''): Parameters {
  const values = new Map<string, string>();
  for (const pair of `${query}&${form}`.split('&', MAX_PAIRS)) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const raw = equals < 0 ? pair : pair.slice(0, equals);
    const name = decodeComponent(raw, 'replacement')
      .toLowerCase()
      .replace(/^(?:amp;|[?\s])+/, '');
    const value = equals < 0 ? '' : decodeComponent(pair.slice(equals + 1), 'latin1');
    if ((values.get(name) ?? '') === '') values.set(name, value);
  }
  return values;
}

/** Whether a raw query has one of these parameters, with a value; at the cost of one look through it. */
export function hasParameter(query: string, names: RegExp): boolean {
  return names.test(`&${query}`);
}
