/**
 * Decodes the four things of which a store may hold millions, straight from their bytes: hosts, address RRsets, tokens,
 * and the settings of a zone that repeat but for the serial. A start spends most of its time here.
 * Invariant: what it decodes is what `Decoder` would have; whatever is not written exactly as `codec.ts` writes the
 * usual case it does not know, and leaves to that one.
 */
import type { Host } from '../../account/host.ts';
import type { Token } from '../../account/token.ts';
import { addressBytes, parseIpAddress } from '../../net/ip-address.ts';
import type { Name } from '../../zone/name.ts';
import { RRTYPE } from '../../zone/rrtype.ts';
import type { ZoneSettings } from '../../zone/zone.ts';
import { ByteCursor } from './byte-cursor.ts';
import type { Change } from '../change.ts';
import type { Put } from '../codec.ts';
import { MAX_TTL, MAX_UINT32 } from '../json-fields.ts';

function ascii(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

const HOST_KEYS = {
  name: ascii('{"name":"'),
  zone: ascii(',"zone":"'),
  account: ascii('"account":"'),
  ttl: ascii('"ttl":'),
  ipv4: ascii(',"ipv4":'),
  ipv6: ascii(',"ipv6":'),
  wildcard: ascii(',"wildcard":'),
  changedAt: ascii(',"changedAt":'),
  blocked: ascii(',"blocked":true'),
} as const;
const RRSET_KEYS = {
  zone: ascii('{"zone":"'),
  owner: ascii('"owner":"'),
  a: ascii(',"type":"A","ttl":'),
  aaaa: ascii(',"type":"AAAA","ttl":'),
  rdata: ascii(',"rdata":["'),
  end: ascii(']}'),
} as const;
const TOKEN_KEYS = {
  id: ascii('{"id":"'),
  account: ascii(',"account":"'),
  hosts: ascii('"hosts":'),
  hostsBegin: ascii('["'),
  hostsEnd: ascii(']'),
  label: ascii(',"label":"'),
  digest: ascii(',"digest":"'),
  createdAt: ascii(',"createdAt":"'),
} as const;
const KIND = {
  token: ascii('{"kind":"token-put","token":'),
  host: ascii('{"kind":"host-put","host":'),
  rrset: ascii('{"kind":"rrset-put","rrset":'),
  zone: ascii('{"kind":"zone-put","zone":'),
} as const;
const COMMA = ascii(',');
const END = ascii('}');
const NULL = ascii('null');
const TRUE = ascii('true');
const FALSE = ascii('false');
const MARK = ascii('"');

/** A text that comes again and again, with its bytes up to the comma after it. */
interface Repeated<T> {
  readonly bytes: Uint8Array;
  readonly value: T;
}

/** A zone's settings as they were written last: the bytes before the serial and those after it. */
interface KnownZone {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly settings: ZoneSettings;
}

/** Decodes what it knows. */
export class QuickDecoder {
  readonly #cursor = new ByteCursor();
  #zone: Repeated<Name> | undefined;
  #account: Repeated<string> | undefined;
  #tokenTime: Repeated<number> | undefined;
  #known: KnownZone | undefined;

  /** The thing that these bytes of a section stand for; undefined where it does not know. */
  entity(section: string, bytes: Buffer): Put | undefined {
    this.#cursor.set(bytes, 0, bytes.length);
    const put = this.#put(section);
    return this.#cursor.isAtEnd ? put : undefined;
  }

  /** The change at `start`, and the offset behind it; undefined where it does not know. */
  change(bytes: Buffer, start: number): { readonly change: Change; readonly end: number } | undefined {
    const cursor = this.#cursor;
    cursor.set(bytes, start, bytes.length);
    let change: Change | undefined;
    if (cursor.skip(KIND.host)) change = this.#host();
    else if (cursor.skip(KIND.token)) change = this.#token();
    else if (cursor.skip(KIND.rrset)) change = this.#rrset();
    else if (cursor.skip(KIND.zone)) change = this.#settings();
    return change !== undefined && cursor.skip(END) ? { change, end: cursor.at } : undefined;
  }

  /** Remembers settings that were decoded from these bytes of a change, which may come again with another serial. */
  remember(settings: ZoneSettings, bytes: Buffer): void {
    const text = bytes.toString('latin1');
    const serial = `"serial":${settings.serial},`;
    const at = text.indexOf(serial);
    const start = KIND.zone.length;
    if (at === -1 || !text.startsWith('{"kind":"zone-put","zone":{')) return;
    const before = ascii(text.slice(start, at + serial.indexOf(':') + 1));
    this.#known = { before, after: ascii(text.slice(at + serial.length - 1, -1)), settings };
  }

  #put(section: string): Put | undefined {
    switch (section) {
      case 'hosts':
        return this.#host();
      case 'tokens':
        return this.#token();
      case 'rrsets':
        return this.#rrset();
      default:
        return undefined;
    }
  }

  #settings(): Put | undefined {
    if (this.#known === undefined || !this.#cursor.skip(this.#known.before)) return undefined;
    const serial = this.#cursor.integer(MAX_UINT32);
    if (serial === -1 || !this.#cursor.skip(this.#known.after)) return undefined;
    return { kind: 'zone-put', zone: { ...this.#known.settings, serial } };
  }

  #host(): Put | undefined {
    const cursor = this.#cursor;
    const name = cursor.skip(HOST_KEYS.name) ? cursor.name() : undefined;
    const zone = name !== undefined && cursor.skip(HOST_KEYS.zone) ? this.#zoneName() : undefined;
    const account = zone !== undefined && cursor.skip(HOST_KEYS.account) ? this.#accountName() : undefined;
    if (name === undefined || zone === undefined || account === undefined) return undefined;
    const rest = this.#restOfHost();
    return rest === undefined ? undefined : { kind: 'host-put', host: { name, zone, account, ...rest } };
  }

  #restOfHost(): Omit<Host, 'name' | 'zone' | 'account'> | undefined {
    const cursor = this.#cursor;
    const ttl = cursor.skip(HOST_KEYS.ttl) ? cursor.integer(MAX_TTL) : -1;
    if (ttl === -1) return undefined;
    const ipv4 = cursor.skip(HOST_KEYS.ipv4) ? this.#orNull(() => cursor.ipv4()) : undefined;
    const ipv6 = cursor.skip(HOST_KEYS.ipv6) ? this.#orNull(() => this.#ipv6()) : undefined;
    const wildcard = cursor.skip(HOST_KEYS.wildcard) ? this.#flag() : undefined;
    const changedAt = cursor.skip(HOST_KEYS.changedAt) ? this.#orNull(() => this.#time()) : undefined;
    const blocked = cursor.skip(HOST_KEYS.blocked);
    if (ipv4 === undefined || ipv6 === undefined || wildcard === undefined || changedAt === undefined)
      return undefined;
    return cursor.skip(END) ? { ttl, ipv4, ipv6, wildcard, changedAt, blocked } : undefined;
  }

  #token(): Put | undefined {
    const cursor = this.#cursor;
    const id = cursor.skip(TOKEN_KEYS.id) ? cursor.text() : undefined;
    const account = id !== undefined && cursor.skip(TOKEN_KEYS.account) ? this.#accountName() : undefined;
    const hosts = account !== undefined && cursor.skip(TOKEN_KEYS.hosts) ? this.#tokenHosts() : undefined;
    const label = hosts !== undefined && cursor.skip(TOKEN_KEYS.label) ? cursor.text() : undefined;
    const digest = label !== undefined && cursor.skip(TOKEN_KEYS.digest) ? cursor.text() : undefined;
    const createdAt =
      digest !== undefined && cursor.skip(TOKEN_KEYS.createdAt) ? this.#lastTime() : undefined;
    if (id === undefined || account === undefined || hosts === undefined || label === undefined)
      return undefined;
    if (digest === undefined || createdAt === undefined) return undefined;
    return { kind: 'token-put', token: { id, account, hosts, label, digest, createdAt } };
  }

  /** All hosts of the account, or one. */
  #tokenHosts(): Token['hosts'] | undefined {
    if (this.#cursor.skip(NULL)) return null;
    const name = this.#cursor.skip(TOKEN_KEYS.hostsBegin) ? this.#cursor.name() : undefined;
    return name !== undefined && this.#cursor.skip(TOKEN_KEYS.hostsEnd) ? [name] : undefined;
  }

  /** A time and the end of the thing after it: tokens that were made together have the same one. */
  #lastTime(): number | undefined {
    if (this.#tokenTime !== undefined && this.#cursor.skip(this.#tokenTime.bytes))
      return this.#tokenTime.value;
    const text = this.#cursor.text();
    const value = Date.parse(text ?? '');
    if (text === undefined || Number.isNaN(value) || !this.#cursor.skip(END)) return undefined;
    this.#tokenTime = { bytes: ascii(`${text}"}`), value };
    return value;
  }

  #rrset(): Put | undefined {
    const cursor = this.#cursor;
    const apex = cursor.skip(RRSET_KEYS.zone) ? this.#zoneName() : undefined;
    const owner = apex !== undefined && cursor.skip(RRSET_KEYS.owner) ? cursor.name() : undefined;
    if (apex === undefined || owner === undefined) return undefined;
    const isA = cursor.skip(RRSET_KEYS.a);
    if (!isA && !cursor.skip(RRSET_KEYS.aaaa)) return undefined;
    const ttl = cursor.integer(MAX_TTL);
    if (ttl === -1 || !cursor.skip(RRSET_KEYS.rdata)) return undefined;
    const address = isA ? cursor.ipv4() : this.#ipv6();
    if (address === undefined || !cursor.skip(RRSET_KEYS.end)) return undefined;
    const rrset = {
      type: isA ? RRTYPE.A : RRTYPE.AAAA,
      ttl,
      rdata: [Uint8Array.from(addressBytes(address))],
    };
    return { kind: 'rrset-put', apex, owner, rrset };
  }

  /** A zone's name and the comma after it: usually the one that came last. */
  #zoneName(): Name | undefined {
    if (this.#zone !== undefined && this.#cursor.skip(this.#zone.bytes)) return this.#zone.value;
    const value = this.#cursor.name();
    if (value === undefined || !this.#cursor.skip(COMMA)) return undefined;
    this.#zone = { bytes: this.#cursor.since(value.length + 1), value };
    return value;
  }

  #accountName(): string | undefined {
    if (this.#account !== undefined && this.#cursor.skip(this.#account.bytes)) return this.#account.value;
    const value = this.#cursor.text();
    if (value === undefined || !this.#cursor.skip(COMMA)) return undefined;
    this.#account = { bytes: ascii(`${value}",`), value };
    return value;
  }

  #orNull<T>(read: () => T | undefined): T | null | undefined {
    if (this.#cursor.skip(NULL)) return null;
    return this.#cursor.skip(MARK) ? read() : undefined;
  }

  #ipv6(): ReturnType<typeof parseIpAddress> {
    const address = parseIpAddress(this.#cursor.text() ?? '');
    return address?.length === 16 ? address : undefined;
  }

  #time(): number | undefined {
    const ms = Date.parse(this.#cursor.text() ?? '');
    return Number.isNaN(ms) ? undefined : ms;
  }

  #flag(): boolean | undefined {
    if (this.#cursor.skip(FALSE)) return false;
    return this.#cursor.skip(TRUE) ? true : undefined;
  }
}
