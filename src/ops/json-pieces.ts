/**
 * JSON text in pieces, so that a long result is encoded and sent without holding up the event loop.
 * Invariant: the pieces joined are JSON text of the same value as `JSON.stringify` writes.
 */

/** Elements of a list in one piece: some tens of kilobytes of what is usually in one. */
const ELEMENTS = 500;
/** UTF-16 units of a string in one piece. */
const UNITS = 65_536;

/**
 * The pieces of a value of objects, lists, strings, numbers, booleans and null. The elements of a list are taken for
 * small: they are not cut up.
 */
export function* jsonPieces(value: unknown): Generator<string> {
  if (typeof value === 'string' && value.length > UNITS) {
    yield '"';
    // A surrogate pair that is cut becomes two escapes, which a reader joins again.
    for (let at = 0; at < value.length; at += UNITS)
      yield JSON.stringify(value.slice(at, at + UNITS)).slice(1, -1);
    yield '"';
  } else if (Array.isArray(value) && value.length > ELEMENTS) {
    for (let at = 0; at < value.length; at += ELEMENTS)
      yield (at === 0 ? '[' : ',') + JSON.stringify(value.slice(at, at + ELEMENTS)).slice(1, -1);
    yield ']';
  } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    let separator = '{';
    for (const [key, part] of Object.entries(value)) {
      if (part === undefined) continue;
      yield `${separator}${JSON.stringify(key)}:`;
      yield* jsonPieces(part);
      separator = ',';
    }
    yield separator === '{' ? '{}' : '}';
  } else {
    yield JSON.stringify(value);
  }
}
