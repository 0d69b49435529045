/**
 * Every setting of Homing, in one table: file layers, environment variables, flags, checks and documentation are
 * all derived from it.
 * Invariant: a setting stands here only if it is honoured; a key that does not stand here is refused.
 */
import type { z } from 'zod';
import { type IpPrefix, parseIpPrefix } from '../net/ip-prefix.ts';
import { parseServerUrl } from '../net/server-url.ts';
import { LOG_LEVELS } from '../ops/log.ts';
import { type Parsed, parsed, unparsable } from '../ops/parsed.ts';
import { parseHostname } from '../zone/hostname.ts';
import type { Name } from '../zone/name.ts';
import { parseCookieSecrets } from './cookie-secrets.ts';
import { parseListenAddress } from './listen-address.ts';
import {
  choiceSetting,
  integerSetting,
  listSetting,
  optionalParsedSetting,
  optionalTextSetting,
  type Setting,
  switchSetting,
  textSetting,
} from './setting.ts';

const listenList = { item: 'ADDR:PORT', min: 1, parse: parseListenAddress };
const prefixList = { item: 'ADDRESS or ADDRESS/LENGTH', min: 0, parse: readPrefix };
/** The dialects of update clients, all of which are served unless fewer are named. */
const DIALECTS = [
  'dyndns2',
  'dyndns1',
  'duckdns',
  'dynv6',
  'freedns',
  'plain',
  'acme-dns',
  'httpreq',
  'gnudip',
] as const;

const dialectList = { item: `one of ${DIALECTS.join(', ')}`, min: 1, parse: readDialect };
const hostnameText = { type: 'name', range: 'a fully qualified name', parse: readHostname };
const serverText = { type: 'text', range: '1 to 64 printable ASCII characters', parse: readServerText };

