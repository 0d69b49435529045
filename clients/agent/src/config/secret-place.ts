/** Where a secret is kept, as it is written. Invariant: a refusal never repeats what was given. */
import { type Parsed, parsed, unparsable } from '../../../../src/ops/parsed.ts';
import type { SecretPlace } from './agent-config.ts';

const EXPECTED = 'is not one of {env: NAME}, {file: PATH}, {dpapi: BASE64}, or text';

/** Reads the place of a secret. */
export function parseSecretPlace(value: unknown): Parsed<SecretPlace> {
  if (value === undefined) return unparsable('is missing');
  if (typeof value === 'string')
    return value === '' ? unparsable('is empty') : parsed({ kind: 'text', text: value });
  if (typeof value !== 'object' || value === null) return unparsable(EXPECTED);
  const [entry, ...more] = Object.entries(value);
  if (entry === undefined || more.length > 0) return unparsable(EXPECTED);
  const [kind, text] = entry as [string, unknown];
  if (typeof text !== 'string' || text === '') return unparsable(EXPECTED);
  if (kind === 'env') return parsed({ kind, name: text });
  if (kind === 'file') return parsed({ kind, path: text });
  if (kind === 'dpapi' && /^[A-Za-z0-9+/]+={0,2}$/.test(text)) return parsed({ kind, base64: text });
  return unparsable(EXPECTED);
}
