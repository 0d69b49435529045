/** Routers and storage that have inadyn inside, each with the provider form that it offers. */
import type { Reply } from '../site.ts';
import { type Client, type Verdict, type Values } from './client-family.ts';

/** inadyn reads the status line with sscanf: without a reason phrase there is no status. */
function statusOf({ statusLine }: Reply): number {
  const found = /^HTTP\/1\.. +(\d{1,4}) +[^\r\n]+/.exec(statusLine);
  return found === null ? 0 : Number(found[1]);
}

/** The provider `custom`: one of five words anywhere in the body. Without -C every other answer ends the process. */
function custom(reply: Reply): Verdict {
  const status = statusOf(reply);
  if (status >= 500) return 'tries again';
  if (status !== 200) return 'gives up';
  return /ok|good|true|updated|nochg/i.test(reply.body) ? 'accepted' : 'gives up';
}

/** With -C (`--continue-on-error`), as UniFi OS and DD-WRT start it. */
function customThatGoesOn(reply: Reply): Verdict {
  const verdict = custom(reply);
  return verdict === 'gives up' ? 'tries again' : verdict;
}

/** The provider of dyndns.org, in releases 1.96 and 2. */
function dyndns(reply: Reply): Verdict {
  const status = statusOf(reply);
  if (status >= 500) return 'tries again';
  if (status !== 200) return 'gives up';
  if (/good|nochg/.test(reply.body)) return 'accepted';
  return /dnserr|911|nohost/.test(reply.body) ? 'tries again' : 'gives up';
}

const GOES_ON = {
  good: 'accepted',
  nochg: 'accepted',
  badauth: 'tries again',
  nohost: 'tries again',
  '911': 'tries again',
} as const;

const http10 = (v: Values, target: string, agent: string): string =>
  `GET ${target} HTTP/1.0\r\nHost: ddns.example.test\r\n${v.auth}User-Agent: ${agent}\r\n\r\n`;

/** The clients of this family. */
export const INADYN_INSIDE: readonly Client[] = [
  {
    name: 'UniFi OS (inadyn, custom)',
    device: 'unifi',
    rule: 'status 200 with a reason phrase, and `good` or `nochg` in the body; goes on after errors',
    reads: GOES_ON,
    judge: customThatGoesOn,
    request: (v) =>
      http10(
        v,
        `/nic/update?hostname=${v.hostname}&myip=${v.ipv4}`,
        'inadyn/2.9.1 https://github.com/troglobit/inadyn/issues',
      ),
    exchanges: [
      {
        what: 'the template that is copied most',
        request: (v) => http10(v, `/update?ip=${v.ipv4}&hostname=${v.hostname}`, 'inadyn/2.9.1'),
      },
      {
        what: 'IPv6 in lower-case escapes',
        request: (v) =>
          http10(
            v,
            `/nic/update?hostname=${v.hostname}&myip=${v.ipv6.replaceAll(':', '%3a')}`,
            'inadyn/2.10.0',
          ),
        ipv6: '2001:db8::7',
      },
    ],
  },
  {
    name: 'inadyn, custom, without -C',
    device: 'inadyn',
    rule: 'the same; ends after every answer that is neither a success nor 5xx',
    reads: { ...GOES_ON, badauth: 'gives up', nohost: 'gives up' },
    judge: custom,
    request: (v) => http10(v, `/nic/update?hostname=${v.hostname}&myip=${v.ipv4}`, 'inadyn/2.10.0'),
    exchanges: [
      {
        what: 'credentials in the path, and the empty ones that it sends besides',
        request: (v) =>
          http10(
            { ...v, auth: 'Authorization: Basic Og==\r\n' },
            `/nic/update?user=${v.user}&pass=${v.password}&hostname=${v.hostname}&myip=${v.ipv4}`,
            'inadyn/2.10.0',
          ),
      },
    ],
  },
  {
    name: 'DD-WRT (inadyn, custom)',
    device: 'dd-wrt',
    rule: 'the same as UniFi OS; the host is appended to the path',
    reads: GOES_ON,
    judge: customThatGoesOn,
    request: (v) =>
      http10(
        v,
        `/nic/update?hostname=${v.hostname}`,
        'NewMedia-NET GmbH TP-Link Archer C7/r44715 info@dd-wrt.com',
      ),
    publishes: '127.0.0.1',
    exchanges: [
      {
        what: 'the host as the whole query',
        request: (v) =>
          http10(v, `/nic/update?${v.hostname}`, 'NewMedia-NET GmbH router/r44715 info@dd-wrt.com'),
        ipv4: '127.0.0.1',
      },
    ],
  },
  {
    name: 'QNAP QTS (inadyn 1.96)',
    device: 'qnap',
    rule: '`good` or `nochg` in a body at status 200; ends after 401',
    reads: { ...GOES_ON, badauth: 'gives up' },
    judge: dyndns,
    request: (v) =>
      http10(
        { ...v, auth: '' },
        `/nic/update?hostname=${v.hostname}&myip=${v.ipv4}&username=${v.user}&password=${v.password}`,
        'inadyn/1.96.2',
      ),
    exchanges: [
      {
        what: 'the same with Basic credentials',
        request: (v) => http10(v, `/nic/update?hostname=${v.hostname}&myip=${v.ipv4}`, 'inadyn/1.96.2'),
      },
    ],
  },
];
