/**
 * The dialect of DuckDNS (docs/protocol/dialects/duckdns.md): a token and names in the URL, `OK` or `KO`.
 *
 * Invariants: `OK` only if everything asked for is so, in all of the domains; a TXT value stands at the name itself and
 * at `_acme-challenge` below it, as DuckDNS answers it at every name below, and replaces the one before.
 */
import type { Principal } from '../../../account/principal.ts';
import { type IpAddress, formatIpAddress } from '../../../net/ip-address.ts';
import type { AddressIntent } from '../../../update/request.ts';
import { challengeNameOf } from '../../../update/txt/plan-txt.ts';
import type { UpdateService } from '../../../update/service.ts';
import { TXT_VALUE, type TxtChange } from '../../../update/txt/txt.ts';
import { parseHostname } from '../../../zone/hostname.ts';
import type { Exchange } from '../../exchange.ts';
import { type Reply, plainReply } from '../../reply.ts';
import { type Attempt, type Dialect, type Result, overallKind, resultHeaders } from '../dialect.ts';
import { applyAddresses } from '../dyndns2.ts';
import { decodeComponent } from '../parameters.ts';
import { type Parameters, hasParameter, parseParameters } from '../query.ts';
import { RETURN_CODES } from '../return-code.ts';
import { CLEAR_BOTH, intentsOf, parseStrictAddress } from './strict-address.ts';
import { completeHostname } from './token-hosts.ts';

/** What the URL asks for: addresses, or a TXT value, or what is wrong with it. */
type Wish =
  | { readonly kind: 'addresses'; readonly ipv4: AddressIntent; readonly ipv6: AddressIntent }
  | { readonly kind: 'txt'; readonly change: TxtChange }
  | { readonly kind: 'wrong'; readonly reason: string };

interface DuckdnsAttempt extends Attempt {
  readonly wish: Wish;
  readonly verbose: boolean;
}

const DOMAINS = /[&?](?:amp;)*domains?=[^&]/i;
const TOKEN = /[&?](?:amp;)*token=[^&]/i;
const PATH = /^\/update\/([^/?]+)\/([^/?]+)(?:\/([^/?]+))?\/?(?:\?|$)/;

/**
 * Whether a request to `/update` is DuckDNS's and not DynDNS2's: names and token are in the URL under the names that
 * DuckDNS and FreeMyIP have for them, and no credentials anywhere else.
 */
export function isDuckdns({ query, headers, method }: Exchange): boolean {
  return (
    headers.authorization === undefined &&
    (method === 'GET' || method === 'HEAD') &&
    hasParameter(query, DOMAINS) &&
    hasParameter(query, TOKEN)
  );
}

/** Whether a path holds names and token, for routers that cannot make a query. */
export function isDuckdnsPath({ route }: Exchange): boolean {
  return PATH.test(route);
}

/** The DuckDNS dialect over a service. */
export function createDuckdns(service: UpdateService): Dialect<DuckdnsAttempt> {
  return {
    name: 'duckdns',
    body: 'form',
    parse: parseDuckdns,
    resolveHosts: ({ hosts }, principal) => hosts.map((host) => completeHostname(host, principal)),
    apply: ({ attempt: { wish }, principal, hosts }) => applyWish(service, principal, { wish, hosts }),
    format: formatDuckdns,
  };
}

function parseDuckdns(exchange: Exchange): DuckdnsAttempt {
  const parameters = readParameters(exchange);
  const value = (name: string): string => parameters.get(name) ?? '';
  const secret = value('token');
  return {
    credentials: secret === '' ? undefined : { user: '', secret },
    inUrl: true,
    hosts: (value('domains') || value('domain')).split(/[,\s]+/).filter((host) => host !== ''),
    wish: readWish(parameters, exchange.source),
    verbose: value('verbose').toLowerCase() === 'true',
  };
}

/** Of the query, and of a path that holds three of them. */
function readParameters({ route, query }: Exchange): Parameters {
  const [, ...values] = PATH.exec(route) ?? [];
  const parameters = new Map(parseParameters(query));
  for (const [i, name] of ['domains', 'token', 'ip'].entries()) {
    const text = values[i];
    if (text !== undefined) parameters.set(name, decodeComponent(text.replaceAll('+', '%2B'), 'latin1'));
  }
  return parameters;
}

function readWish(parameters: Parameters, source: IpAddress): Wish {
  const txt = parameters.get('txt');
  const clears = parameters.get('clear')?.toLowerCase() === 'true';
  if (txt !== undefined && (clears || txt !== '')) {
    if (clears) return { kind: 'txt', change: { kind: 'clear' } };
    if (!TXT_VALUE.test(txt)) return { kind: 'wrong', reason: 'txt' };
    return { kind: 'txt', change: { kind: 'replace', value: txt } };
  }
  if (clears) return { kind: 'addresses', ...CLEAR_BOTH };
  // `myip` is FreeMyIP's name for it.
  const values = ['ip', 'ipv6', 'myip'].map((name) => parseStrictAddress(parameters.get(name) ?? ''));
  if (values.includes('invalid')) return { kind: 'wrong', reason: 'ip' };
  const given = values.filter((each): each is IpAddress => each !== 'absent' && each !== 'invalid');
  return { kind: 'addresses', ...intentsOf(given.length > 0 ? given : [source]) };
}

function applyWish(
  service: UpdateService,
  principal: Principal,
  { wish, hosts }: { wish: Wish; hosts: readonly string[] },
): Result | Promise<Result> {
  switch (wish.kind) {
    case 'wrong':
      return { kind: 'bad-request', reason: wish.reason };
    case 'addresses':
      return applyAddresses(service, principal, { hosts, update: wish });
    case 'txt': {
      const owners = hosts.map(parseHostname).flatMap((host) => {
        const challenge = host === undefined ? undefined : challengeNameOf(host);
        return challenge === undefined ? [host] : [host, challenge];
      });
      return service.updateTxt({ principal, owners, change: wish.change });
    }
  }
}

function formatDuckdns(result: Result, attempt: DuckdnsAttempt | undefined): Reply {
  const kind = overallKind(result);
  const { status } = RETURN_CODES[kind];
  if (kind !== 'changed' && kind !== 'unchanged') return plainReply('KO', status, resultHeaders(result));
  if (attempt?.verbose !== true) return plainReply('OK');
  const word = kind === 'changed' ? 'UPDATED' : 'NOCHANGE';
  return plainReply(`OK\n${describeState(result, attempt.wish)}\n${word}`);
}

/** What is published now: both addresses, each on its line, or the TXT value. */
function describeState(result: Result, wish: Wish): string {
  if (wish.kind === 'txt') return wish.change.kind === 'replace' ? wish.change.value : '';
  const [first] = result.kind === 'hosts' ? result.outcomes : [];
  if (first?.kind !== 'changed' && first?.kind !== 'unchanged') return '\n';
  const text = (address: IpAddress | null): string => (address === null ? '' : formatIpAddress(address));
  return `${text(first.ipv4)}\n${text(first.ipv6)}`;
}
