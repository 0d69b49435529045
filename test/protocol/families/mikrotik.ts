/** MikroTik's /tool fetch, whose scripts see a body only where the status is 200. */
import { type Client, SOUND, type Values, acceptedIf } from './client-family.ts';

const fetch = (v: Values, query: string, version = '6.x'): string =>
  `GET /nic/update?hostname=${v.hostname}${query} HTTP/1.${version === '6.x' ? 0 : 1}\r\nUser-Agent: Mikrotik/${version} Fetch\r\nHost: ddns.example.test\r\n${v.auth}Connection: close\r\n\r\n`;

/** The clients of this family. */
export const MIKROTIK: readonly Client[] = [
  {
    name: 'MikroTik RouterOS',
    device: 'mikrotik',
    rule: 'the script of the recipe: fetch fails at any status but 200; what it got begins with `good` or `nochg`',
    reads: SOUND,
    judge: ({ status, body }) =>
      acceptedIf(status === 200 && (body.startsWith('good') || body.startsWith('nochg'))),
    request: (v) => fetch(v, ''),
    publishes: '127.0.0.1',
    exchanges: [
      { what: 'an address', request: (v) => fetch(v, `&myip=${v.ipv4}`) },
      {
        what: 'an address with the mask left on',
        request: (v) => fetch(v, '&myip=198.51.100.8/24', '7.x'),
        ipv4: '198.51.100.8',
      },
    ],
  },
];
