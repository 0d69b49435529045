/**
 * The body of `POST /enroll`, read field by field.
 * Invariants: a code is taken from the body alone, never from a URL, which proxies and browsers write down; no reason
 * repeats what was sent.
 */
import type { Exchange } from '../exchange.ts';

/** What the body says. */
export interface EnrollBody {
  readonly code: string;
  readonly name: string;
  /** Empty where there was none. */
  readonly serial: string;
}

/** Why a request cannot be read: status, word and sentence of the reply. */
export interface Unreadable {
  readonly status: 400 | 405 | 413 | 415;
  readonly error: 'malformed' | 'method' | 'too-large' | 'content-type';
  readonly message: string;
}

const LONGEST = { code: 100, name: 100, serial: 200 } as const;

/** Reads a request. Never rejects. */
export async function readEnrollRequest(exchange: Exchange): Promise<EnrollBody | Unreadable> {
  if (exchange.method !== 'POST') return { status: 405, error: 'method', message: 'Send this with POST.' };
  if (exchange.query !== '')
    return malformed(
      'Put nothing into the URL: what stands there is written into logs. Send JSON as the body.',
    );
  if (!/^application\/json\s*(?:;|$)/i.test(exchange.headers['content-type'] ?? ''))
    return {
      status: 415,
      error: 'content-type',
      message: 'Send JSON, with the header Content-Type: application/json.',
    };
  const body = await exchange.readBody();
  switch (body.kind) {
    case 'too-large':
      return {
        status: 413,
        error: 'too-large',
        message: 'The body is too large. Send code, name and serial alone.',
      };
    case 'cut-short':
      return malformed('The body ended early. Send it again.');
    case 'whole':
      return parseEnrollBody(body.bytes.toString('utf8'));
  }
}

/** Reads a body; fields that it does not know are left alone. */
export function parseEnrollBody(text: string): EnrollBody | Unreadable {
  const fields = parseObject(text);
  if (fields === undefined)
    return malformed('The body is no JSON object. Send code, name and serial as its fields.');
  const { code, name, serial = '' } = fields;
  if (typeof code !== 'string' || code.trim() === '') return malformed('Send the enrolment code as "code".');
  if (typeof name !== 'string' || name.trim() === '')
    return malformed('Send the name of the machine as "name".');
  if (typeof serial !== 'string' && serial !== null)
    return malformed('"serial" is a text; leave it out where there is none.');
  const read = { code: code.trim(), name: name.trim(), serial: (serial ?? '').trim() };
  for (const field of ['code', 'name', 'serial'] as const) {
    if (read[field].length > LONGEST[field])
      return malformed(`"${field}" has at most ${LONGEST[field]} characters.`);
    // Also what is not seen and turns lines around: all of it is shown to operators.
    if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(read[field]))
      return malformed(`"${field}" holds a character that is none.`);
  }
  return read;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    // Some writers of JSON put a byte order mark before it.
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return value as Readonly<Record<string, unknown>>;
  } catch {
    return undefined; // what is no JSON is no object of it
  }
}

function malformed(message: string): Unreadable {
  return { status: 400, error: 'malformed', message };
}
