/** Recorders and cameras of about 2008: one read, fixed buffers, no header that they could do without. */
import { type Client, SOUND, type Values, acceptedIf } from './client-family.ts';

const bare = (v: Values, query: string): string =>
  `GET /nic/update?hostname=${v.hostname}&${query} HTTP/1.0\r\nHost: dynupdate.no-ip.com\r\n${v.auth}\r\n`;

/** The clients of this family. */
export const RECORDERS: readonly Client[] = [
  {
    name: 'TongLi recorder',
    rule: 'one read of 1024 bytes within three seconds, whose last line holds `good` or `nochg`',
    reads: SOUND,
    judge: ({ raw, reads }) => {
      const lines = raw.slice(0, 1024).trimEnd().split('\r\n');
      return acceptedIf(reads === 1 && /good|nochg/.test(lines.at(-1)!));
    },
    request: (v) =>
      `\r\nGET /nic/update?hostname=${v.hostname} HTTP/1.1\r\nHost: members.dyndns.org\r\n${v.auth}User-Agent: TongLi Inc. - Router 25001 - 1.1\r\n\r\n`,
    publishes: '127.0.0.1',
  },
  {
    name: 'Camera with a No-IP client',
    rule: 'status 200 in the first line, `good` or `nochg` anywhere; sends no user agent',
    reads: SOUND,
    judge: ({ raw }) => acceptedIf(/^HTTP\/1\.\d 200 /.test(raw) && /good|nochg/.test(raw)),
    request: (v) => bare(v, `myip=${v.ipv4}`),
    exchanges: [
      { what: 'an empty address', request: (v) => bare(v, 'myip='), ipv4: '127.0.0.1' },
      {
        what: 'values that the protocol does not have',
        request: (v) => bare(v, `myip=${v.ipv4}&wildcard=NO&mx=NOCHG&backmx=NOCHG&offline=NO`),
      },
    ],
  },
  {
    name: 'hednsupd',
    rule: '`good` or `nochg` at the start of the answer; its user is the host',
    reads: SOUND,
    judge: ({ body }) => acceptedIf(/^(good|nochg)/.test(body)),
    request: (v) =>
      `GET /nic/update?hostname=${v.hostname} HTTP/1.0\r\nHost: ddns.example.test\r\n${v.auth}User-Agent: hednsupd/2.0\r\nAccept: */*\r\n\r\n`,
    publishes: '127.0.0.1',
  },
];
