/** pfSense, OPNsense with its own backend, and IPCop. */
import { type Client, SOUND, STATUS_ALONE, type Values, acceptedIf, isSuccess } from './client-family.ts';

const pfsense = (v: Values, target: string): string =>
  `GET ${target} HTTP/1.1\r\nHost: ddns.example.test\r\n${v.auth}User-Agent: phpDynDNS/0.7\r\nAccept: */*\r\n\r\n`;
const opnsense = (v: Values, method: string, query: string): string =>
  `${method} /nic/update?${query} HTTP/1.1\r\nHost: ddns.example.test\r\nUser-Agent: OPNsense-dyndns\r\nAccept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\n${method === 'GET' ? '' : 'Content-Length: 0\r\n'}${v.auth}\r\n`;
const GOOGLE_FORM = (v: Values): string =>
  `username%3Apassword=${v.user}%3A${v.password}&hostname=${v.hostname}&myip=${v.ipv4}&offline=no`;

/** The clients of this family. */
export const FIREWALLS: readonly Client[] = [
  {
    name: 'pfSense, custom',
    device: 'pfsense',
    rule: 'the answer without tabs and line ends at its ends is exactly one alternative of "Result Match"; the status is ignored',
    reads: SOUND,
    judge: ({ body }, { ipv4 }) => {
      const alternatives = 'good %IP%|nochg %IP%'.replaceAll('%IP%', ipv4).split('|');
      return acceptedIf(alternatives.includes(body.replace(/^[\t\n\r]+|[\t\n\r]+$/g, '')));
    },
    request: (v) => pfsense(v, `/nic/update?hostname=${v.hostname}&myip=${v.ipv4}`),
  },
  {
    name: 'pfSense, its dyndns types',
    rule: '`notfqdn`, then `nochg`, then `good` anywhere in the answer, in any case',
    reads: SOUND,
    judge: ({ body }) => acceptedIf(!/notfqdn/i.test(body) && /nochg|good/i.test(body)),
    request: (v) =>
      pfsense(
        v,
        `/nic/update?system=dyndns&hostname=${v.hostname}&myip=${v.ipv4}&wildcard=OFF&mx=&backmx=NO`,
      ),
    exchanges: [
      {
        what: 'No-IP with IPv6',
        request: (v) => pfsense(v, `/nic/update?hostname=${v.hostname}&myipv6=${v.ipv6}`),
        ipv4: 'none',
        ipv6: '2001:db8::7',
      },
      {
        what: 'Google Domains: a form with an odd key',
        request: (v) =>
          `POST /nic/update HTTP/1.1\r\nHost: ddns.example.test\r\n${v.auth}User-Agent: phpDynDNS/0.7\r\nAccept: */*\r\nContent-Length: ${GOOGLE_FORM(v).length}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n${GOOGLE_FORM(v)}`,
        ipv6: '2001:db8::7',
      },
    ],
  },
  {
    name: 'OPNsense, native backend',
    device: 'opnsense',
    rule: 'any status from 200 to 299; an empty answer is a fault of its own',
    reads: STATUS_ALONE,
    judge: (reply) => acceptedIf(isSuccess(reply) && reply.body.split(/\s+/)[0] !== ''),
    request: (v) => opnsense(v, 'GET', `hostname=${v.hostname}&myip=${v.ipv4}&system=dyndns&wildcard=NOCHG`),
    exchanges: [
      {
        what: 'custom POST',
        request: (v) => opnsense(v, 'POST', `hostname=${v.hostname}&myip=${v.ipv4}`),
      },
      {
        what: 'custom PUT, IPv6',
        request: (v) => opnsense(v, 'PUT', `hostname=${v.hostname}&myip=${v.ipv6.replaceAll(':', '%3A')}`),
        ipv6: '2001:db8::7',
      },
    ],
  },
  {
    name: 'IPCop and old IPFire',
    rule: '`HTTP/1.x 200 OK`, and `good` or `nochg` with a blank behind it',
    reads: SOUND,
    judge: ({ raw }) => acceptedIf(/HTTP\/1\.. 200 OK/.test(raw) && /good |nochg /i.test(raw)),
    request: (v) =>
      `GET /nic/update?system=dyndns&hostname=${v.hostname}&myip=${v.ipv4} HTTP/1.0\r\nHost: ddns.example.test:443\r\nUser-Agent: Ipcop\r\n${v.auth}Accept: */*\r\n\r\n`,
  },
];
