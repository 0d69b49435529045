/**
 * Decodes the four things of which a store may hold millions, straight from their bytes: hosts, address RRsets, tokens,
 * and the settings of a zone that repeat but for the serial. A start spends most of its time here.
 * Invariant: what it decodes is what `Decoder` would have; whatever is not written exactly as `codec.ts` writes the
 * usual case it does not know, and leaves to that one.
 */
import { addressBytes } from '../../net/ip-address.ts';
import { RRTYPE } from '../../zone/rrtype.ts';
import type { ZoneSettings } from '../../zone/zone-view.ts';
import { NAME_ROOM } from './byte-cursor.ts';
import { QuickHosts } from './quick-hosts.ts';
import { FieldCursor, type Repeated, ascii } from './field-cursor.ts';
import { HOST_LIST_KIND } from '../host-list-codec.ts';
import { MAX_TTL, MAX_UINT32 } from '../json-fields.ts';
import { DIGEST_LENGTH, ID_LENGTH } from '../tokens/token-texts.ts';
import type { TokenRow } from '../tokens/packed-tokens.ts';
import type { ChangeTarget } from './change-target.ts';
import { readTime } from './iso-time.ts';

const RRSET_KEYS = {
  zone: ascii('{"zone":"'),
  owner: ascii('"owner":"'),
  a: ascii(',"type":"A","ttl":'),
  aaaa: ascii(',"type":"AAAA","ttl":'),
  rdata: ascii(',"rdata":['),
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
  hosts: ascii(`{"kind":"${HOST_LIST_KIND}","zone":"`),
} as const;
const NULL = ascii('null');

/** A zone's settings as they were written last: the bytes before the serial and those after it. */
interface KnownZone {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly settings: ZoneSettings;
}

