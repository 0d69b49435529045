/**
 * The dialect of FreeDNS at afraid.org (docs/protocol/dialects/freedns.md): a token in the URL and nothing else, in the two forms
 * `/dynamic/update.php?TOKEN` and `/u/TOKEN/`, each with its own texts.
 *
 * Invariants: the hosts are those that the token is limited to, never all of an account; an address may be given and is
 * the source address otherwise; no text of a failure reads as success to the clients, who look for `Updated`,
 * `has not changed` and `ERROR`.
 */
import { type IpAddress, formatIpAddress } from '../../../net/ip-address.ts';
import type { HostOutcome, OutcomeKind } from '../../../update/outcome.ts';
import type { AddressIntent } from '../../../update/request.ts';
import type { UpdateService } from '../../../update/service.ts';
import type { Exchange } from '../../exchange.ts';
import { type Reply, plainReply } from '../../reply.ts';
import { type Attempt, type Dialect, type Result, overallKind, resultHeaders } from '../dialect.ts';
import { applyAddresses } from '../dyndns2.ts';
import { decodeComponent } from '../parameters.ts';
import { parseParameters } from '../query.ts';
import { RETURN_CODES } from '../return-code.ts';
import { intentsOf, parseStrictAddress } from './strict-address.ts';
import { hostsOfToken } from './token-hosts.ts';

/** A request whose URL holds a token, and an address perhaps. */
export interface TokenUrlAttempt extends Attempt {
  /** Undefined where what was given is no address. */
  readonly intents: { readonly ipv4: AddressIntent; readonly ipv6: AddressIntent } | undefined;
  /** Which of the two forms it has. */
  readonly version: 1 | 2;
}

const TOKEN_PATH = /^\/u\/([^/?]+)/;

const ERRORS: Readonly<Record<Exclude<OutcomeKind, 'changed' | 'unchanged'>, string>> = {
  'no-such-host': 'Unable to locate this record',
  'not-fqdn': 'Unable to locate this record',
  'not-permitted': 'Unable to locate this record',
  blocked: 'This record is blocked',
  'address-refused': 'This address is not permitted here',
  'record-refused': 'This record is not permitted here',
  'bad-credentials': 'Invalid update URL',
  'insecure-credentials': 'This URL is not taken over plain HTTP',
  'locked-out': 'Try again later',
  'bad-request': 'Invalid IP address',
  'no-hostname': 'This URL is for no host: it needs the secret of a device that is limited to its hosts',
  'too-many-hosts': 'This URL is for too many hosts',
  'over-budget': 'Try again later',
  overloaded: 'Try again later',
  unavailable: 'Try again later',
};

/** The FreeDNS dialect over a service. */
export function createFreedns(service: UpdateService): Dialect<TokenUrlAttempt> {
  return {
    name: 'freedns',
    body: 'form',
    parse: parseTokenUrl,
    resolveHosts: (_, principal) => hostsOfToken(principal),
    apply: ({ attempt: { intents }, principal, hosts }) =>
      intents === undefined
        ? { kind: 'bad-request', reason: 'address' }
        : applyAddresses(service, principal, { hosts, update: intents }),
    format: formatFreedns,
  };
}

/** Reads a URL that holds a token: in the path, or as the first parameter, which has no name. */
export function parseTokenUrl({ route, query, source }: Exchange): TokenUrlAttempt {
  const inPath = TOKEN_PATH.exec(route)?.[1];
  const raw = inPath ?? query.split('&', 1)[0]!;
  const secret = decodeComponent(raw.replaceAll('+', '%2B'), 'latin1');
  const parameters = parseParameters(query);
  const values = ['address', 'ip', 'myip', 'ipv6'].map((name) =>
    parseStrictAddress(parameters.get(name) ?? ''),
  );
  const given = values.filter((value): value is IpAddress => value !== 'absent' && value !== 'invalid');
  return {
    credentials: secret === '' ? undefined : { user: '', secret },
    inUrl: true,
    hosts: [],
    intents: values.includes('invalid') ? undefined : intentsOf(given.length > 0 ? given : [source]),
    version: inPath === undefined ? 1 : 2,
  };
}

function formatFreedns(
  result: Result,
  attempt: TokenUrlAttempt | undefined,
  hosts: readonly string[],
): Reply {
  const kind = overallKind(result);
  if (kind !== 'changed' && kind !== 'unchanged')
    return plainReply(`ERROR: ${ERRORS[kind]}.\n`, RETURN_CODES[kind].status, resultHeaders(result));
  const outcomes = result.kind === 'hosts' ? result.outcomes : [];
  const line = attempt?.version === 1 ? describeFirstForm : describeSecondForm;
  return plainReply(outcomes.map((outcome, i) => line(outcome, hosts[i] ?? '')).join(''));
}

function describeFirstForm(outcome: HostOutcome, host: string): string {
  return outcome.kind === 'changed'
    ? `Updated 1 host(s) ${host} to ${addressesOf(outcome)}\n`
    : `ERROR: Address ${addressesOf(outcome)} has not changed.\n`;
}

function describeSecondForm(outcome: HostOutcome, host: string): string {
  return outcome.kind === 'changed'
    ? `Updated ${host} to ${addressesOf(outcome)}\n`
    : `No IP change detected for ${host} with IP ${addressesOf(outcome)}, skipping update\n`;
}

function addressesOf(outcome: HostOutcome): string {
  if (outcome.kind !== 'changed' && outcome.kind !== 'unchanged') return '';
  const { ipv4, ipv6 } = outcome;
  return [ipv4, ipv6].flatMap((address) => (address === null ? [] : [formatIpAddress(address)])).join(',');
}
