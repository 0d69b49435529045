/** ddns-go, ddns-updater and godns: Go's HTTP client, each with a reading of its own. */
import type { Reply } from '../site.ts';
import {
  type Client,
  SOUND,
  STATUS_ALONE,
  type Values,
  type Verdict,
  acceptedIf,
  isSuccess,
} from './client-family.ts';

const go = (v: Values, target: string, agent = 'Go-http-client/1.1'): string =>
  `GET ${target} HTTP/1.1\r\nHost: ddns.example.test\r\nUser-Agent: ${agent}\r\n${v.auth}Accept-Encoding: gzip\r\n\r\n`;
const updater = (v: Values, target: string): string => go(v, target, 'DDNS-Updater quentin.mcgaw@gmail.com');
const jsonOf = (v: Values): string => JSON.stringify({ hostname: v.hostname, myip: v.ipv4 });

/** ddns-updater's No-IP: known errors first, then status 200, and the very address that was sent. */
function updaterNoIp({ status, body }: Reply, { ipv4 }: Values): Verdict {
  const text = body.trim().toLowerCase();
  if (['911', 'abuse', '!donator', 'badagent', 'badauth', 'nohost'].includes(text)) return 'tries again';
  const addresses: readonly string[] = text.match(/\d+\.\d+\.\d+\.\d+/g) ?? [];
  return acceptedIf(status === 200 && /good|nochg/.test(text) && addresses.includes(ipv4));
}

/** The clients of this family. */
export const GO_PROGRAMS: readonly Client[] = [
  {
    name: 'ddns-go, callback',
    device: 'ddns-go',
    rule: 'any status from 200 to 299; the answer is not read, and nothing is sent again until the address changes',
    reads: STATUS_ALONE,
    judge: (reply) => acceptedIf(isSuccess(reply)),
    request: (v) => go(v, `/nic/update?hostname=${v.hostname}&myip=${v.ipv4}`),
    exchanges: [
      {
        what: 'a JSON body',
        request: (v) =>
          `POST /nic/update HTTP/1.1\r\nHost: ddns.example.test\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: ${jsonOf(v).length}\r\n${v.auth}Content-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n${jsonOf(v)}`,
      },
      {
        what: 'IPv6, a request of its own',
        request: (v) => go(v, `/nic/update?hostname=${v.hostname}&myip=${v.ipv6}`),
        ipv6: '2001:db8::7',
      },
    ],
  },
  {
    name: 'ddns-updater, custom',
    device: 'ddns-updater',
    rule: 'status 200 and the expression of `success_regex`, here `^(good|nochg)`',
    reads: SOUND,
    judge: ({ status, body }) => acceptedIf(status === 200 && /^(good|nochg)/.test(body)),
    request: (v) =>
      updater(
        { ...v, auth: '' },
        `/nic/update?hostname=${v.hostname}&myip=${v.ipv4}&password=${v.password}&username=${v.user}`,
      ),
    exchanges: [
      {
        what: 'IPv6, with the key that the recipe names',
        request: (v) =>
          updater(
            { ...v, auth: '' },
            `/nic/update?hostname=${v.hostname}&myipv6=${v.ipv6.replaceAll(':', '%3A')}&password=${v.password}&username=${v.user}`,
          ),
        ipv4: 'none',
        ipv6: '2001:db8::7',
      },
    ],
  },
  {
    name: 'ddns-updater, No-IP',
    rule: 'none of the known errors, status 200, `good` or `nochg`, and the very address that was sent',
    reads: SOUND,
    judge: updaterNoIp,
    request: (v) => updater(v, `/nic/update?hostname=${v.hostname}&myip=${v.ipv4}`),
  },
  {
    name: 'ddns-updater, Dyn',
    rule: 'the answer begins with `good`; `nochg` is an unknown answer to it, though it asks DNS before it sends',
    reads: { ...SOUND, nochg: 'tries again' },
    judge: ({ status, body }) => acceptedIf(status === 200 && body.trim().toLowerCase().startsWith('good')),
    request: (v) => updater(v, `/v3/update?hostname=${v.hostname}&myip=${v.ipv4}`),
  },
  {
    name: 'godns, No-IP',
    rule: '`good` anywhere in the answer; `nochg` is logged as a failure that is not repeated',
    reads: { ...SOUND, nochg: 'tries again' },
    judge: ({ body }) => acceptedIf(body.includes('good')),
    request: (v) => go(v, `/nic/update?hostname=${v.hostname}&myip=${v.ipv4}`),
  },
];
