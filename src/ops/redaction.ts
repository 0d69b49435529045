/**
 * Keeps secrets out of the log by the names of their fields, however deep they lie, in arrays and errors too.
 * Invariant: what is logged is never changed, only what is written of it. Not pino's own wildcard paths: those copy
 * every field of every line, which is a quarter of the time that an update takes.
 */

/** Names of fields that hold secrets. */
export const SECRET_FIELDS = [
  'password',
  'secret',
  'token',
  'gnudip',
  'tokenKey',
  'passwordHash',
  'authorization',
  'cookie',
];

/** What is written in place of a secret. */
export const CENSOR = '[redacted]';

const IS_SECRET: ReadonlySet<string> = new Set(SECRET_FIELDS);

/** Deeper than anything that is logged; what lies below is left out. */
const MAX_DEPTH = 8;

/** The fields as they are, or a copy with the secrets replaced where they hold any. */
export function withoutSecrets(fields: Record<string, unknown>): Record<string, unknown> {
  return holdsSecret(fields, 0) ? (censored(fields, 0) as Record<string, unknown>) : fields;
}

function holdsSecret(value: object, depth: number): boolean {
  if (depth > MAX_DEPTH) return true;
  if (Array.isArray(value))
    return value.some(
      (item) => typeof item === 'object' && item !== null && holdsSecret(item as object, depth + 1),
    );
  for (const key in value) {
    if (IS_SECRET.has(key)) return true;
    const field = (value as Record<string, unknown>)[key];
    if (typeof field === 'object' && field !== null && holdsSecret(field, depth + 1)) return true;
  }
  return false;
}

function censored(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return CENSOR;
  if (Array.isArray(value)) return value.map((item) => censored(item, depth + 1));
  // With its prototype and hidden fields, so that an error is still written as one.
  const descriptors = Object.getOwnPropertyDescriptors(value);
  const copy = Object.create(Object.getPrototypeOf(value) as object | null, descriptors) as object;
  if (value instanceof Error) Object.defineProperty(copy, 'stack', { value: value.stack });
  for (const key of Object.keys(value)) {
    const field = (value as Record<string, unknown>)[key];
    const shown = IS_SECRET.has(key) ? CENSOR : censored(field, depth + 1);
    Object.defineProperty(copy, key, { value: shown, enumerable: true });
  }
  return copy;
}
