/** Which name servers have the last word on a host. */
import { promises as dns } from 'node:dns';
import { isIP } from 'node:net';

/** How names are looked up; the system's resolver by default. */
export interface NameLookup {
  resolveNs(name: string): Promise<readonly string[]>;
  /** Every address of a name. */
  resolveAddresses(name: string): Promise<readonly string[]>;
}

/** The lookup by the system's resolver. */
export const systemLookup: NameLookup = {
  resolveNs: (name) => dns.resolveNs(name),
  resolveAddresses: async (name) => (await dns.lookup(name, { all: true })).map(({ address }) => address),
};

/** `ADDRESS`, `ADDRESS:PORT` and `[ADDRESS]:PORT` of the servers, as `Resolver.setServers` takes them; none known: empty. */
export async function findAuthorities(
  host: string,
  configured: readonly string[] | undefined,
  lookup: NameLookup = systemLookup,
): Promise<readonly string[]> {
  const names = configured ?? (await closestNameServers(host, lookup));
  const found = await Promise.all(names.map((name) => addressesOf(name, lookup)));
  return [...new Set(found.flat())];
}

async function closestNameServers(host: string, lookup: NameLookup): Promise<readonly string[]> {
  const labels = host.split('.');
  // The root and the top level say nothing about a host that nobody delegated.
  for (let from = 0; from < labels.length - 1; from++) {
    const names = await lookup.resolveNs(labels.slice(from).join('.')).catch(() => []);
    if (names.length > 0) return names;
  }
  return [];
}

async function addressesOf(place: string, lookup: NameLookup): Promise<readonly string[]> {
  const [, bracketed, name, port] = /^(?:\[(.+)\]|([^:]+|[^:]*:[^:]*:.*))(?::(\d+))?$/.exec(place) ?? [];
  const target = bracketed ?? name ?? place;
  const addresses = isIP(target) > 0 ? [target] : await lookup.resolveAddresses(target).catch(() => []);
  return addresses.map((address) => {
    if (port === undefined) return address;
    return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  });
}
