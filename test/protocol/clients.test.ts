/** What clients send, byte for byte as their sources build it, and the reply that each of them needs (D-7, D-8). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { basic, header, openSite } from './site.ts';

const AUTH = basic('alice', 's3cret');
const PAIR = 'hostname=home.example.test&myip=198.51.100.7';
const FORM = 'Content-Type: application/x-www-form-urlencoded\r\n';

interface Transcript {
  readonly client: string;
  readonly request: string;
  /** Default: `good 198.51.100.7`. */
  readonly body?: string;
}

const TRANSCRIPTS: readonly Transcript[] = [
  {
    client: 'ddclient 3.10',
    request: `GET /nic/update?system=dyndns&${PAIR} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n${AUTH}User-Agent: ddclient/3.10.0\r\nConnection: close\r\n\r\n`,
  },
  {
    client: 'ddclient 3.10 with two hosts',
    request: `GET /nic/update?system=dyndns&hostname=home.example.test,vpn.example.test&myip=198.51.100.7 HTTP/1.1\r\nHost: d\r\n${AUTH}User-Agent: ddclient/3.10.0\r\nConnection: close\r\n\r\n`,
    body: 'good 198.51.100.7\ngood 198.51.100.7\n',
  },
  {
    client: 'ddclient 4 with both families',
    request: `GET /nic/update?hostname=home.example.test&myip=198.51.100.7,2001:db8::7 HTTP/1.1\r\nHost: d\r\n${AUTH}User-Agent: ddclient/4.0.0\r\nAccept: */*\r\n\r\n`,
    body: 'good 198.51.100.7,2001:db8::7\n',
  },
  {
    client: 'inadyn 2.10',
    request: `GET /nic/update?${PAIR} HTTP/1.0\r\nHost: ddns.example.test\r\n${AUTH}User-Agent: inadyn/2.10.0 https://github.com/troglobit/inadyn/issues\r\n\r\n`,
  },
  {
    client: 'inadyn custom, IPv6 in lower-case escapes',
    request: `GET /nic/update?hostname=home.example.test&myip=2001%3adb8%3a%3a7 HTTP/1.0\r\nHost: d\r\n${AUTH}User-Agent: inadyn/2.10.0\r\n\r\n`,
    body: 'good 2001:db8::7\n',
  },
  {
    client: 'inadyn custom, credentials in the path and the empty ones it always sends',
    request: `GET /nic/update?user=alice&pass=s3cret&${PAIR} HTTP/1.0\r\nHost: d\r\nAuthorization: Basic Og==\r\nUser-Agent: inadyn/2.10.0\r\n\r\n`,
  },
  {
    client: 'inadyn deSEC plugin, at the bare server name (D-1.2)',
    request:
      'GET /?username=alice&password=s3cret&hostname=home.example.test&myipv4=198.51.100.7 HTTP/1.0\r\nHost: d\r\n\r\n',
  },
  {
    client: 'DD-WRT with the host as the whole query',
    request: `GET /nic/update?home.example.test HTTP/1.0\r\nHost: d\r\n${AUTH}User-Agent: NewMedia-NET GmbH TP-Link Archer C7/r44715 info@dd-wrt.com\r\n\r\n`,
    body: 'good 127.0.0.1\n',
  },
  {
    client: 'ez-ipupdate with its trailing ampersand and Host last',
    request: `GET /nic/update?${PAIR}&wildcard=OFF& HTTP/1.0\r\n${AUTH}User-Agent: ez-update-3.0.11b8  [daemon] (by Angus Mackay)\r\nHost: d\r\n\r\n`,
  },
  {
    client: 'a recorder that sends an empty line first',
    request: `\r\nGET /nic/update?hostname=home.example.test HTTP/1.1\r\nHost: members.dyndns.org\r\n${AUTH}User-Agent: TongLi Inc. - Router 25001 - 1.1\r\n\r\n`,
    body: 'good 127.0.0.1\n',
  },
  {
    client: 'hednsupd: the host as user (D-4.5)',
    request: `GET /nic/update?myip=198.51.100.7 HTTP/1.0\r\nHost: d\r\n${basic('home.example.test', 'HostToken')}User-Agent: hednsupd/2.0\r\n\r\n`,
  },
  {
    client: 'he.net style: a key and no user',
    request:
      'GET /nic/update?hostname=home.example.test&password=HostToken&myip=198.51.100.7 HTTP/1.1\r\nHost: d\r\n\r\n',
  },
  {
    client: 'OpenWrt: IPv6 expanded, IPv4 to be left alone',
    request: `GET /nic/update?hostname=home.example.test&myip=no&myipv6=2001:0db8:0000:0000:0000:0000:0000:0007 HTTP/1.1\r\nHost: d\r\n${AUTH}User-Agent: curl/8.6.0\r\n\r\n`,
    body: 'good 2001:db8::7\n',
  },
  {
    client: 'ddns-go with a JSON body',
    request: `POST /nic/update HTTP/1.1\r\nHost: d\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: 54\r\n${AUTH}Content-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n{"hostname":"home.example.test","myip":"198.51.100.7"}`,
  },
  {
    client: 'ddns-updater at /v3/update',
    request: `GET /v3/update?hostname=home.example.test&myip=2001%3Adb8%3A%3A7 HTTP/1.1\r\nHost: d\r\nUser-Agent: DDNS-Updater quentin.mcgaw@gmail.com\r\n${AUTH}Accept-Encoding: gzip\r\n\r\n`,
    body: 'good 2001:db8::7\n',
  },
  {
    client: 'pfSense for Google Domains: a form with an odd key',
    request: `POST /nic/update HTTP/1.1\r\nHost: d\r\n${AUTH}Content-Length: 90\r\n${FORM}\r\nusername%3Apassword=alice%3As3cret&hostname=home.example.test&myip=198.51.100.7&offline=no`,
  },
  {
    client: 'OPNsense custom PUT',
    request: `PUT /nic/update?${PAIR} HTTP/1.1\r\nHost: d\r\n${AUTH}User-Agent: OPNsense-dyndns\r\nContent-Length: 0\r\n\r\n`,
  },
  {
    client: 'EdgeOS with a URL where a server name belongs',
    request: `GET /update?ip=%i&hostname=%h/nic/update?system=dyndns&${PAIR} HTTP/1.0\r\nHost: d\r\n${AUTH}User-Agent: ddclient/3.8.3\r\n\r\n`,
  },
  {
    client: 'FRITZ!Box without IPv6',
    request: `GET /nic/update?${PAIR}&myipv6=&ip6lanprefix=&dualstack=0 HTTP/1.1\r\nHost: d\r\n${AUTH}User-Agent: Fritz!Box DDNS/1.0.1\r\n\r\n`,
  },
  {
    client: 'FRITZ!Box with DS-Lite: no IPv4 of its own',
    request: `GET /nic/update?hostname=home.example.test&myip=&myipv6=2001:db8::7&ip6lanprefix=2001:db8:0:100::/56 HTTP/1.1\r\nHost: d\r\n${AUTH}User-Agent: Fritz!Box DDNS/1.0.1\r\n\r\n`,
    body: 'good 2001:db8::7\n',
  },
  {
    client: 'FRITZ!Box with an unescaped password in the query',
    request: `GET /nic/update?user=alice&pass=p&ss#1&${PAIR} HTTP/1.1\r\nHost: d\r\n${AUTH}User-Agent: Fritz!Box DDNS/1.0.1\r\n\r\n`,
  },
  {
    client: 'MikroTik with the mask left on',
    request: `GET /nic/update?hostname=home.example.test&myip=198.51.100.7/24 HTTP/1.0\r\nUser-Agent: Mikrotik/6.x Fetch\r\nHost: d\r\n${AUTH}\r\n`,
  },
  {
    client: 'a vendor client that believes it talks to dyndns.org',
    request: `GET /nic/update?system=dyndns&${PAIR}&wildcard=OFF&mx=NOCHG&backmx=NO&offline=NO HTTP/1.0\r\nHost: members.dyndns.org\r\n${AUTH}User-Agent: myclient/1.0 me@null.net\r\n\r\n`,
  },
  {
    client: 'a No-IP client without a user agent and with an empty address',
    request: `GET /nic/update?hostname=home.example.test&myip= HTTP/1.0\r\nHost: dynupdate.no-ip.com\r\n${AUTH}\r\n`,
    body: 'good 127.0.0.1\n',
  },
  {
    client: 'PowerShell: POST without a body, all in the query',
    request: `POST /nic/update?${PAIR}&username=alice&password=s3cret HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n`,
  },
];

