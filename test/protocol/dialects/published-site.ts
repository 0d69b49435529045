/** A site whose zone is served over DNS too, so that each test asks a resolver what an update did. */
import { Resolver } from 'node:dns/promises';
import type { TestContext } from 'node:test';
import { createDnsServer } from '../../../src/dns/server/dns-server.ts';
import { SILENT_LOG } from '../../dns/zones.ts';
import { type Reply, type Site, type SiteOptions, openSite } from '../site.ts';

export interface PublishedSite extends Site {
  /** What DNS answers: the records as text, sorted and joined by blanks; `none` where there are none. */
  resolve(name: string, type: 'A' | 'AAAA' | 'TXT'): Promise<string>;
  get(target: string, headers?: string): Promise<Reply>;
  post(target: string, body: string, headers?: string): Promise<Reply>;
}

/** Hosts home and vpn of alice, shop of bob; tokens for one host, for both and for all that alice has. */
export const PEOPLE: SiteOptions = {
  hosts: ['home.example.test', 'vpn.example.test', 'shop.example.test=bob'],
  accounts: { alice: null, bob: null },
  tokens: {
    HomeToken: ['home.example.test'],
    BothToken: ['home.example.test', 'vpn.example.test'],
    AllToken: null,
  },
  accept: 'any',
};

/** Opens a site and a DNS server over its store; both are closed with the test. */
export async function openPublishedSite(
  t: TestContext,
  options: SiteOptions = PEOPLE,
): Promise<PublishedSite> {
  const site = await openSite(t, { ...PEOPLE, ...options });
  const dns = createDnsServer({
    listen: [{ address: '127.0.0.1', port: 0 }],
    zones: site.store.view,
    limits: {},
    log: SILENT_LOG,
  });
  await dns.start();
  t.after(() => dns.stop());
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  resolver.setServers([`127.0.0.1:${dns.addresses[0]!.port}`]);
  return {
    ...site,
    resolve: async (name, type) => {
      try {
        const records = await resolver.resolve(name, type);
        return (records as (string | string[])[])
          .map((record) => [record].flat().join(''))
          .sort()
          .join(' ');
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENODATA' || code === 'ENOTFOUND') return 'none';
        throw error;
      }
    },
    get: (target, headers = '') => site.send(`GET ${target} HTTP/1.1\r\nHost: d\r\n${headers}\r\n`),
    post: (target, body, headers = '') =>
      site.send(
        `POST ${target} HTTP/1.1\r\nHost: d\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      ),
  };
}

/** The lines of updates in the log, as `dialect hosts outcomes`. */
export function attempts(site: Site): readonly string[] {
  return site.log
    .filter(({ message }) => message === 'update')
    .map(({ fields }) => [fields['dialect'] ?? 'dyndns2', fields['hostnames'], fields['outcomes']].join(' '));
}
