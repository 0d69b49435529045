/** The result of reading something a person or the network wrote: a value, or the reason it is not one. */

/** `reason` is a sentence fragment for people: what is wrong and what would be right. */
export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/** The successful result. */
export function parsed<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

/** The failed result. */
export function unparsable(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}
