/** JSON bodies of ACME clients. Invariant: only the own text fields of an object are seen; anything else is none. */

/** The text fields of a JSON object; undefined where the text is no JSON object. */
export function parseTextFields(json: string): ReadonlyMap<string, string> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined; // what is no JSON is no object of it
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return new Map(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
