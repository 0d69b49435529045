/**
 * dyndns1 (docs/protocol/dialects/dyndns1.md): the requests that Dyn took before DynDNS2, of which ddclient 3 still knows the
 * replies. A request is read as DynDNS2; only the reply is another.
 * Invariant: both codes are NOERROR only if every host of the request is as it asked.
 */
import type { OutcomeKind } from '../../../update/outcome.ts';
import type { UpdateService } from '../../../update/service.ts';
import type { Exchange } from '../../exchange.ts';
import { type Reply, plainReply } from '../../reply.ts';
import { type Dialect, type Result, overallKind, resultHeaders } from '../dialect.ts';
import { type Dyndns2Attempt, createDyndns2 } from '../dyndns2.ts';
import { hasParameter } from '../query.ts';
import { RETURN_CODES } from '../return-code.ts';

const EDITS = /[&?](?:amp;)*action=edit(?:&|$)/i;
const HOST_ID = /[&?](?:amp;)*host_id=[^&]/i;

/** What the title and the codes say of each result; clients show the title to their user. */
const TITLES: Readonly<Record<OutcomeKind, string>> = {
  changed: 'Host modified',
  unchanged: 'Host has these addresses',
  'no-such-host': 'No such host',
  'not-fqdn': 'Not a full host name',
  'not-permitted': 'Not your host',
  blocked: 'Host is blocked',
  'address-refused': 'Address refused',
  'record-refused': 'Record refused',
  'bad-credentials': 'Wrong name or password',
  'insecure-credentials': 'Credentials are not taken in a URL here',
  'locked-out': 'Try again later',
  'bad-request': 'Bad request',
  'no-hostname': 'No host name',
  'too-many-hosts': 'Too many hosts',
  'over-budget': 'Try again later',
  overloaded: 'Try again later',
  unavailable: 'Try again later',
};

/** Whether a request to `/nic/dyndns` is dyndns1's: it edits, and its host is in `host_id`. */
export function isDyndns1({ query }: Exchange): boolean {
  return hasParameter(query, EDITS) && hasParameter(query, HOST_ID);
}

/** The dyndns1 dialect over a service. */
export function createDyndns1(service: UpdateService): Dialect<Dyndns2Attempt> {
  return { ...createDyndns2(service), name: 'dyndns1', format: formatDyndns1 };
}

function formatDyndns1(result: Result): Reply {
  const kind = overallKind(result);
  const { code, status } = RETURN_CODES[kind];
  const word = kind === 'changed' || kind === 'unchanged' ? 'NOERROR' : code.toUpperCase();
  const body = `<TITLE>${TITLES[kind]}</TITLE>\nreturn code: ${word}\nerror code: ${word}\n`;
  return plainReply(body, status, resultHeaders(result));
}
