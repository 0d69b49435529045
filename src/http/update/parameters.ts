/**
 * The parameters of an update, read from the raw query and form as devices really write them (D-2, D-3).
 *
 * Invariants: never throws, whatever the bytes; reads at most MAX_PAIRS parameters; a parameter it does not know
 * changes nothing. Not URLSearchParams, because that takes `amp;myip` for another key, a second `?` for part of a
 * value, and turns octets that are not UTF-8 into a password that no longer matches.
 */
import { isUtf8 } from 'node:buffer';
import type { IpFamily } from '../../net/ip-address.ts';
import { parseHostnameOrWildcard } from '../../zone/hostname.ts';

/** What was sent under a name of one address family; the text may be anything, of either family too. */
export interface AddressText {
  readonly family: IpFamily;
  readonly text: string;
}

/** What an update's query and form say, still as text. Absent texts are empty. */
export interface UpdateParameters {
  /** In request order, without unfilled templates where a real name stands beside them. */
  readonly hosts: readonly string[];
  readonly addresses: readonly AddressText[];
  /** What was sent under the names of an IPv6 prefix. */
  readonly prefix: string;
  readonly user: string;
  readonly secret: string;
  /** Whether the secret stood in the query, and not in the form. */
  readonly secretInQuery: boolean;
  readonly offline: string;
  readonly format: string;
}

type Role = 'host' | 'ipv4' | 'ipv6' | 'prefix' | 'user' | 'secret' | 'offline' | 'format' | 'ignored';

const NAMES: Record<Role, string> = {
  host: 'hostname host host_id domain domains fqdn h alias',
  ipv4: 'myip myipv4 ip ipv4 ip4 ipaddr addr address a dnsto',
  ipv6: 'myipv6 myip6 ipv6 ip6 ip6addr aaaa',
  prefix: 'ip6lanprefix ip6prefix ipv6prefix prefix',
  user: 'username user u login uid',
  secret: 'password pass passwd pwd p key token',
  offline: 'offline',
  format: 'format',
  ignored: 'wildcard mx backmx system url started action keepipv4 keepipv6 dualstack',
};

const ROLES: ReadonlyMap<string, Role> = new Map(
  Object.entries(NAMES).flatMap(([role, names]) => names.split(' ').map((name) => [name, role as Role])),
);

const LONGEST_NAME = Math.max(...[...ROLES.keys()].map((name) => name.length));
const MAX_PAIRS = 128;
const MAX_HOST_TEXTS = 64;

/** Reads the query (without its `?`), then the form; where both give one value, the query's counts (D-1.4). */
export function parseUpdateParameters(query: string, form = ''): UpdateParameters {
  const reader = new ParameterReader();
  reader.read(query);
  if (form !== '') reader.readForm(form);
  return reader.result();
}

/**
 * Percent-decodes one name or value: `+` is a blank, a `%` without two hex digits is itself. Octets that are not
 * UTF-8 become U+FFFD, or Latin-1 where that is wanted (D-2.5).
 */
export function decodeComponent(text: string, otherwise: 'replacement' | 'latin1'): string {
  if (!/[%+\x80-\xff]/.test(text)) return text;
  const octets = text
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const bytes = Buffer.from(octets, 'latin1');
  return otherwise === 'latin1' && !isUtf8(bytes) ? octets : bytes.toString('utf8');
}

class ParameterReader {
  readonly #hosts: string[] = [];
  readonly #bareHosts: string[] = [];
  readonly #addresses: AddressText[] = [];
  #prefix = '';
  #user = '';
  #secret = '';
  #secretInForm = false;
  #offline = '';
  #format = '';
  #pairs = 0;

  read(text: string): void {
    for (let start = 0; start < text.length && this.#pairs < MAX_PAIRS;) {
      const found = text.indexOf('&', start);
      const end = found < 0 ? text.length : found;
      if (end > start) this.#readSegment(text.slice(start, end));
      start = end + 1;
    }
  }

  /** What was not in the query. */
  readForm(text: string): void {
    this.#secretInForm = this.#secret === '';
    this.read(text);
  }