/** The table; its order is the order of the documentation. */
export const SETTINGS = {
  data: textSetting('./data', {
    doc: 'The data directory. It is created if it does not exist; one server at a time uses it.',
  }),
  'http.listen': listSetting(listenList, ['127.0.0.1:8080'], {
    doc: 'Where updates and pages are served over HTTP.',
  }),
  'http.publicUrl': optionalParsedSetting(
    { type: 'URL', range: 'http or https, a name, and a port where it needs one', parse: parseServerUrl },
    {
      doc: 'How devices reach this server over HTTP, such as `https://dyn.example.org`. `homing host recipe` fills it in.',
      reloadable: true,
    },
  ),
  'http.trustedProxies': listSetting(prefixList, [], {
    doc: 'The reverse proxies whose X-Forwarded-For and Forwarded headers are believed; those of all others change nothing.',
    reloadable: true,
  }),
  'http.forwardedHeader': choiceSetting(['either', 'x-forwarded-for', 'forwarded'], 'either', {
    doc: 'The header in which trusted proxies name the client. Name one where a proxy lets the other through as the client sent it.',
    reloadable: true,
  }),
  'http.proxyProtocol': switchSetting(false, {
    doc: 'Whether connections from trusted proxies begin with a PROXY protocol header, version 1 or 2, as they then must.',
  }),
  'http.maxConnections': integerSetting([1, 1_000_000], 10_000, {
    doc: 'Connections at once on each HTTP address; further ones are dropped.',
  }),
  'http.dialects': listSetting(dialectList, DIALECTS, {
    doc: 'The dialects of update clients that are served; see docs/protocol. Leave one out to switch it off.',
  }),
  'http.urlCredentials': choiceSetting(['anywhere', 'https', 'nowhere'], 'anywhere', {
    doc: 'Where passwords and tokens are taken from URLs, which proxies and browsers write down: everywhere, only where a trusted proxy says in X-Forwarded-Proto or Forwarded that the client came over HTTPS, or nowhere. Those in headers and bodies are always taken.',
  }),
  'http.clientsDirectory': optionalTextSetting({
    doc: 'The folder with the clients that `/clients/` serves, as the client build makes it, with its `manifest.json`; by default `clients/dist` beside the program.',
  }),
  'acmeDns.registerBelow': optionalParsedSetting(hostnameText, {
    doc: 'The zone, or the name in one, below which `POST /register` of acme-dns makes names for ACME clients. Nobody can register where this is not set. Needs `acmeDns.registerAccount`.',
  }),
  'acmeDns.registerAccount': optionalTextSetting({
    doc: 'The account that owns what is registered. It must exist.',
  }),
  'acmeDns.registerFrom': listSetting(prefixList, ['127.0.0.0/8', '::1/128'], {
    doc: 'The networks from which clients may register.',
  }),
  'acmeDns.registerBurst': integerSetting([0, 1_000_000], 10, {
    doc: 'How many names one source (an IPv4 address or an IPv6 /64 network) may register at once; all sources together ten times as many. What is beyond it is told to try again later. 0: no limit.',
  }),
  'acmeDns.registerRefillSeconds': integerSetting([1, 31_536_000], 3600, {
    doc: 'In how many seconds a source may register one more where its `acmeDns.registerBurst` is used up; all together ten in that time.',
  }),
  'enrolment.requireHttps': switchSetting(false, {
    doc: 'Whether `POST /enroll` takes enrolment codes only where a trusted proxy says in X-Forwarded-Proto or Forwarded that the machine came over HTTPS. Set it where machines enrol over networks that are not yours: the reply holds a token.',
  }),
  'dns.listen': listSetting(listenList, ['127.0.0.1:5300'], {
    doc: 'Where DNS is answered, over UDP and TCP on the same port.',
  }),
  'dns.workers': integerSetting([0, 64], 1, {
    doc: 'How many threads answer DNS over UDP, each with batched system calls (Linux; elsewhere, and with 0, the main thread answers through node:dgram).',
  }),
  'dns.tcpConnections': integerSetting([1, 1_000_000], 512, {
    doc: 'DNS connections over TCP at once; a further one takes the place of the one that was idle for longest.',
  }),
  'dns.tcpConnectionsPerSource': integerSetting([1, 1_000_000], 32, {
    doc: 'DNS connections over TCP at once from one IPv4 address or IPv6 /64.',
  }),
  'dns.tcpIdleSeconds': integerSetting([1, 3600], 10, {
    doc: 'How long a DNS connection over TCP may go without completing a query or taking its answers. While more than half of `dns.tcpConnections` are open the time is shorter, down to a tenth when all are.',
  }),
  'dns.rrl.rate': integerSetting([0, 100_000], 200, {
    doc: 'How many answers of one kind a second a network is sent over UDP; 0 switches the limit off. What is beyond it is not sent, or sent truncated, so that a resolver asks again over TCP.',
    reloadable: true,
  }),
  'dns.rrl.burstSeconds': integerSetting([1, 60], 2, {
    doc: 'For how many seconds of `dns.rrl.rate` a network may be answered at once after a pause.',
    reloadable: true,
  }),
  'dns.rrl.slip': integerSetting([0, 100], 2, {
    doc: 'Of how many answers beyond the limit one is sent truncated and the others not at all: 1 sends all, 0 none.',
    reloadable: true,
  }),
  'dns.rrl.ipv4Prefix': integerSetting([1, 32], 24, {
    doc: 'How many leading bits of an IPv4 address are its network.',
    reloadable: true,
  }),
  'dns.rrl.ipv6Prefix': integerSetting([1, 64], 56, {
    doc: 'How many leading bits of an IPv6 address are its network.',
    reloadable: true,
  }),
  'dns.rrl.exempt': listSetting(prefixList, ['127.0.0.0/8', '::1/128'], {
    doc: 'The networks whose answers are not limited, such as those of your own resolvers and monitoring.',
    reloadable: true,
  }),
  'dns.rrl.dryRun': switchSetting(false, {
    doc: 'Whether the limit is only counted and logged, and every answer sent.',
    reloadable: true,
  }),
  'dns.rrl.tableSize': integerSetting([8, 1_048_576], 65_536, {
    doc: 'How many networks and kinds of answers are kept in mind at once, rounded up to a power of two; each takes 32 bytes in every thread that answers.',
    reloadable: true,
  }),
  'dns.cookies': switchSetting(true, {
    doc: 'Whether clients are given DNS cookies. One that comes back proves that its sender is who it says, and its answers are not limited.',
  }),
  'dns.cookieSecrets': optionalParsedSetting(
    { type: 'secrets', range: 'one to three of 32 hexadecimal digits', parse: parseCookieSecrets },
    {
      doc: 'The secrets of DNS cookies, separated by commas: the first makes them, all are taken. Servers behind one name or address need the same; without it a server makes one of its own, and a new one every day.',
      secret: true,
    },
  ),
  'dns.identity': optionalParsedSetting(serverText, {
    doc: 'What this server calls itself to those who ask with NSID, or for TXT of `id.server` or `hostname.bind` in class CH. It does not answer them where this is not set.',
  }),
  'dns.version': optionalParsedSetting(serverText, {
    doc: 'What is said to those who ask for TXT of `version.server` or `version.bind` in class CH. They are refused where this is not set.',
  }),
  'log.level': choiceSetting(LOG_LEVELS, 'info', {
    doc: 'The least important level that is logged.',
    reloadable: true,
  }),
  'log.pretty': switchSetting(false, { doc: 'Log lines for people instead of JSON.' }),
  'passwords.cost': integerSetting([10, 15], 12, {
    doc: 'The bcrypt cost of new password hashes; one more doubles the time of a log-in by password.',
  }),
  'passwords.threads': integerSetting([0, 64], 0, {
    doc: 'How many passwords are checked at once, each on a thread of its own; 0: half of the processors, at least one.',
  }),
  'passwords.queueLimit': integerSetting([1, 100_000], 64, {
    doc: 'How many log-ins by password may wait for a thread; further ones are told to try again later.',
  }),
  'updates.queueLimit': integerSetting([1, 1_000_000], 10_000, {
    doc: 'How many changes may wait to be written; further ones are told to try again later.',
  }),
  'updates.changeBurst': integerSetting([0, 1_000_000], 60, {
    doc: 'How many times the IPv4 address of a host, and apart from that its IPv6 address, may change at once; what is beyond it is told to try again later. Updates that change nothing never count. 0: no limit.',
  }),
  'updates.changeRefillSeconds': integerSetting([1, 86_400], 60, {
    doc: 'In how many seconds one more change is granted to a host whose `updates.changeBurst` is used up.',
  }),
  'store.compactionBytes': integerSetting([65_536, 1_099_511_627_776], 6_291_456, {
    doc: 'The journal is folded into the snapshot when it is larger than this and than seven tenths of the snapshot. Beside a snapshot of ten sevenths of this or more, the files of the store never take more than three times the snapshot.',
  }),
  'bootstrap.account': optionalTextSetting({
    doc: 'An administrator account that `serve` makes at its first start, while no account exists. Needs `bootstrap.password`.',
  }),
  'bootstrap.password': optionalTextSetting({
    doc: 'The password of the account that `bootstrap.account` names.',
    secret: true,
  }),
} as const satisfies Record<string, Setting>;

