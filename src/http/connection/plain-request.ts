/**
 * The head of a plain GET, read without Node's parser: one request whole in one read, without a body. Pure.
 *
 * Invariant: what is read here Node's parser would read the same; whatever could be read in two ways, has a body, or
 * asks for something else than an answer (a second field of one name, a length, an encoding, an expectation, an
 * upgrade, bytes behind the end) is not plain, and is left to that parser. Framing: RFC 9112 §2 to §6.
 */
import type { RequestHeaders } from '../exchange.ts';

/** A head whose fields are known: those of the next request on a connection are mostly the same. */
export interface RequestHead {
  /** From the end of the request line to the end of the head, one character for each octet. */
  readonly raw: string;
  readonly headers: RequestHeaders;
}

/** A plain GET. */
export interface PlainRequest {
  /** The request target as sent; printable ASCII in origin form. */
  readonly target: string;
  readonly head: RequestHead;
}

const REQUEST_LINE = /^GET (\/[!-"$-~]*) HTTP\/1\.1\r\n/;
const REST_OF_HEAD = /^\r\n(?:[!#$%&'*+.^_`|~\w-]+:[\t -~\x80-\xff]*\r\n)*\r\n$/;

/** The fields that an update reads, by their names in lower case; the others are passed over. */
const CARRIED: ReadonlySet<string> = new Set<keyof RequestHeaders>([
  'authorization',
  'connection',
  'content-type',
  'forwarded',
  'host',
  'user-agent',
  'x-api-key',
  'x-api-user',
  'x-forwarded-for',
  'x-forwarded-proto',
]);

/** The fields that say that a request is more than its head, or that the connection is to become another. */
const FRAMING: ReadonlySet<string> = new Set([
  'content-length',
  'expect',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Reads a request, one character for each octet; undefined where it is not plain. `known` saves reading a head again. */
export function parsePlainRequest(text: string, known?: RequestHead): PlainRequest | undefined {
  const target = REQUEST_LINE.exec(text)?.[1];
  if (target === undefined) return undefined;
  const rest = 'GET  HTTP/1.1'.length + target.length;
  if (known?.raw.length === text.length - rest && text.endsWith(known.raw)) return { target, head: known };
  const raw = text.slice(rest);
  const headers = REST_OF_HEAD.test(raw) ? readFields(raw) : undefined;
  return headers === undefined ? undefined : { target, head: { raw, headers } };
}

/** The carried fields of a well-formed head; undefined where it frames a body, or has one of them twice. */
function readFields(raw: string): RequestHeaders | undefined {
  const headers: Record<string, string> = {};
  for (let start = 2; start < raw.length - 2;) {
    const colon = raw.indexOf(':', start);
    const end = raw.indexOf('\r\n', colon);
    const name = raw.slice(start, colon).toLowerCase();
    if (FRAMING.has(name)) return undefined;
    if (CARRIED.has(name)) {
      if (headers[name] !== undefined) return undefined;
      headers[name] = trimBlanks(raw.slice(colon + 1, end));
    }
    start = end + 2;
  }
  return headers;
}

/** Without the blanks and tabs around a field's value (RFC 9112 §5.1); not `trim`, which takes U+00A0 too. */
function trimBlanks(value: string): string {
  return value.replace(/^[\t ]+|[\t ]+$/g, '');
}