/** Decodes what it knows, and gives it to a target. */
export class QuickDecoder {
  readonly #target: ChangeTarget;
  readonly #cursor = new FieldCursor();
  readonly #hosts: QuickHosts;
  /** The name of a token's host. */
  readonly #name = Buffer.alloc(NAME_ROOM);
  #label: Repeated<string> | undefined;
  #tokenTime: Repeated<number> | undefined;
  #known: KnownZone | undefined;
  readonly #tokenRow: TokenRow = {
    bytes: this.#name,
    idAt: 0,
    digestAt: 0,
    account: '',
    label: '',
    createdAt: 0,
    host: this.#name,
    hostLength: 0,
  };

  constructor(target: ChangeTarget) {
    this.#target = target;
    this.#hosts = new QuickHosts(this.#cursor, target);
  }

  /** The hosts that were given of a list that it did not know to its end. */
  get given(): number {
    return this.#hosts.given;
  }

  /** Takes the thing of a section at `start`; the offset behind it, -1 where it does not know and has given nothing. */
  entity(section: string, bytes: Buffer, start: number): number {
    this.#cursor.set(bytes, start, bytes.length);
    let isKnown = false;
    if (section === 'hosts') isKnown = this.#hosts.host(1);
    else if (section === 'tokens') isKnown = this.#token(bytes, 1);
    else if (section === 'rrsets') isKnown = this.#rrset(1);
    return isKnown ? this.#cursor.at : -1;
  }

  /** Takes the change or list at `start`; the offset behind it, -1 where it does not know, and has given what `given` says. */
  change(bytes: Buffer, start: number): number {
    const cursor = this.#cursor;
    cursor.set(bytes, start, bytes.length);
    this.#hosts.begin();
    let isKnown = false;
    if (cursor.skip(KIND.hosts)) isKnown = this.#hosts.list();
    else if (cursor.skip(KIND.host)) isKnown = this.#hosts.host(2);
    else if (cursor.skip(KIND.token)) isKnown = this.#token(bytes, 2);
    else if (cursor.skip(KIND.rrset)) isKnown = this.#rrset(2);
    else if (cursor.skip(KIND.zone)) isKnown = this.#settings();
    return isKnown ? cursor.at : -1;
  }

  /** Remembers settings that were decoded from these bytes of a change, which may come again with another serial. */
  remember(settings: ZoneSettings, bytes: Buffer): void {
    const text = bytes.toString('latin1');
    const serial = `"serial":${settings.serial},`;
    const at = text.indexOf(serial);
    const start = KIND.zone.length;
    if (at === -1 || !text.startsWith('{"kind":"zone-put","zone":{')) return;
    const before = ascii(text.slice(start, at + serial.indexOf(':') + 1));
    this.#known = { before, after: ascii(text.slice(at + serial.length - 1)), settings };
  }

  #settings(): boolean {
    if (this.#known === undefined || !this.#cursor.skip(this.#known.before)) return false;
    const serial = this.#cursor.integer(MAX_UINT32);
    if (serial === -1 || !this.#cursor.skip(this.#known.after)) return false;
    this.#target.applyChange({ kind: 'zone-put', zone: { ...this.#known.settings, serial } });
    return true;
  }

  #token(bytes: Buffer, braces: number): boolean {
    const cursor = this.#cursor;
    const row = this.#tokenRow;
    row.bytes = bytes;
    if (!cursor.skip(TOKEN_KEYS.id)) return false;
    row.idAt = cursor.at;
    if (!cursor.skipText(ID_LENGTH) || !cursor.skip(TOKEN_KEYS.account)) return false;
    const account = cursor.accountName();
    if (account === undefined || !cursor.skip(TOKEN_KEYS.hosts) || !this.#hostOfToken(row)) return false;
    row.account = account;
    const label = cursor.skip(TOKEN_KEYS.label) ? this.#labelText() : undefined;
    if (label === undefined || !cursor.skip(TOKEN_KEYS.digest)) return false;
    row.label = label;
    row.digestAt = cursor.at;
    if (!cursor.skipText(DIGEST_LENGTH) || !cursor.skip(TOKEN_KEYS.createdAt)) return false;
    const createdAt = this.#timeOfToken();
    if (createdAt === undefined || !cursor.ends(braces)) return false;
    row.createdAt = createdAt;
    return this.#target.putTokenRow(row);
  }

  /** All hosts of the account, or one, and the comma after them. */
  #hostOfToken(row: TokenRow): boolean {
    const cursor = this.#cursor;
    row.hostLength = 0;
    if (cursor.skip(NULL)) return true;
    row.hostLength = cursor.skip(TOKEN_KEYS.hostsBegin) ? cursor.nameOctets(this.#name) : 0;
    return row.hostLength !== 0 && cursor.skip(TOKEN_KEYS.hostsEnd);
  }

  /** A label: tokens that were made together have the same one, and the same time. */
  #labelText(): string | undefined {
    if (this.#label !== undefined && this.#cursor.skip(this.#label.bytes)) return this.#label.value;
    const value = this.#cursor.text();
    if (value !== undefined) this.#label = { bytes: ascii(`${value}"`), value };
    return value;
  }

  #timeOfToken(): number | undefined {
    if (this.#tokenTime !== undefined && this.#cursor.skip(this.#tokenTime.bytes))
      return this.#tokenTime.value;
    const start = this.#cursor.at;
    const value = readTime(this.#cursor);
    if (value !== undefined) this.#tokenTime = { bytes: this.#cursor.since(this.#cursor.at - start), value };
    return value;
  }

  #rrset(braces: number): boolean {
    const cursor = this.#cursor;
    const apex = cursor.skip(RRSET_KEYS.zone) ? cursor.zoneName() : undefined;
    const owner = apex !== undefined && cursor.skip(RRSET_KEYS.owner) ? cursor.name() : undefined;
    if (apex === undefined || owner === undefined) return false;
    const isA = cursor.skip(RRSET_KEYS.a);
    if (!isA && !cursor.skip(RRSET_KEYS.aaaa)) return false;
    const ttl = cursor.integer(MAX_TTL);
    if (ttl === -1 || !cursor.skip(RRSET_KEYS.rdata)) return false;
    const address = isA ? cursor.address4() : cursor.address6();
    if (address === undefined || !cursor.skip(RRSET_KEYS.end) || !cursor.ends(braces - 1)) return false;
    const rrset = {
      type: isA ? RRTYPE.A : RRTYPE.AAAA,
      ttl,
      rdata: [Uint8Array.from(addressBytes(address))],
    };
    this.#target.applyChange({ kind: 'rrset-put', apex, owner, rrset });
    return true;
  }
}
