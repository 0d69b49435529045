/** Requests of every dialect with every parameter damaged, for fuzzing; and what no reply to them may be. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SUCCESS_WORDS } from '../../../src/http/reply.ts';
import { basic } from '../site.ts';

export interface HostileRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Every path of every dialect; `*` stands for values in the path. */
const PATHS = [
  '/nic/update',
  '/nic/update',
  '/v3/update',
  '/',
  '/update',
  '/update',
  '/update/*/*',
  '/update/*/*/*',
  '/api/update',
  '/nic/dyndns',
  '/dynamic/update.php',
  '/u/*',
  '/u/*/',
  '/register',
  '/present',
  '/cleanup',
  '/gnudip/cgi-bin/gdipupdt.cgi',
  '//NIC//update/',
];

/** Every parameter of every dialect. */
const NAMES =
  'hostname host host_id domain domains fqdn zone domn myip ip ipv4 ipv6 myipv6 ipv6prefix ip6lanprefix address addr username user password pass token key offline txt clear verbose action started format salt time sign reqc value keyAuth subdomain amp;myip ?hostname'.split(
    ' ',
  );

const VALUES = [
  '',
  'home.example.test',
  'vpn.example.test',
  'shop.example.test',
  'home',
  '_acme-challenge.home.example.test',
  'HomeToken',
  'BothToken',
  'AllToken',
  'hometoken',
  'alice',
  '198.51.100.7',
  '2001:db8::7',
  '2001:db8::/56',
  '[2001:db8::7]:80',
  '198.51.100.7,2001:db8::7',
  '0.0.0.0',
  '::ffff:198.51.100.7',
  '255.255.255.255',
  'auto',
  'no',
  '-',
  'yes',
  'true',
  'edit',
  '1',
  '2',
  '<ipaddr>',
  '%',
  '%zz',
  '%00',
  '%c3%28',
  'good',
  'OK',
  'x'.repeat(300),
  'a,'.repeat(40),
  '.'.repeat(70),
  'LHDhK3oGRvkiefQnx7OOczTY5Tic_xZ6HcMOc_gmtoM',
  ' http://d/nic/update?hostname=vpn.example.test&myip=198.51.100.9',
  '__proto__',
];

const AUTHORIZATIONS = [
  undefined,
  undefined,
  basic('alice', 'AllToken').slice(15).trim(),
  basic('', 'HomeToken').slice(15).trim(),
  basic('home.example.test', 'HomeToken').slice(15).trim(),
  basic('alice', 'wrong').slice(15).trim(),
  'Basic Og==',
  'Bearer HomeToken',
  'Digest x',
  'Basic \u0000',
];

const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 10 }) },
);
const parameter = fc
  .tuple(fc.constantFrom(...NAMES), value, fc.boolean())
  .map(([name, text, isEncoded]) => `${name}=${isEncoded ? encodeURIComponent(text.toWellFormed()) : text}`);
const query = fc
  .tuple(
    fc.array(fc.oneof({ weight: 9, arbitrary: parameter }, value), { maxLength: 6 }),
    fc.constantFrom('&', '&', '&&', '?'),
  )
  .map(([parts, separator]) => parts.join(separator));
const json = fc
  .array(fc.tuple(fc.constantFrom(...NAMES), fc.oneof(value, fc.constantFrom(null, 1, [], {}))), {
    maxLength: 4,
  })
  .map((entries) => JSON.stringify(Object.fromEntries(entries)));

/** A right request of each dialect: what stands after `=` may be damaged, and the last parts of a path. */
const RIGHT = [
  '/nic/update?hostname=home.example.test,vpn.example.test&myip=198.51.100.7&myipv6=2001:db8::7&pass=AllToken',
  '/?hostname=home.example.test&myip=198.51.100.8&token=HomeToken',
  '/nic/update?hostname=home.example.test&myip=198.51.100.7%20http://d/nic/update?hostname=vpn.example.test&myipv6=2001:db8::8&p=AllToken',
  '/update?domains=home&token=HomeToken&ip=198.51.100.7&ipv6=2001:db8::7&verbose=true',
  '/update?domains=home,vpn&token=BothToken&txt=value&clear=false',
  '/update?domains=home&token=HomeToken&clear=true',
  '/update/home/HomeToken/198.51.100.9',
  '/api/update?zone=home&token=HomeToken&ipv4=198.51.100.7&ipv6=-&ipv6prefix=2001:db8::/56',
  '/nic/dyndns?action=edit&started=1&hostname=YES&host_id=home.example.test&myip=198.51.100.7&pass=HomeToken',
  '/dynamic/update.php?HomeToken&address=198.51.100.7',
  '/u/BothToken',
  '/u/HomeToken/?ip=198.51.100.7',
];

