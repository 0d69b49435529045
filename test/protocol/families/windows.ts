/** Windows: PowerShell with its two ways to send credentials, and the client of No-IP. */
import { type Client, SOUND, type Values, acceptedIf } from './client-family.ts';

const POWERSHELL = 'Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.4291';
const get = (v: Values, query = `&myip=${v.ipv4}`): string =>
  `GET /nic/update?hostname=${v.hostname}${query} HTTP/1.1\r\n${v.auth}User-Agent: ${POWERSHELL}\r\nHost: ddns.example.test\r\nConnection: Keep-Alive\r\n\r\n`;

/** Any other status throws, and a script sees no text; in 5.1 the content is text only where its type is. */
const judge: Client['judge'] = ({ status, body, headers }) =>
  acceptedIf(
    status === 200 &&
      headers.some(([name, value]) => name.toLowerCase() === 'content-type' && value.startsWith('text/')) &&
      /^good|^nochg/.test(body.trim()),
  );

/** The clients of this family. */
export const WINDOWS: readonly Client[] = [
  {
    name: 'Windows PowerShell, header of its own',
    device: 'windows',
    rule: 'the script of the recipe: status 200 and text that begins with `good` or `nochg`',
    reads: SOUND,
    judge,
    request: (v) => get(v, ''),
    publishes: '127.0.0.1',
    exchanges: [
      {
        what: 'POST without a body, all in the query',
        request: (v) =>
          `POST /nic/update?hostname=${v.hostname}&myip=${v.ipv4}&username=${v.user}&password=${v.password} HTTP/1.1\r\nUser-Agent: ${POWERSHELL}\r\nHost: ddns.example.test\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n`,
      },
    ],
  },
  {
    name: 'Windows PowerShell, -Credential',
    rule: 'the same; credentials only after a challenge',
    waitsForChallenge: true,
    reads: SOUND,
    judge,
    request: get,
  },
  {
    name: 'No-IP DUC',
    rule: '`good` or `nochg` at the start of the answer',
    reads: SOUND,
    judge: ({ body }) => acceptedIf(/^(good|nochg)/.test(body)),
    request: (v) =>
      `GET /nic/update?hostname=${v.hostname}&myip=${v.ipv4} HTTP/1.1\r\nHost: ddns.example.test\r\n${v.auth}User-Agent: No-IP DUC/4.0.12\r\n\r\n`,
  },
];
