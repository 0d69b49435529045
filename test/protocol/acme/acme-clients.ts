/**
 * ACME clients that cannot be run here: the bytes by which they set the value of a challenge, register, and take the
 * value away, and what they look for in the reply.
 * Invariant: a judge knows what the client knows of a reply and nothing else.
 */
import { type Reply, basic } from '../site.ts';
import { isSuccess } from '../families/client-family.ts';

/** What the client puts into its requests. */
export interface Challenge {
  readonly user: string;
  readonly secret: string;
  /** With acme-dns: what registering gave, or a full name. */
  readonly subdomain: string;
  /** The name at which the value is to stand, without a dot at its end. */
  readonly name: string;
  readonly value: string;
}

/** The credentials that a client reads out of the reply to a registration. */
export type Registered = Pick<Challenge, 'user' | 'secret' | 'subdomain'> & { readonly fulldomain: string };

/** One client. */
export interface AcmeClient {
  readonly name: string;
  /** The recipe that is for it. */
  readonly device: string;
  /** Its rule, for the document. */
  readonly rule: string;
  present(challenge: Challenge): string;
  /** Whether it believes that the value stands, or is gone. */
  isDone(reply: Reply, challenge: Challenge): boolean;
  /** Absent where it leaves the value. */
  cleanup?(challenge: Challenge): string;
  readonly registers?: { readonly request: string; read(reply: Reply): Registered | undefined };
}

const post = (path: string, headers: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: ddns.example.test\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;

const CURL = 'User-Agent: acme.sh/3.1.0 (https://github.com/acmesh-official/acme.sh)\r\nAccept: */*\r\n';
const GO = 'User-Agent: goacmedns (linux; amd64)\r\n';
const GO_END = 'Content-Type: application/json\r\nAccept-Encoding: gzip\r\n';

/** A field as the `sed` of dns_acmedns finds it: the reply is one line that begins and ends with a brace. */
function sedField(body: string, field: string): string | undefined {
  return new RegExp(`^\\{.*"${field}":[ ]*"([^"]*)".*\\}$`, 'm').exec(body)?.[1];
}

function readBySed({ body }: Reply): Registered | undefined {
  const [user, secret, subdomain, fulldomain] = ['username', 'password', 'subdomain', 'fulldomain'].map(
    (field) => sedField(body, field),
  );
  if (user === undefined || secret === undefined || subdomain === undefined || fulldomain === undefined)
    return undefined;
  return { user, secret, subdomain, fulldomain };
}

function readAsGo({ status, body }: Reply): Registered | undefined {
  if (status !== 201) return undefined;
  const { username, password, subdomain, fulldomain } = JSON.parse(body) as Record<string, string>;
  return { user: username!, secret: password!, subdomain: subdomain!, fulldomain: fulldomain! };
}

const proxyBody = ({ name, value }: Challenge): string => `{"fqdn": "${name}.", "value": "${value}"}`;

const proxy = (path: string, challenge: Challenge): string =>
  post(
    path,
    `${CURL}${basic(challenge.user, challenge.secret)}Accept: application/json\r\nContent-Type: application/json\r\n`,
    proxyBody(challenge),
  );

/** The clients. */
export const ACME_CLIENTS: readonly AcmeClient[] = [
  {
    name: 'acme.sh, dns_acmedns',
    device: 'acme.sh',
    rule: 'the answer holds the value in quotation marks; of a registration, the fields of one line of JSON; the status is not looked at',
    present: ({ user, secret, subdomain, value }) =>
      post(
        '/update',
        `${CURL}X-Api-User: ${user}\r\nX-Api-Key: ${secret}\r\nContent-Type: application/x-www-form-urlencoded\r\n`,
        `{"subdomain":"${subdomain}", "txt": "${value}"}`,
      ),
    isDone: ({ body }, { value }) => body.includes(`"${value}"`),
    registers: {
      request: post('/register', `${CURL}Content-Type: application/x-www-form-urlencoded\r\n`, ''),
      read: readBySed,
    },
  },
  {
    name: 'acme.sh, dns_acmeproxy',
    device: 'acme.sh',
    rule: 'the answer holds the value in quotation marks; the status is not looked at',
    present: (challenge) => proxy('/present', challenge),
    isDone: ({ body }, { value }) => body.includes(`"${value}"`),
    cleanup: (challenge) => proxy('/cleanup', challenge),
  },
  {
    name: 'lego and cert-manager, acme-dns (goacmedns)',
    device: 'lego',
    rule: 'status 200, of a registration 201 with JSON; the names of the fields it sends have capitals',
    present: ({ user, secret, subdomain, value }) =>
      post(
        '/update',
        `${GO}X-Api-Key: ${secret}\r\nX-Api-User: ${user}\r\n${GO_END}`,
        JSON.stringify({ SubDomain: subdomain, Txt: value }),
      ),
    isDone: ({ status }) => status === 200,
    registers: { request: post('/register', `${GO}${GO_END}`, ''), read: readAsGo },
  },
  {
    name: 'lego, httpreq',
    device: 'lego',
    rule: 'a status from 200 to 299',
    present: (challenge) => legoRequest('/present', challenge),
    isDone: (reply) => isSuccess(reply),
    cleanup: (challenge) => legoRequest('/cleanup', challenge),
  },
];

function legoRequest(path: string, { user, secret, name, value }: Challenge): string {
  const headers = `User-Agent: goacme-lego/4.9.1\r\n${basic(user, secret)}${GO_END}`;
  return post(path, headers, `${JSON.stringify({ fqdn: `${name}.`, value })}\n`);
}
