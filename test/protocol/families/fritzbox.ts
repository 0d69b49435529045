/** FRITZ!Box with a user-defined provider: the update URL filled in without escaping, empty where a family is missing. */
import { type Client, SOUND, type Values, acceptedIf } from './client-family.ts';

const HEAD = (v: Values): string =>
  `Host: ddns.example.test\r\n${v.auth}User-Agent: Fritz!Box DDNS/1.0.1\r\n\r\n`;
const get = (v: Values, query: string): string =>
  `GET /nic/update?hostname=${v.hostname}&${query} HTTP/1.1\r\n${HEAD(v)}`;

/** The clients of this family. */
export const FRITZBOX: readonly Client[] = [
  {
    name: 'FRITZ!Box',
    device: 'fritzbox',
    rule: 'status 200 and `good` or `nochg` with an address; then its own question to DNS, repeated every 240 s',
    reads: SOUND,
    judge: ({ status, body }) => acceptedIf(status === 200 && /^(good|nochg) [0-9a-f.:,]+\s*$/.test(body)),
    request: (v) => get(v, `myip=${v.ipv4}&myipv6=`),
    exchanges: [
      {
        what: 'both families',
        request: (v) => get(v, `myip=${v.ipv4}&myipv6=${v.ipv6}`),
        ipv6: '2001:db8::7',
      },
      {
        what: 'no IPv6: the published one stays',
        request: (v) => get(v, 'myip=198.51.100.8&myipv6=&ip6lanprefix=&dualstack=0'),
        ipv4: '198.51.100.8',
        ipv6: '2001:db8::7',
      },
      {
        what: 'DS-Lite: no IPv4 of its own',
        request: (v) => get(v, `myip=&myipv6=2001:db8::8&dualstack=1`),
        ipv4: '198.51.100.8',
        ipv6: '2001:db8::8',
      },
      {
        what: 'the prefix of its network, which changes no address of its own',
        request: (v) =>
          get(v, `myip=198.51.100.8&myipv6=2001:db8::8&ip6lanprefix=2001:db8:1:200::/56&dualstack=1`),
        ipv4: '198.51.100.8',
        ipv6: '2001:db8::8',
      },
      {
        what: 'credentials in the URL, unescaped',
        request: (v) =>
          get({ ...v, auth: '' }, `user=${v.user}&pass=${v.password}&myip=${v.ipv4}&myipv6=2001:db8::8`),
        ipv6: '2001:db8::8',
      },
    ],
  },
];