  result(): UpdateParameters {
    return {
      hosts: withoutTemplates(this.#hosts.length > 0 ? this.#hosts : this.#bareHosts),
      addresses: this.#addresses,
      prefix: this.#prefix,
      user: this.#user,
      secret: this.#secret,
      secretInQuery: this.#secret !== '' && !this.#secretInForm,
      offline: this.#offline,
      format: this.#format,
    };
  }

  /** A `?` inside separates like `&` where a known name and `=` follow it; else it belongs to the value. */
  #readSegment(segment: string): void {
    let start = 0;
    for (let at = segment.indexOf('?'); at >= 0; at = segment.indexOf('?', at + 1)) {
      if (!startsWithKnownName(segment, at + 1)) continue;
      this.#readPair(segment.slice(start, at));
      start = at + 1;
    }
    this.#readPair(segment.slice(start));
  }

  #readPair(pair: string): void {
    if (pair === '') return;
    this.#pairs++;
    const equals = pair.indexOf('=');
    if (equals < 0) {
      this.#readBareKey(pair);
      return;
    }
    const name = pair.slice(0, equals);
    const role = ROLES.get(name) ?? ROLES.get(normalizeName(name));
    if (role !== undefined) this.#readValue(role, pair.slice(equals + 1));
  }

  #readBareKey(key: string): void {
    const names = splitList(decodeComponent(key, 'replacement'));
    if (names.length > 0 && names.every((name) => parseHostnameOrWildcard(name) !== undefined))
      this.#bareHosts.push(...names);
  }

  #readValue(role: Role, raw: string): void {
    switch (role) {
      case 'host':
        this.#addHosts(splitList(decodeComponent(raw, 'replacement')));
        return;
      case 'ipv4':
        this.#addresses.push({ family: 4, text: decodeComponent(raw, 'replacement') });
        return;
      case 'ipv6':
        this.#addresses.push({ family: 6, text: decodeComponent(raw, 'replacement') });
        return;
      case 'prefix':
        if (this.#prefix === '' && /\w/.test(raw)) {
          const text = decodeComponent(raw, 'replacement');
          // An unfilled template must not stand before a real one, whose brackets are no template's.
          if (text.includes(':')) this.#prefix = text;
        }
        return;
      case 'user':
        this.#user ||= decodeComponent(raw, 'latin1');
        return;
      case 'secret':
        this.#secret ||= decodeComponent(raw, 'latin1');
        return;
      case 'offline':
        this.#offline ||= raw;
        return;
      case 'format':
        this.#format ||= raw;
        return;
      case 'ignored':
        return;
    }
  }

  /** A name may stand twice in one list (two lines are due then), but an alias that repeats one adds nothing. */
  #addHosts(names: readonly string[]): void {
    const known = this.#hosts.length;
    for (const name of names) {
      if (this.#hosts.length >= MAX_HOST_TEXTS) return;
      if (known === 0 || !this.#hosts.slice(0, known).includes(name)) this.#hosts.push(name);
    }
  }
}

function normalizeName(name: string): string {
  return decodeComponent(name, 'replacement')
    .toLowerCase()
    .replace(/^(?:amp;|[?\s])+/, '');
}

function startsWithKnownName(segment: string, at: number): boolean {
  const equals = segment.slice(at, at + LONGEST_NAME + 1).indexOf('=');
  return equals > 0 && ROLES.has(segment.slice(at, at + equals).toLowerCase());
}

function splitList(text: string): string[] {
  return /[,\s]/.test(text) ? text.split(/[,\s]+/).filter((part) => part !== '') : text === '' ? [] : [text];
}

/** `hostname=YES` is dyndns1's flag; `%h…`, `<domain>`, `[DOMAIN]`, `#{domain}`, `__HOSTNAME__` were never filled in. */
const TEMPLATE = /^(?:yes$|[<[{%#$]|__)/i;

function withoutTemplates(hosts: string[]): string[] {
  if (!hosts.some((host) => TEMPLATE.test(host))) return hosts;
  const real = hosts.filter((host) => !TEMPLATE.test(host));
  return real.length > 0 ? real : hosts;
}