/** Right bodies of the dialects that have JSON. */
const RIGHT_JSON = [
  [
    '/update',
    { subdomain: '_acme-challenge.home.example.test', txt: 'LHDhK3oGRvkiefQnx7OOczTY5Tic_xZ6HcMOc_gmtoM' },
  ],
  ['/present', { fqdn: '_acme-challenge.home.example.test.', value: 'value' }],
  ['/cleanup', { domain: 'home.example.test', token: 't', keyAuth: 't.k' }],
  ['/register', { allowfrom: null }],
] as const;

/** Where a value stands in a target: behind `=`, or in a path that holds values. */
const PLACES = /(?<==)[^&?]*|(?<=^\/(?:u|update)\/(?:[^/?]*\/){0,2})[^/?]+/g;

const damage = fc.array(fc.tuple(fc.nat(5), value), { maxLength: 2 });

const nearlyRight: fc.Arbitrary<HostileRequest> = fc
  .tuple(fc.constantFrom(...RIGHT), damage, fc.constantFrom('GET', 'GET', 'GET', 'POST'))
  .map(([target, changes, method]) => {
    let at = 0;
    const damaged = target.replaceAll(PLACES, (place) => {
      const index = at++;
      return changes.find(([where]) => where === index)?.[1] ?? place;
    });
    return { method, target: damaged, headers: {}, body: '' };
  });

const nearlyRightJson: fc.Arbitrary<HostileRequest> = fc
  .tuple(fc.constantFrom(...RIGHT_JSON), damage, fc.constantFrom(...AUTHORIZATIONS))
  .map(([[target, fields], changes, authorization]) => ({
    method: 'POST',
    target,
    headers: {
      ...(target === '/update' ? { 'x-api-user': 'alice', 'x-api-key': 'HomeToken' } : {}),
      ...(authorization === undefined ? {} : { authorization }),
    },
    body: JSON.stringify(
      Object.fromEntries(
        Object.entries(fields).map(([field, text], i) => [
          field,
          changes.find(([where]) => where === i)?.[1] ?? text,
        ]),
      ),
    ),
  }));

const anything: fc.Arbitrary<HostileRequest> = fc
  .record({
    method: fc.constantFrom('GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'HEAD', 'DELETE'),
    path: fc.constantFrom(...PATHS),
    inPath: fc.tuple(value, value, value),
    query,
    body: fc.oneof(query, json, value),
    authorization: fc.constantFrom(...AUTHORIZATIONS),
    key: fc.constantFrom(undefined, undefined, 'HomeToken', 'wrong', ''),
    type: fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'text/xml'),
  })
  .map(({ method, path, inPath, query: text, body, authorization, key, type }) => {
    let at = 0;
    const filled = path.replaceAll('*', () => inPath[at++]!);
    return {
      method,
      target: text === '' ? filled : `${filled}?${text}`,
      body: method === 'GET' || method === 'HEAD' ? '' : body,
      headers: {
        'content-type': type,
        ...(authorization === undefined ? {} : { authorization }),
        ...(key === undefined ? {} : { 'x-api-user': 'alice', 'x-api-key': key }),
      },
    };
  });

/** One request, of any dialect, right or wrong in any part. */
export const hostileRequest: fc.Arbitrary<HostileRequest> = fc.oneof(
  { weight: 4, arbitrary: anything },
  { weight: 3, arbitrary: nearlyRight },
  { weight: 1, arbitrary: nearlyRightJson },
);

/** What clients of any dialect take for success, besides the words of DynDNS2. */
const SUCCESS =
  /NOERROR|addresses (?:updated|unchanged)|retc" content="[02]"|has not changed|No IP change|"txt"/;

/** Fails if a client would take this reply for success although the outcomes are not. */
export function assertNoFalseSuccess(
  reply: { readonly status: number; readonly body: string },
  { dialect, outcomes }: { readonly dialect: string; readonly outcomes: readonly string[] },
  about: string,
): void {
  const isDone = (outcome: string): boolean => outcome === 'changed' || outcome === 'unchanged';
  if (outcomes.length > 0 && outcomes.every(isDone)) return;
  if (['acme-dns', 'httpreq', 'dynv6'].includes(dialect)) assert.ok(reply.status >= 400, about);
  // Where some of several hosts were updated, DynDNS2 says so line by line.
  const lines = reply.body.split('\n').filter((line) => !/^(?:good|nochg) [\d.:a-f,]+$/.test(line));
  const good = reply.body.split('\n').length - lines.length;
  assert.equal(
    good,
    dialect === 'dyndns2' || dialect === 'plain' ? outcomes.filter(isDone).length : 0,
    about,
  );
  const text = lines.join('\n');
  assert.doesNotMatch(text, SUCCESS, about);
  for (const word of SUCCESS_WORDS) assert.ok(!text.toLowerCase().includes(word), `${word}: ${about}`);
}