/** The name of a setting, as in a file: `http.listen`. */
export type SettingKey = keyof typeof SETTINGS;

/** The built value of each setting. */
export type SettingValues = {
  readonly [K in SettingKey]: z.output<(typeof SETTINGS)[K]['schema']>;
};

/** All keys in the table's order. */
export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[];

/** Whether a text names a setting. */
export function isSettingKey(text: string): text is SettingKey {
  return Object.hasOwn(SETTINGS, text);
}

/** The environment variable of a setting: `http.trustedProxies` is `HOMING_HTTP_TRUSTED_PROXIES`. */
export function variableOf(key: SettingKey): string {
  const words = key.replace(/[A-Z]/g, (letter) => `_${letter}`).replaceAll('.', '_');
  return `HOMING_${words.toUpperCase()}`;
}

function readPrefix(text: string): Parsed<IpPrefix> {
  const prefix = parseIpPrefix(text);
  return prefix === undefined ? unparsable(`"${text}" is neither`) : parsed(prefix);
}

function readDialect(text: string): Parsed<(typeof DIALECTS)[number]> {
  const dialect = DIALECTS.find((known) => known === text);
  return dialect === undefined ? unparsable(`"${text}" is none`) : parsed(dialect);
}

function readHostname(text: string): Parsed<Name> {
  const name = parseHostname(text);
  return name === undefined ? unparsable(`"${text}" is none`) : parsed(name);
}

function readServerText(text: string): Parsed<string> {
  return /^[\x20-\x7e]{1,64}$/.test(text) ? parsed(text) : unparsable(serverText.range);
}
