/**
 * JSON bodies of ACME clients. Invariants: only the own text fields of an object are seen; anything else is none. Names
 * are known whatever their case, because the servers that these clients were written for are in Go, which reads them
 * so: goacmedns (in lego and cert-manager) sends `SubDomain` and `Txt`.
 */

/** The fields of a JSON object, by their names in lower case; undefined where the text is no JSON object. */
export function parseFields(json: string): ReadonlyMap<string, unknown> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined; // what is no JSON is no object of it
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value).map(([name, field]) => [name.toLowerCase(), field]));
}

/** The text fields of a JSON object, by their names in lower case; undefined where the text is no JSON object. */
export function parseTextFields(json: string): ReadonlyMap<string, string> | undefined {
  const fields = parseFields(json);
  if (fields === undefined) return undefined;
  return new Map([...fields].filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
