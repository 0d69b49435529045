/**
 * Lists of hosts as people write them: what every line says, checked before anything is planned. Pure.
 * Invariant: the first line that is wrong refuses the list, and the refusal names the line and the field.
 */
import { MAX_SUBNET, interfaceIdFromMac, parseInterfaceId } from '../../../net/interface-id.ts';
import { type IpAddress, familyOf, parseIpAddress } from '../../../net/ip-address.ts';
import { type Steps, visitInSteps } from '../../../ops/steps.ts';
import type { Name } from '../../../zone/name.ts';
import { NameMap } from '../../writing/name-map.ts';
import { parseHostname } from '../../../zone/hostname.ts';
import type {
  AdminErrorCode,
  AdminFailure,
  DerivationWish,
  HostRow,
  HostRows,
  OnProgress,
} from '../command.ts';
import { HOST_TTL } from '../plan-host.ts';
import { refuse } from '../refusal.ts';

/** A line that was read; undefined is what it leaves open. */
export interface ListedHost {
  readonly line: number;
  readonly name: Name;
  readonly account: string | undefined;
  readonly ipv4: IpAddress | undefined;
  readonly ipv6: IpAddress | undefined;
  readonly ttl: number | undefined;
  /** What it says of a prefix; its texts can be read. */
  readonly derived: DerivationWish | undefined;
}

/** How many lines are checked between two reports. */
const REPORT_EVERY = 10_000;

/** The hosts of a list, each once; or why it is refused. */
export function* readHostRows(
  rows: HostRows,
  onProgress?: OnProgress,
): Steps<readonly ListedHost[] | AdminFailure> {
  const listed: ListedHost[] = [];
  const lines = new NameMap<number>();
  // One string for all hosts of an account, however many there are.
  const accounts = new Map<string, string>();
  let failure: AdminFailure | undefined;
  yield* visitInSteps(rows, (row) => {
    if (failure !== undefined) return;
    const host = readRow(row, accounts);
    if ('ok' in host) {
      failure = host;
      return;
    }
    const before = lines.add(host.name, row.line);
    if (before !== undefined)
      failure = refuseLine(row, 'fqdn', 'invalid', `${row.fqdn} is in line ${before}, too`);
    listed.push(host);
    if (listed.length % REPORT_EVERY === 0)
      onProgress?.({ stage: 'checking', done: listed.length, total: rows.length });
  });
  return failure ?? listed;
}

/** The refusal of a list because of one field of one line. */
export function refuseLine(
  { line }: { readonly line: number },
  field: keyof HostRow,
  code: AdminErrorCode,
  reason: string,
): AdminFailure {
  return refuse(code, `line ${line}, ${field}: ${reason}; nothing was changed`);
}

function readRow(row: HostRow, accounts: Map<string, string>): ListedHost | AdminFailure {
  const name = parseHostname(row.fqdn);
  if (name === undefined)
    return refuseLine(row, 'fqdn', 'invalid', `"${row.fqdn}" is not a fully qualified host name`);
  const ipv4 = row.ipv4 === undefined ? undefined : parseIpAddress(row.ipv4);
  if (row.ipv4 !== undefined && (ipv4 === undefined || familyOf(ipv4) !== 4))
    return refuseLine(row, 'ipv4', 'invalid', `"${row.ipv4}" is not an IPv4 address`);
  const ipv6 = row.ipv6 === undefined ? undefined : parseIpAddress(row.ipv6);
  if (row.ipv6 !== undefined && (ipv6 === undefined || familyOf(ipv6) !== 6))
    return refuseLine(row, 'ipv6', 'invalid', `"${row.ipv6}" is not an IPv6 address`);
  const ttl = row.ttl === undefined ? undefined : readTtl(row.ttl);
  if (ttl === null) {
    const reason = `"${row.ttl}" is not a whole number of seconds from ${HOST_TTL.least} to ${HOST_TTL.most}`;
    return refuseLine(row, 'ttl', 'invalid', reason);
  }
  const derived = readDerivation(row);
  if (derived !== undefined && 'ok' in derived) return derived;
  return { line: row.line, name, account: accountOf(row.account, accounts), ipv4, ipv6, ttl, derived };
}

function readDerivation(row: HostRow): DerivationWish | undefined | AdminFailure {
  const { prefixOf: router, subnet, interfaceId, mac } = row;
  if (router === undefined && subnet === undefined && interfaceId === undefined && mac === undefined)
    return undefined;
  if (router !== undefined && parseHostname(router) === undefined)
    return refuseLine(row, 'prefixOf', 'invalid', `"${router}" is not a fully qualified host name`);
  const number = subnet === undefined || /^\d{1,10}$/.test(subnet) ? Number(subnet ?? 0) : Infinity;
  if (number > MAX_SUBNET)
    return refuseLine(row, 'subnet', 'invalid', `"${subnet}" is not a number from 0 to ${MAX_SUBNET}`);
  if (interfaceId !== undefined && parseInterfaceId(interfaceId) === undefined)
    return refuseLine(
      row,
      'interfaceId',
      'invalid',
      `"${interfaceId}" is not the lower half of an IPv6 address`,
    );
  if (mac !== undefined && interfaceIdFromMac(mac) === undefined)
    return refuseLine(row, 'mac', 'invalid', `"${mac}" is not the MAC address of an interface`);
  return {
    ...(router === undefined ? {} : { router }),
    ...(subnet === undefined ? {} : { subnet: number }),
    ...(interfaceId === undefined ? {} : { interfaceId }),
    ...(mac === undefined ? {} : { mac }),
  };
}

function accountOf(text: string | undefined, accounts: Map<string, string>): string | undefined {
  if (text === undefined) return undefined;
  let account = accounts.get(text);
  if (account === undefined) accounts.set(text, (account = text.toLowerCase()));
  return account;
}

function readTtl(text: string): number | null {
  const ttl = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  return ttl >= HOST_TTL.least && ttl <= HOST_TTL.most ? ttl : null;
}
