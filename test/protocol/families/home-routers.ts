/** Routers with an update client of the maker's own or of ez-ipupdate's kind, most of them set to dyndns.org. */
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

/** ez-ipupdate reads the raw reply: a line feed before the word, and a blank after `good`. */
function ezIpupdate({ raw, status }: Reply): Verdict {
  if (status === 401) return 'gives up';
  if (status !== 200) return 'tries again';
  if (raw.includes('\ngood ') || raw.includes('\nnochg')) return 'accepted';
  return /\n(nohost|notfqdn|!yours|abuse|badauth|badsys|badagent|numhost|911|999)/.test(raw)
    ? 'gives up'
    : 'tries again';
}

/** mdu looks for errors of the server before it looks for success. */
function freshTomato({ status, body }: Reply): Verdict {
  if (status !== 200 || /dnserr|911/.test(body)) return 'tries again';
  return acceptedIf(/good|nochg/.test(body));
}

const SHUTS_DOWN: Client['reads'] = { ...SOUND, badauth: 'gives up', nohost: 'gives up' };

const dyndns = (v: Values, query: string): string =>
  `GET /nic/update?system=dyndns&hostname=${v.hostname}&myip=${v.ipv4}&${query} HTTP/1.0\r\nHost: members.dyndns.org\r\n${v.auth}User-Agent: myclient/1.0 me@null.net\r\n\r\n`;

/** The clients of this family. */
export const HOME_ROUTER_CLIENTS: readonly Client[] = [
  {
    name: 'ez-ipupdate (old ASUS, Netgear, cameras)',
    rule: '`good ` or `nochg` at the start of a line; ends for good after 401 and after every error word at status 200',
    reads: SHUTS_DOWN,
    judge: ezIpupdate,
    request: (v) =>
      `GET /nic/update?hostname=${v.hostname}&myip=${v.ipv4}&wildcard=OFF& HTTP/1.0\r\n${v.auth}User-Agent: ez-update-3.0.11b8  [daemon] (by Angus Mackay)\r\nHost: ddns.example.test\r\n\r\n`,
  },
  {
    name: 'Zyxel, D-Link, Netgear, Huawei, ZTE (built-in dyndns.org)',
    device: 'other',
    rule: "as ez-ipupdate, from which their makers' code comes; the name of the server is led to Homing by DNS",
    reads: SHUTS_DOWN,
    judge: ezIpupdate,
    request: (v) => dyndns(v, 'wildcard=OFF&mx=NOCHG&backmx=NO&offline=NO'),
  },
  {
    name: 'FreshTomato (mdu)',
    device: 'freshtomato',
    rule: 'status 200, neither `dnserr` nor `911` anywhere, and `good` or `nochg`',
    reads: SOUND,
    judge: freshTomato,
    request: (v) =>
      `GET /nic/update?system=dyndns&hostname=${v.hostname}&myip=${v.ipv4}&wildcard=ON HTTP/1.0\r\nHost: ddns.example.test\r\nConnection: close\r\nUser-Agent: FreshTomato Firmware 1.28\r\nCache-Control: no-cache\r\n${v.auth}\r\n`,
  },
  {
    name: 'Asuswrt-Merlin (ddns-start)',
    device: 'asus',
    rule: 'the script of the recipe: the answer begins with `good` or `nochg`',
    reads: SOUND,
    judge: ({ body }) => acceptedIf(/^(good|nochg)/.test(body)),
    request: (v) =>
      `GET /nic/update?hostname=${v.hostname}&myip=${v.ipv4} HTTP/1.1\r\nHost: ddns.example.test\r\n${v.auth}User-Agent: curl/7.66.0\r\nAccept: */*\r\n\r\n`,
    exchanges: [
      {
        what: 'scripts that leave the address empty',
        request: (v) =>
          `GET /nic/update?hostname=${v.hostname}&wildcard=NOCHG&mx=NOCHG&backmx=NOCHG&myip= HTTP/1.1\r\nHost: ddns.example.test\r\n${v.auth}User-Agent: curl/7.66.0\r\nAccept: */*\r\n\r\n`,
        ipv4: '127.0.0.1',
      },
    ],
  },
  {
    name: 'DrayTek Vigor (User-Defined)',
    device: 'draytek',
    rule: 'the text of "Server Response" in the answer, here `good`; not checked on a device',
    reads: { ...SOUND, nochg: 'tries again' },
    judge: ({ status, body }) => acceptedIf(status === 200 && body.includes('good')),
    request: (v) =>
      `GET /nic/update?hostname=${v.hostname} HTTP/1.1\r\nHost: ddns.example.test\r\n${v.auth}User-Agent: DrayTek\r\n\r\n`,
    publishes: '127.0.0.1',
  },
  {
    name: 'Speedport (other provider)',
    device: 'other',
    rule: 'as ez-ipupdate',
    reads: SHUTS_DOWN,
    judge: ezIpupdate,
    request: (v) =>
      `GET /nic/update?hostname=${v.hostname}&myip=${v.ipv4} HTTP/1.0\r\nHost: ddns.example.test:443\r\n${v.auth}User-Agent: Speedport\r\n\r\n`,
  },
  {
    name: 'Cisco IOS',
    device: 'cisco',
    rule: 'a status from 200 to 299; the answer is shown by `debug ip ddns update` alone; not checked on a device',
    reads: STATUS_ALONE,
    judge: (reply) => acceptedIf(isSuccess(reply)),
    request: (v) =>
      `GET /nic/update?hostname=${v.hostname}&myip=${v.ipv4} HTTP/1.1\r\nHost: ddns.example.test\r\nUser-Agent: cisco-IOS\r\n${v.auth}Connection: close\r\n\r\n`,
    exchanges: [
      {
        what: 'credentials in the query, for releases that do not read them before the name',
        request: (v) =>
          `GET /nic/update?hostname=${v.hostname}&myip=198.51.100.8&username=${v.user}&password=${v.password} HTTP/1.1\r\nHost: ddns.example.test\r\nUser-Agent: cisco-IOS\r\nConnection: close\r\n\r\n`,
        ipv4: '198.51.100.8',
      },
    ],
  },
];
