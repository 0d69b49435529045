/** Home Assistant, python-dyndnsc and NewFuture/DDNS. */
import type { Reply } from '../site.ts';
import { type Client, SOUND, type Values, type Verdict, acceptedIf } from './client-family.ts';

const HE_FORM = (v: Values): string => `hostname=${v.hostname}&myip=${v.ipv4}&password=${v.password}`;

/** The integration indexes the second word of a success; `badauth` ends its set-up. */
function homeAssistant({ body }: Reply): Verdict {
  if (body.startsWith('good') || body.startsWith('nochg')) return acceptedIf(body.split(' ').length > 1);
  return body.startsWith('badauth') ? 'gives up' : 'tries again';
}

/** The clients of this family. */
export const PYTHON_PROGRAMS: readonly Client[] = [
  {
    name: 'Home Assistant, no_ip',
    rule: '`good` or `nochg` with a second word, every five minutes for ever; `badauth` ends its set-up',
    reads: { ...SOUND, badauth: 'gives up' },
    judge: homeAssistant,
    request: (v) =>
      `GET /nic/update?hostname=${v.hostname} HTTP/1.1\r\nHost: ddns.example.test\r\n${v.auth}User-Agent: HomeAssistant/no_ip home@example.test\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n\r\n`,
    publishes: '127.0.0.1',
  },
  {
    name: 'Home Assistant, rest_command',
    device: 'homeassistant',
    rule: 'a status below 400; what came is logged otherwise',
    reads: { ...SOUND, nohost: 'accepted' },
    judge: ({ status }) => acceptedIf(status < 400),
    request: (v) =>
      `GET /nic/update?hostname=${v.hostname} HTTP/1.1\r\nHost: ddns.example.test\r\n${v.auth}User-Agent: HomeAssistant/2025.1 aiohttp/3.11 Python/3.13\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n\r\n`,
    publishes: '127.0.0.1',
  },
  {
    name: 'python-dyndnsc',
    rule: 'status 200, and the answer begins with `good ` or `nochg`',
    reads: SOUND,
    judge: ({ status, body }) =>
      acceptedIf(status === 200 && (body.startsWith('good ') || body.startsWith('nochg'))),
    request: (v) =>
      `GET /nic/update?myip=${v.ipv4}&hostname=${v.hostname} HTTP/1.1\r\nHost: ddns.example.test\r\nUser-Agent: python-dyndnsc/0.6.1\r\nAccept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\n${v.auth}\r\n`,
  },
  {
    name: 'NewFuture/DDNS, noip',
    rule: 'the answer begins with `good` or `nochg`; credentials only after a challenge',
    waitsForChallenge: true,
    reads: SOUND,
    judge: ({ status, body }) => acceptedIf(status === 200 && /^(good|nochg)/.test(body)),
    request: (v) =>
      `GET /nic/update?hostname=${v.hostname}&myip=${v.ipv4} HTTP/1.1\r\nAccept-Encoding: identity\r\nHost: ddns.example.test\r\nUser-Agent: DDNS/v4.1.0 (ddns@newfuture.cc)\r\n${v.auth}Connection: close\r\n\r\n`,
  },
  {
    name: 'NewFuture/DDNS, he',
    rule: 'the same, with a form in which the secret stands without a user',
    reads: SOUND,
    judge: ({ status, body }) => acceptedIf(status === 200 && /^(good|nochg)/.test(body)),
    request: (v) =>
      `POST /nic/update HTTP/1.1\r\nAccept-Encoding: identity\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${HE_FORM(v).length}\r\nHost: ddns.example.test\r\nUser-Agent: DDNS/v4.1.0 (ddns@newfuture.cc)\r\nConnection: close\r\n\r\n${HE_FORM(v)}`,
  },
];
