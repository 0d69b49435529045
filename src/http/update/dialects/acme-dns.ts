/**
 * Updates in the dialect of acme-dns (docs/protocol/dialects/acme-dns.md): `POST /update` adds a TXT value at a host. JSON and
 * status codes as acme.sh, lego and certbot know them.
 *
 * Invariants: status 200 only for what is durable and served; whoever may not is told `forbidden` and nothing else;
 * any number of values stand side by side, and the oldest leave (update/txt/plan-txt).
 */
import type { OutcomeKind } from '../../../update/outcome.ts';
import type { UpdateService } from '../../../update/service.ts';
import { parseHostname } from '../../../zone/hostname.ts';
import type { Exchange } from '../../exchange.ts';
import { type Reply, type ReplyHeaders, plainReply } from '../../reply.ts';
import { type Attempt, type Dialect, type Result, overallKind, resultHeaders } from '../dialect.ts';
import { parseTextFields } from './json-body.ts';
import { completeHostname } from './token-hosts.ts';

interface AcmeAttempt extends Attempt {
  readonly txt: string;
}

/** As acme-dns has it: what an ACME challenge is, and nothing else. */
const TXT = /^[A-Za-z0-9_-]{43}$/;

/** The error and status of each result. */
const ERRORS: Readonly<
  Record<Exclude<OutcomeKind, 'changed' | 'unchanged'>, readonly [error: string, status: number]>
> = {
  'no-such-host': ['forbidden', 401],
  'not-fqdn': ['forbidden', 401],
  'not-permitted': ['forbidden', 401],
  blocked: ['forbidden', 401],
  'address-refused': ['db_error', 500],
  'record-refused': ['bad_subdomain', 400],
  'bad-credentials': ['forbidden', 401],
  'insecure-credentials': ['forbidden', 401],
  'locked-out': ['try_again_later', 503],
  'bad-request': ['bad_txt', 400],
  'no-hostname': ['forbidden', 401],
  'too-many-hosts': ['bad_subdomain', 400],
  'over-budget': ['try_again_later', 503],
  overloaded: ['try_again_later', 503],
  unavailable: ['db_error', 503],
};

/** Whether a request to `/update` is acme-dns's: by the headers of its credentials, which no other has. */
export function isAcmeDns({ headers }: Exchange): boolean {
  return headers['x-api-user'] !== undefined || headers['x-api-key'] !== undefined;
}

/** The dialect's updates over a service. */
export function createAcmeDns(service: UpdateService): Dialect<AcmeAttempt> {
  return {
    name: 'acme-dns',
    body: 'json',
    parse: parseAcmeDns,
    resolveHosts: ({ hosts }, principal) => hosts.map((host) => completeHostname(host, principal)),
    apply: ({ attempt: { txt }, principal, hosts }) => {
      if (hosts.length === 0) return { kind: 'no-hostname' };
      if (!TXT.test(txt)) return { kind: 'bad-request', reason: 'txt' };
      const owners = hosts.map(parseHostname);
      return service.updateTxt({ principal, owners, change: { kind: 'add', value: txt } });
    },
    format: formatAcmeDns,
  };
}

function parseAcmeDns({ headers }: Exchange, json: string): AcmeAttempt {
  const fields = parseTextFields(json);
  const subdomain = fields?.get('subdomain');
  const secret = textOf(headers['x-api-key']);
  return {
    credentials: secret === '' ? undefined : { user: textOf(headers['x-api-user']), secret },
    inUrl: false,
    hosts: subdomain === undefined ? [] : [subdomain],
    txt: fields?.get('txt') ?? '',
  };
}

function formatAcmeDns(result: Result, attempt: AcmeAttempt | undefined): Reply {
  const kind = overallKind(result);
  // With the blank that acme-dns writes: clients have been seen to compare the text.
  if (kind === 'changed' || kind === 'unchanged') return jsonText(`{"txt": "${attempt?.txt ?? ''}"}`, 200);
  const [error, status] = ERRORS[kind];
  const headers = resultHeaders(result);
  // acme-dns has no challenge, and a 401 that names Basic would make clients ask their user for a password.
  return jsonText(`{"error": "${error}"}`, status, status === 401 ? undefined : headers);
}

function textOf(header: string | string[] | undefined): string {
  return header === undefined ? '' : header.toString();
}

/** A reply of JSON that is written out already. */
export function jsonText(body: string, status: number, extra?: ReplyHeaders): Reply {
  return plainReply(body, status, { ...extra, 'Content-Type': 'application/json' });
}