describe('client transcripts (D-2.3, D-8.5)', () => {
  for (const { client, request, body = 'good 198.51.100.7\n' } of TRANSCRIPTS) {
    it(client, async (t) => {
      const site = await openSite(t, {
        hosts: ['home.example.test', 'vpn.example.test'],
        accounts: { alice: null },
        tokens: { s3cret: null, HostToken: ['home.example.test'] },
        accept: 'any',
      });
      const first = await site.send(request);
      assert.equal(first.statusLine, 'HTTP/1.1 200 OK');
      assert.equal(first.body, body);
      assert.equal(first.reads, 1, 'one segment');
      assert.ok(first.raw.length < 1024);
      const again = await site.send(request);
      assert.equal(
        again.body,
        body.replaceAll('good', 'nochg'),
        'the same again is unchanged, never punished',
      );
      assert.equal(again.status, 200);
    });
  }

  it('challenges a client that shows its credentials only when asked (GNU wget, urllib, .NET)', async (t) => {
    const site = await openSite(t, { hosts: ['home.example.test'], accounts: { alice: 's3cret' } });
    const bare = `GET /nic/update?${PAIR} HTTP/1.1\r\nHost: d\r\nUser-Agent: Wget/1.21.3\r\n`;
    const first = await site.send(`${bare}\r\n`);
    assert.equal(first.statusLine, 'HTTP/1.1 401 Unauthorized');
    assert.deepEqual(header(first, 'WWW-Authenticate'), ['Basic realm="DDNS"']);
    assert.equal(first.body, 'badauth\n');
    const second = await site.send(`${bare}${AUTH}\r\n`);
    assert.equal(second.body, 'good 198.51.100.7\n');
  });
});
