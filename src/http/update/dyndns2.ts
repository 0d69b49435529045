/**
 * DynDNS2: a request in the protocol of Dyn becomes an UpdateRequest, its result return codes (D-1 to D-8).
 * Invariant: a host gets only the addresses that were sent with it, also where a FRITZ!Box sent two URLs as one.
 */
import type { Credentials } from '../../account/authenticator.ts';
import type { Principal } from '../../account/principal.ts';
import type { IpAddress, IpFamily } from '../../net/ip-address.ts';
import type { HostOutcome } from '../../update/outcome.ts';
import { MAX_HOSTS_PER_REQUEST } from '../../update/request.ts';
import type { UpdateResult, UpdateService } from '../../update/service.ts';
import { parseHostnameOrWildcard } from '../../zone/hostname.ts';
import type { Exchange } from '../exchange.ts';
import { type Reply, plainReply } from '../reply.ts';
import { type AddressUpdate, resolveAddressUpdate } from './address-intent.ts';
import { parseCredentials } from './credentials.ts';
import { type Attempt, type Dialect, type Result, overallKind, resultHeaders } from './dialect.ts';
import { splitJoinedUrls } from './joined-urls.ts';
import { type UpdateParameters, parseUpdateParameters } from './parameters.ts';
import { RETURN_CODES, describeRefusal, formatHostLines } from './return-code.ts';

/** Hosts and what they shall have. */
interface Part {
  readonly hosts: readonly string[];
  readonly update: AddressUpdate;
}

/** An attempt in DynDNS2: one part, or one for each of several joined URLs that name different hosts. */
export interface Dyndns2Attempt extends Attempt {
  readonly parts: readonly Part[];
}

/** The DynDNS2 dialect over a service. */
export function createDyndns2(service: UpdateService): Dialect<Dyndns2Attempt> {
  return {
    name: 'dyndns2',
    body: 'form',
    parse: parseDyndns2,
    apply: ({ attempt, principal }) => applyParts(service, principal, attempt.parts),
    format: (result, attempt) => formatDyndns2(result, attempt?.parts ?? []),
  };
}

/** Reads hosts, credentials and addresses under all the names that DynDNS2 has for them. */
export function parseDyndns2({ query, headers, source }: Exchange, form: string): Dyndns2Attempt {
  const [first = '', ...joined] = splitJoinedUrls(query);
  const parameters = parseUpdateParameters(first, form);
  const proof = parseCredentials(headers.authorization, NO_CREDENTIALS);
  const credentials = proof ?? parseCredentials(undefined, parameters);
  const inUrl = proof === undefined && parameters.secretInQuery;
  const hosts = requestedHosts(parameters.hosts, credentials);
  if (joined.length === 0) {
    const update = resolveAddressUpdate(parameters, source);
    return { credentials, inUrl, hosts, malformed: update.malformed, parts: [{ hosts, update }] };
  }
  const parts = joinParts(
    [{ ...parameters, hosts }, ...joined.map((text) => parseUpdateParameters(text))],
    source,
  );
  const malformed = parts.some(({ update }) => update.malformed);
  return { credentials, inUrl, hosts: parts.flatMap((part) => part.hosts), malformed, parts };
}

/** Updates hosts; for dialects whose requests are about one set of hosts. */
export function applyAddresses(
  service: UpdateService,
  principal: Principal,
  {
    hosts,
    update: { ipv4, ipv6, prefix },
  }: {
    hosts: readonly string[];
    update: Pick<AddressUpdate, 'ipv4' | 'ipv6'> & Partial<Pick<AddressUpdate, 'prefix'>>;
  },
): UpdateResult | Promise<UpdateResult> {
  return service.update({ principal, hostnames: hosts.map(parseHostnameOrWildcard), ipv4, ipv6, prefix });
}

const NO_CREDENTIALS = { user: '', secret: '' } as const;

function applyParts(
  service: UpdateService,
  principal: Principal,
  parts: readonly Part[],
): UpdateResult | Promise<UpdateResult> {
  return parts.length === 1
    ? applyAddresses(service, principal, parts[0]!)
    : applyInTurn(service, principal, parts);
}

/** One after the other; what fails as a whole ends it, and repeating what was done before does no harm. */
async function applyInTurn(
  service: UpdateService,
  principal: Principal,
  parts: readonly Part[],
): Promise<UpdateResult> {
  const outcomes: HostOutcome[] = [];
  for (const part of parts) {
    const result = await applyAddresses(service, principal, part);
    if (result.kind !== 'hosts') return result;
    outcomes.push(...result.outcomes);
  }
  return { kind: 'hosts', outcomes };
}

/** The parts of joined URLs: those for the same hosts are one update. */
function joinParts(urls: readonly UpdateParameters[], source: IpAddress): readonly Part[] {
  const groups: UpdateParameters[] = [];
  for (const url of urls) {
    const at = groups.findIndex(({ hosts }) => url.hosts.length === 0 || sameHosts(hosts, url.hosts));
    const group = groups[at];
    if (group === undefined) groups.push(url);
    else
      groups[at] = {
        ...group,
        addresses: [...group.addresses, ...url.addresses],
        prefix: group.prefix || url.prefix,
        offline: group.offline || url.offline,
      };
  }
  return groups.map((group) => ({ hosts: group.hosts, update: resolveAddressUpdate(group, source) }));
}

function sameHosts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((host, i) => host.toLowerCase() === b[i]!.toLowerCase());
}

/** The hosts asked for; without any, a user name that is one (per-host keys, D-4.5). One above the limit is enough. */
function requestedHosts(hosts: readonly string[], credentials: Credentials | undefined): readonly string[] {
  if (hosts.length > MAX_HOSTS_PER_REQUEST) return hosts.slice(0, MAX_HOSTS_PER_REQUEST + 1);
  if (hosts.length > 0 || credentials === undefined) return hosts;
  return parseHostnameOrWildcard(credentials.user) === undefined ? [] : [credentials.user];
}

/** A reply of return codes (D-7). */
export function formatDyndns2(result: Result, parts: readonly Part[]): Reply {
  const kind = overallKind(result);
  // Of 911 in a line beside others, or with status 200, some clients never recover (D-7.9).
  if (result.kind === 'hosts' && kind !== 'over-budget') return replyHosts(result.outcomes, parts);
  const { code, status } = RETURN_CODES[kind];
  return plainReply(`${code}\n`, status, resultHeaders(result));
}

function replyHosts(outcomes: readonly HostOutcome[], parts: readonly Part[]): Reply {
  const body = formatParts(outcomes, parts);
  for (const outcome of outcomes) {
    const reason = describeRefusal(outcome);
    if (reason !== undefined) return plainReply(body, 200, { 'X-Homing-Reason': reason });
  }
  return plainReply(body);
}

function formatParts(outcomes: readonly HostOutcome[], parts: readonly Part[]): string {
  const [first, ...others] = parts;
  if (others.length === 0) return formatHostLines(outcomes, first?.update.families ?? BOTH_UNASKED);
  let at = 0;
  let body = '';
  for (const { hosts, update } of parts) {
    body += formatHostLines(outcomes.slice(at, at + hosts.length), update.families);
    at += hosts.length;
  }
  return body;
}

const BOTH_UNASKED: readonly IpFamily[] = [];
