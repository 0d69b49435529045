/**
 * The dialect of dynv6 (docs/protocol/dialects/dynv6.md): a zone and a token in the URL, each family set, kept or taken away.
 * Invariant: what is empty or not there is kept; the source address counts only where `auto` asks for it.
 */
import { type IpAddress, type IpFamily, familyOf } from '../../../net/ip-address.ts';
import type { OutcomeKind } from '../../../update/outcome.ts';
import type { AddressIntent } from '../../../update/request.ts';
import type { UpdateService } from '../../../update/service.ts';
import type { Exchange } from '../../exchange.ts';
import { type Reply, plainReply } from '../../reply.ts';
import { type Attempt, type Dialect, type Result, overallKind, resultHeaders } from '../dialect.ts';
import { applyAddresses } from '../dyndns2.ts';
import { hasParameter, parseParameters } from '../query.ts';
import { parseAddressValue } from '../address-intent.ts';
import { standsForNone } from './strict-address.ts';
import { completeHostname } from './token-hosts.ts';

interface Dynv6Attempt extends Attempt {
  readonly ipv4: AddressIntent | undefined;
  readonly ipv6: AddressIntent | undefined;
}

const ZONE = /[&?](?:amp;)*zone=[^&]/i;
const TOKEN = /[&?](?:amp;)*token=[^&]/i;
const FAMILIES = /[&?](?:amp;)*ipv(?:4|6|6prefix)=/i;

/** The text and status of each result. */
const ANSWERS: Readonly<Record<OutcomeKind, readonly [text: string, status: number]>> = {
  changed: ['addresses updated', 200],
  unchanged: ['addresses unchanged', 200],
  'no-such-host': ['zone not found', 404],
  'not-fqdn': ['zone not found', 404],
  'not-permitted': ['zone not permitted', 403],
  blocked: ['zone is blocked', 403],
  'address-refused': ['address refused', 400],
  'record-refused': ['record refused', 400],
  'bad-credentials': ['invalid authentication', 401],
  'insecure-credentials': ['authentication in a URL is not taken here', 401],
  'locked-out': ['try again later', 503],
  'bad-request': ['invalid address', 400],
  'no-hostname': ['zone missing', 400],
  'too-many-hosts': ['too many zones', 400],
  'over-budget': ['try again later', 503],
  overloaded: ['try again later', 503],
  unavailable: ['try again later', 503],
};

/** Whether a request to `/api/update` is dynv6's and not DynDNS2's: by its own names for the parameters. */
export function isDynv6({ query }: Exchange): boolean {
  return hasParameter(query, ZONE) || (hasParameter(query, TOKEN) && hasParameter(query, FAMILIES));
}

/** The dynv6 dialect over a service. */
export function createDynv6(service: UpdateService): Dialect<Dynv6Attempt> {
  return {
    name: 'dynv6',
    body: 'form',
    parse: parseDynv6,
    resolveHosts: ({ hosts }, principal) => hosts.map((host) => completeHostname(host, principal)),
    apply: ({ attempt: { ipv4, ipv6 }, principal, hosts }) =>
      ipv4 === undefined || ipv6 === undefined
        ? { kind: 'bad-request', reason: 'address' }
        : applyAddresses(service, principal, { hosts, update: { ipv4, ipv6 } }),
    format: formatDynv6,
  };
}

function parseDynv6({ query, source }: Exchange, form: string): Dynv6Attempt {
  const parameters = parseParameters(query, form);
  const value = (name: string): string => (parameters.get(name) ?? '').trim();
  const secret = value('token');
  const host = value('zone') || value('hostname');
  const [ipv4, ipv6] = [readIntent(value('ipv4'), 4, source), readIntent(value('ipv6'), 6, source)];
  // ddupdate asks for both families over one connection: the one that it cannot have is kept, but not where it is all.
  const isSaid = ipv4?.kind !== 'keep' || ipv6?.kind !== 'keep';
  const isAsked = [value('ipv4'), value('ipv6')].some(isAuto);
  return {
    credentials: secret === '' ? undefined : { user: '', secret },
    inUrl: secret !== '' && parseParameters(query).get('token') === parameters.get('token'),
    hosts: host === '' ? [] : [host],
    ipv4: isSaid || !isAsked ? ipv4 : undefined,
    // A prefix is not an address: dynv6 changes other records by it, and here it changes none.
    ipv6,
  };
}

/** What a value does to its family; undefined where it is none. */
function readIntent(text: string, family: IpFamily, source: IpAddress): AddressIntent | undefined {
  if (text === '-') return { kind: 'clear' };
  if (isAuto(text)) return familyOf(source) === family ? { kind: 'set', address: source } : { kind: 'keep' };
  const value = parseAddressValue(text);
  if (value.kind === 'address') {
    return familyOf(value.address) === family ? { kind: 'set', address: value.address } : undefined;
  }
  return value.kind !== 'unset' || standsForNone(text) ? { kind: 'keep' } : undefined;
}

function isAuto(text: string): boolean {
  return text.toLowerCase() === 'auto';
}

function formatDynv6(result: Result): Reply {
  const [text, status] = ANSWERS[overallKind(result)];
  return plainReply(text, status, resultHeaders(result));
}
