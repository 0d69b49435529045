/**
 * The dialect of lego's httpreq provider (docs/protocol/dialects/httpreq.md): `POST /present` adds the TXT value of an ACME
 * challenge, `POST /cleanup` takes it away again. Both forms of the body: `fqdn` and `value`, or in raw mode `domain`
 * and `keyAuth`, of which the value is made here (RFC 8555 §8.4).
 * Invariant: a status from 200 to 299 only if the value stands, or is gone.
 */
import { createHash } from 'node:crypto';
import type { OutcomeKind } from '../../../update/outcome.ts';
import type { UpdateService } from '../../../update/service.ts';
import { TXT_VALUE } from '../../../update/txt/txt.ts';
import { parseHostname } from '../../../zone/hostname.ts';
import type { Exchange } from '../../exchange.ts';
import { type Reply, plainReply } from '../../reply.ts';
import { parseCredentials } from '../credentials.ts';
import { type Attempt, type Dialect, type Result, overallKind, resultHeaders } from '../dialect.ts';
import { parseTextFields } from './json-body.ts';

interface HttpreqAttempt extends Attempt {
  readonly change: 'add' | 'remove';
  /** Undefined where the body has none that is one. */
  readonly value: string | undefined;
}

/** The text and status of each result. */
const ANSWERS: Readonly<Record<OutcomeKind, readonly [text: string, status: number]>> = {
  changed: ['', 200],
  unchanged: ['', 200],
  'no-such-host': ['no such host', 404],
  'not-fqdn': ['fqdn is not a full name', 400],
  'not-permitted': ['not permitted at this name', 403],
  blocked: ['this host is blocked', 403],
  'address-refused': ['refused', 409],
  'record-refused': ['other records stand at this name', 409],
  'bad-credentials': ['wrong or missing credentials', 401],
  'insecure-credentials': ['credentials are not taken in a URL here', 401],
  'locked-out': ['try again later', 503],
  'bad-request': ['the body needs fqdn and value, or domain and keyAuth', 400],
  'no-hostname': ['the body needs fqdn and value, or domain and keyAuth', 400],
  'too-many-hosts': ['too many names', 400],
  'over-budget': ['try again later', 503],
  overloaded: ['try again later', 503],
  unavailable: ['try again later', 503],
};

/** The httpreq dialect over a service. */
export function createHttpreq(service: UpdateService): Dialect<HttpreqAttempt> {
  return {
    name: 'httpreq',
    body: 'json',
    parse: parseHttpreq,
    apply: ({ attempt: { change, value }, principal, hosts }) =>
      value === undefined
        ? { kind: 'bad-request', reason: 'body' }
        : service.updateTxt({
            principal,
            owners: hosts.map(parseHostname),
            change: { kind: change, value },
          }),
    format: formatHttpreq,
  };
}

function parseHttpreq({ route, headers }: Exchange, json: string): HttpreqAttempt {
  const fields = parseTextFields(json) ?? new Map<string, string>();
  const keyAuth = fields.get('keyauth');
  const value = keyAuth === undefined ? fields.get('value') : challengeValue(keyAuth);
  const domain = fields.get('domain');
  const fqdn = fields.get('fqdn') ?? (domain === undefined ? undefined : `_acme-challenge.${domain}`);
  return {
    credentials: parseCredentials(headers.authorization, { user: '', secret: '' }),
    inUrl: false,
    hosts: fqdn === undefined ? [] : [fqdn],
    change: route.startsWith('/cleanup') ? 'remove' : 'add',
    value: value !== undefined && TXT_VALUE.test(value) ? value : undefined,
  };
}

/** The TXT value of a key authorization (RFC 8555 §8.4). */
function challengeValue(keyAuthorization: string): string {
  return createHash('sha256').update(keyAuthorization, 'utf8').digest('base64url');
}

/** lego reads the status alone; acme.sh's dns_acmeproxy looks for the value in the body. */
function formatHttpreq(
  result: Result,
  attempt: HttpreqAttempt | undefined,
  [fqdn]: readonly string[],
): Reply {
  const [text, status] = ANSWERS[overallKind(result)];
  const headers = resultHeaders(result);
  if (status !== 200) return plainReply(`${text}\n`, status, headers);
  const body = JSON.stringify({ fqdn, value: attempt?.value });
  return plainReply(body, status, { ...headers, 'Content-Type': 'application/json' });
}
