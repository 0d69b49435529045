/** OpenWrt's ddns-scripts with each program that they transfer with, and gateways of TP-Link that have them inside. */
import type { Reply } from '../site.ts';
import { type Client, SOUND, STATUS_ALONE, type Values, acceptedIf, isSuccess } from './client-family.ts';

const target = (v: Values): string => `/nic/update?hostname=${v.hostname}&myip=${v.ipv4}`;
const greps = ({ body }: Reply): boolean => /good|nochg/i.test(body);

/** GNU wget and uclient-fetch fail at any other status, and the scripts come back after a minute. */
const wgetRule = (reply: Reply): boolean => isSuccess(reply) && greps(reply);

const WGET = (v: Values, from = target(v)): string =>
  `GET ${from} HTTP/1.1\r\nHost: ddns.example.test\r\nUser-Agent: Wget/1.21.3\r\nAccept: */*\r\nAccept-Encoding: identity\r\n${v.auth}Connection: Keep-Alive\r\n\r\n`;

/** The clients of this family. */
export const OPENWRT: readonly Client[] = [
  {
    name: 'OpenWrt, update_url, GNU wget',
    device: 'openwrt',
    rule: 'a transfer that succeeds; the answer is not read where the URL is your own',
    waitsForChallenge: true,
    reads: STATUS_ALONE,
    judge: (reply) => acceptedIf(isSuccess(reply)),
    request: WGET,
    exchanges: [
      {
        what: 'IPv6 expanded to all its digits',
        request: (v) =>
          WGET(v, `/nic/update?hostname=${v.hostname}&myip=2001:0db8:0000:0000:0000:0000:0000:0007`),
        ipv4: 'none',
        ipv6: '2001:db8::7',
      },
      {
        what: 'a template that keeps IPv4',
        request: (v) =>
          WGET(
            v,
            `/nic/update?hostname=${v.hostname}&myip=no&myipv6=2001:0db8:0000:0000:0000:0000:0000:0008`,
          ),
        ipv4: 'none',
        ipv6: '2001:db8::8',
      },
    ],
  },
  {
    name: 'OpenWrt, service with an answer, GNU wget',
    rule: '`grep -iE "good|nochg"` on the answer of a transfer that succeeds',
    waitsForChallenge: true,
    reads: SOUND,
    judge: (reply) => acceptedIf(wgetRule(reply)),
    request: WGET,
  },
  {
    name: 'OpenWrt, service with an answer, uclient-fetch',
    rule: 'the same; credentials only after a 401 with one challenge that begins with `Basic`',
    waitsForChallenge: true,
    reads: SOUND,
    judge: (reply) => acceptedIf(wgetRule(reply)),
    request: (v) =>
      `GET ${target(v)} HTTP/1.1\r\nHost: ddns.example.test\r\nUser-Agent: uclient-fetch\r\n${v.auth}\r\n`,
  },
  {
    name: 'OpenWrt, service with an answer, BusyBox wget',
    rule: 'the same, at status 200 alone',
    reads: SOUND,
    judge: (reply) => acceptedIf(reply.status === 200 && greps(reply)),
    request: (v) =>
      `GET ${target(v)} HTTP/1.1\r\nHost: ddns.example.test\r\nUser-Agent: Wget\r\nConnection: close\r\n${v.auth}\r\n`,
  },
  {
    name: 'OpenWrt, service with an answer, curl',
    rule: '`grep -iE "good|nochg"` on the answer, whatever the status',
    reads: SOUND,
    judge: (reply) => acceptedIf(greps(reply)),
    request: (v) =>
      `GET ${target(v)} HTTP/1.1\r\nHost: ddns.example.test\r\n${v.auth}User-Agent: curl/8.6.0\r\nAccept: */*\r\n\r\n`,
  },
  {
    name: 'TP-Link Omada and ER series',
    device: 'tplink',
    rule: 'ddns-scripts inside: a transfer that succeeds',
    waitsForChallenge: true,
    reads: STATUS_ALONE,
    judge: (reply) => acceptedIf(isSuccess(reply)),
    request: WGET,
  },
];
