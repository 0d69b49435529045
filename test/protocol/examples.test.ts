/** The shipped examples for routers, as the requests that these make of them; and what holds for every example. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { formatIpPrefix } from '../../src/net/ip-prefix.ts';
import { EXAMPLES, filledExample } from '../interop/shipped-example.ts';
import { basic, name, openSite } from './site.ts';

const SITE = {
  hosts: ['home.example.test'],
  accounts: { alice: null },
  tokens: { s3cret: null },
  accept: 'any',
} as const;
const VALUES = {
  server: 'dyn.example.test',
  account: 'alice',
  token: 's3cret',
  hostname: 'home.example.test',
};

/** What the first group of a pattern finds in an example that was filled in. */
function found(text: string, pattern: RegExp): string {
  const value = pattern.exec(text)?.[1];
  assert.ok(value !== undefined, `${String(pattern)} is in the example`);
  return value;
}

/** The target of a URL at the example's server. */
function targetOf(url: string): string {
  const prefix = /^http:\/\/(?:[^@/]*@)?dyn\.example\.test(?=\/)/;
  assert.match(url, prefix);
  return url.replace(prefix, '');
}

describe('clients/examples', () => {
  it('fritzbox.txt: the fields of the form, with both families, one of them, DS-Lite, and the prefix (D-5.4, D-12.1)', async (t) => {
    const text = filledExample('fritzbox.txt', VALUES);
    const field = (name: string): string => found(text, new RegExp(`^${name}: +(\\S+)$`, 'm'));
    const site = await openSite(t, SITE);
    const send = async (ipv4: string, ipv6: string, lan = ''): Promise<string> => {
      const url = field('Update URL')
        .replace('<ip6lanprefix>', lan)
        .replace('<domain>', field('Domain name'))
        .replace('<ipaddr>', ipv4)
        .replace('<ip6addr>', ipv6);
      const credentials = basic(field('User name'), field('Password'));
      const agent = 'User-Agent: Fritz!Box DDNS/1.0.1\r\n';
      return (
        await site.send(
          `GET ${targetOf(url)} HTTP/1.1\r\nHost: ${VALUES.server}\r\n${credentials}${agent}\r\n`,
        )
      ).body;
    };
    assert.equal(await send('198.51.100.7', '2001:db8::7'), 'good 198.51.100.7,2001:db8::7\n');
    assert.equal(await send('198.51.100.8', ''), 'good 198.51.100.8\n');
    assert.equal(await send('', '2001:db8::8'), 'good 2001:db8::8\n');
    assert.equal(await send('', '2001:db8::8', '2001:db8:1:200::/56'), 'good 2001:db8::8\n');
    assert.equal(site.published(VALUES.hostname), '198.51.100.8 2001:db8::8', 'a prefix is no address');
    const { prefix } = site.view.host(name(VALUES.hostname))!;
    assert.equal(prefix === undefined ? undefined : formatIpPrefix(prefix), '2001:db8:1:200::/56');
  });

  it('openwrt.sh: the URL as ddns-scripts fill it in, through GNU wget, which waits for the 401 (D-3.4)', async (t) => {
    const text = filledExample('openwrt.sh', VALUES);
    const option = (name: string): string =>
      found(text, new RegExp(`^uci set ddns\\.homing\\.${name}='(.*)'$`, 'm'));
    const site = await openSite(t, SITE);
    const send = async (address: string, headers: string): Promise<string> => {
      const url = option('update_url')
        .replace('[USERNAME]', option('username'))
        .replace('[PASSWORD]', option('password'))
        .replace('[DOMAIN]', option('domain'))
        .replace('[IP]', address);
      const head = `Host: ${VALUES.server}\r\nUser-Agent: Wget/1.21.4\r\nAccept: */*\r\n`;
      return (await site.send(`GET ${targetOf(url)} HTTP/1.1\r\n${head}${headers}\r\n`)).body;
    };
    assert.equal(await send('198.51.100.7', ''), 'badauth\n');
    const credentials = basic(option('username'), option('password'));
    assert.equal(await send('198.51.100.7', credentials), 'good 198.51.100.7\n');
    assert.equal(await send('2001:0db8:0000:0000:0000:0000:0000:0007', credentials), 'good 2001:db8::7\n');
    assert.equal(option('lookup_host'), VALUES.hostname);
  });

  it('mikrotik.rsc: the request of /tool fetch (D-5.4)', async (t) => {
    const text = filledExample('mikrotik.rsc', VALUES);
    const local = (name: string): string => found(text, new RegExp(`^:local ${name} "([^"]*)"$`, 'm'));
    assert.match(text, /\/tool fetch url=\$url user=\$account password=\$token /);
    const site = await openSite(t, SITE);
    const credentials = basic(local('account'), local('token'));
    const request = `GET ${targetOf(local('url'))} HTTP/1.0\r\nUser-Agent: Mikrotik/6.x Fetch\r\nHost: d\r\n${credentials}\r\n`;
    assert.equal((await site.send(request)).body, 'good 127.0.0.1\n');
    assert.equal((await site.send(request)).body, 'nochg 127.0.0.1\n');
  });

  it('are all in the overview, begin with what they are for, and have every mark', () => {
    const overview = readFileSync(join(EXAMPLES, '..', 'README.md'), 'utf8');
    const files = readdirSync(EXAMPLES);
    assert.ok(files.length >= 7);
    for (const file of files) {
      assert.ok(overview.includes(`(examples/${file})`), `${file} is in clients/README.md`);
      const text = filledExample(file, VALUES);
      assert.match(text, /^(?:#!\/bin\/sh\n)?(?:# .+\n){2,}/, `${file} begins with a comment`);
    }
  });
});
