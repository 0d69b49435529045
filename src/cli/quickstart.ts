/**
 * The first start with nothing configured: a zone, an account, a host and a token to try everything with.
 * Invariant: an existing store is never changed, and the token's secret is printed by the start that made it only.
 */
import type { ListenAddress } from '../config/listen-address.ts';
import { formatListenAddress, loopbackFor } from '../config/listen-address.ts';
import type { AdminCommand, AdminResults, Administrator } from '../update/admin/command.ts';
import type { StoreView } from '../store/store.ts';
import { CliError, exitCodeOf } from './exit-code.ts';

/** What the quickstart makes. `.test` is reserved for this (RFC 6761 §6.2): it never collides with a real name. */
const QUICKSTART = { zone: 'dyn.test', account: 'home', host: 'home.dyn.test', label: 'quickstart' } as const;

/** An address to try an update with: reserved for documentation (RFC 5737), so it is nobody's. */
const SAMPLE_ADDRESS = '203.0.113.7';

/** Provisions an empty store and gives the new token's secret; undefined where the store holds anything already. */
export async function provisionQuickstart(
  view: StoreView,
  administrator: Administrator,
): Promise<string | undefined> {
  if (!isEmpty(view)) return undefined;
  const { zone, account, host, label } = QUICKSTART;
  const carryOut = <K extends AdminCommand['kind']>(command: Extract<AdminCommand, { kind: K }>) =>
    carryOutOrFail(administrator, command);
  await carryOut({ kind: 'zone-add', apex: zone, nameServers: [], addresses: [], accept: 'any' });
  await carryOut({ kind: 'account-add', name: account, admin: false, password: null });
  await carryOut({ kind: 'host-add', fqdn: host, account, ttl: 60, wildcard: false });
  const token = await carryOut<'token-add'>({ kind: 'token-add', account, hosts: [host], label });
  return token.secret;
}

/** Where everything is, for people. */
export interface Places {
  readonly http: readonly ListenAddress[];
  readonly dns: readonly ListenAddress[];
  /** The data directory, absolute. */
  readonly data: string;
}

const DATA_FILES = 'snapshot.json, journal-*.log';

/** The block of the first start, with the secret in it. */
export function formatWelcome(secret: string, places: Places): string {
  const http = formatListenAddress(loopbackFor(places.http[0]!));
  const dns = loopbackFor(places.dns[0]!);
  const { host } = QUICKSTART;
  return [
    '',
    'Homing is running. Paste these lines into another terminal:',
    '',
    `  curl -u ${host}:${secret} 'http://${http}/nic/update?hostname=${host}&myip=${SAMPLE_ADDRESS}'`,
    `  dig +short @${dns.address} -p ${dns.port} ${host} A`,
    `  http://${http}/`,
    '',
    `The password in the first line is the token of ${host}. It is not shown again;`,
    `make another with "homing token add --account ${QUICKSTART.account}"`,
    `(from a checkout: npm run -s homing -- token add --account ${QUICKSTART.account}).`,
    '',
    formatPlaces(places),
    '',
    'Ctrl-C ends it; the next start serves the same data.',
    '',
    '',
  ].join('\n');
}

/** Where it listens and which files hold the data. */
export function formatPlaces({ http, dns, data }: Places): string {
  return [
    `HTTP  ${http.map(formatListenAddress).join(', ')}`,
    `DNS   ${dns.map(formatListenAddress).join(', ')} (UDP and TCP)`,
    `Data  ${data}/ (${DATA_FILES})`,
  ].join('\n');
}

function isEmpty(view: StoreView): boolean {
  for (const _ of view.zones()) return false;
  for (const _ of view.accounts()) return false;
  return true;
}

async function carryOutOrFail<K extends AdminCommand['kind']>(
  administrator: Administrator,
  command: Extract<AdminCommand, { kind: K }>,
): Promise<AdminResults[K]> {
  const result = await administrator.execute<K>(command);
  if (!result.ok) throw new CliError(exitCodeOf(result.code), result.code, result.message);
  return result.value;
}
