/** Synology DSM: a provider of one's own, and the built-in one for dyndns.org. */
import type { Reply } from '../site.ts';
import { type Client, SOUND, type Values, acceptedIf } from './client-family.ts';

/** DSM compares the first word with the codes that it knows; every other text is a failure. */
const firstWord = ({ body }: Reply): string => body.trim().split(' ')[0]!;

const get = (v: Values, query: string): string =>
  `GET /nic/update?${query} HTTP/1.1\r\nHost: ddns.example.test\r\n${v.auth}User-Agent: Synology DDNS\r\nAccept: */*\r\n\r\n`;

/** The clients of this family. */
export const SYNOLOGY: readonly Client[] = [
  {
    name: 'Synology DSM',
    device: 'synology',
    rule: 'the first word is exactly `good` or `nochg`; `nohost`, `badauth`, `abuse`, `notfqdn`, `911` are shown in words',
    reads: SOUND,
    judge: (reply) => acceptedIf(['good', 'nochg'].includes(firstWord(reply))),
    request: (v) => get(v, `hostname=${v.hostname}&myip=${v.ipv4}`),
    exchanges: [
      {
        what: 'credentials in the query',
        request: (v) =>
          get(
            { ...v, auth: '' },
            `hostname=${v.hostname}&myip=${v.ipv4}&username=${v.user}&password=${v.password}`,
          ),
      },
      {
        what: 'names in capitals, as in the sample of the knowledge base',
        request: (v) => get(v, `HOSTNAME=${v.hostname}&MYIP=198.51.100.8`),
        ipv4: '198.51.100.8',
      },
      {
        what: 'the built-in provider',
        request: (v) =>
          get(v, `hostname=${v.hostname}&myip=${v.ipv4}&system=dyndns&wildcard=NOCHG&mx=NOCHG&backmx=NOCHG`),
      },
    ],
  },
];
