/**
 * Decodes hosts straight from their bytes: each for itself, and the lists of those that were put together.
 * Invariant: as of `QuickDecoder`; of a list that it does not know to its end it has given the first ones, and says how many.
 */
import { type Name, ROOT } from '../../zone/name.ts';
import { createAddressRow } from '../../zone/packed/nodes.ts';
import { MAX_TTL } from '../json-fields.ts';
import { NAME_ROOM } from './byte-cursor.ts';
import type { ChangeTarget, HostRow } from './change-target.ts';
import { type FieldCursor, ascii } from './field-cursor.ts';
import { readTime } from './iso-time.ts';

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
const LIST_KEYS = {
  changedAt: ascii('"changedAt":'),
  hosts: ascii(',"hosts":['),
  host: ascii('["'),
  account: ascii(',"'),
  hostEnd: ascii(']'),
  end: ascii(']}'),
} as const;
const COMMA = 0x2c;
const QUOTE = 0x22;
const NULL = ascii('null');
const TRUE = ascii('true');
const FALSE = ascii('false');

/** Takes hosts where its cursor is; false where it does not know. */
export class QuickHosts {
  readonly #cursor: FieldCursor;
  readonly #target: ChangeTarget;
  readonly #name = Buffer.alloc(NAME_ROOM);
  readonly #row: HostRow = {
    ...createAddressRow(this.#name),
    zone: ROOT,
    account: '',
    changedAt: null,
    blocked: false,
  };
  /** The zone of the last list of hosts. */
  #listed: { readonly zone: Name; readonly octets: Uint8Array } | undefined;
  #given = 0;

  constructor(cursor: FieldCursor, target: ChangeTarget) {
    this.#cursor = cursor;
    this.#target = target;
  }

  /** How many hosts of a list it has given since `begin`. */
  get given(): number {
    return this.#given;
  }

  /** Begins to count what is given. */
  begin(): void {
    this.#given = 0;
  }

  /** Takes a host that so many braces end, its own and those around it. */
  host(braces: number): boolean {
    const cursor = this.#cursor;
    const row = this.#row;
    row.nameLength = cursor.skip(HOST_KEYS.name) ? cursor.nameOctets(this.#name) : 0;
    if (row.nameLength === 0 || !cursor.skip(HOST_KEYS.zone)) return false;
    const zone = cursor.zoneName();
    const account = zone !== undefined && cursor.skip(HOST_KEYS.account) ? cursor.accountName() : undefined;
    if (zone === undefined || account === undefined) return false;
    row.zone = zone;
    row.account = account;
    if (!this.#addressesOfHost(row) || !this.#restOfHost(row) || !cursor.ends(braces)) return false;
    this.#target.putHostRow(row);
    return true;
  }

  #addressesOfHost(row: HostRow): boolean {
    const cursor = this.#cursor;
    row.ttl = cursor.skip(HOST_KEYS.ttl) ? cursor.integer(MAX_TTL) : -1;
    if (row.ttl === -1 || !cursor.skip(HOST_KEYS.ipv4)) return false;
    const ipv4 = cursor.numberOrNull4();
    if (ipv4 === undefined || !cursor.skip(HOST_KEYS.ipv6)) return false;
    return this.#addresses(row, ipv4);
  }

  /** Puts both addresses into the row, of which the second comes next. */
  #addresses(row: HostRow, ipv4: number): boolean {
    const ipv6 = this.#cursor.addressOrNull6();
    row.ipv4 = ipv4;
    row.ipv6 = ipv6 ?? null;
    return ipv6 !== undefined;
  }

  #restOfHost(row: HostRow): boolean {
    const cursor = this.#cursor;
    if (!cursor.skip(HOST_KEYS.wildcard)) return false;
    row.wildcard = cursor.skip(TRUE);
    if (!row.wildcard && !cursor.skip(FALSE)) return false;
    if (!cursor.skip(HOST_KEYS.changedAt) || !this.#changedAt(row)) return false;
    row.blocked = cursor.skip(HOST_KEYS.blocked);
    return true;
  }

  #changedAt(row: HostRow): boolean {
    const cursor = this.#cursor;
    const changedAt = cursor.skip(NULL) ? null : cursor.skipOctet(QUOTE) ? readTime(cursor) : undefined;
    row.changedAt = changedAt ?? null;
    return changedAt !== undefined;
  }

  /** Takes a list of hosts from its zone's name on. */
  list(): boolean {
    const cursor = this.#cursor;
    const row = this.#row;
    const zone = cursor.zoneName();
    if (zone === undefined || !cursor.skip(LIST_KEYS.changedAt) || !this.#changedAt(row)) return false;
    if (!cursor.skip(LIST_KEYS.hosts)) return false;
    row.zone = zone;
    row.wildcard = false;
    row.blocked = false;
    if (this.#listed?.zone !== zone) this.#listed = { zone, octets: Buffer.from(zone, 'latin1') };
    for (let isFirst = true; ; isFirst = false) {
      if (!this.#listedHost(row, this.#listed.octets, isFirst)) return false;
      this.#target.putHostRow(row);
      this.#given++;
      if (cursor.skip(LIST_KEYS.end)) break;
      if (!cursor.skipOctet(COMMA)) return false;
    }
    return true;
  }

  #listedHost(row: HostRow, zone: Uint8Array, isFirst: boolean): boolean {
    const cursor = this.#cursor;
    row.nameLength = cursor.skip(LIST_KEYS.host) ? cursor.labelOctets(this.#name, zone) : 0;
    if (row.nameLength === 0 || !cursor.skipOctet(COMMA)) return false;
    const ipv4 = cursor.numberOrNull4();
    if (ipv4 === undefined || !cursor.skipOctet(COMMA) || !this.#addresses(row, ipv4)) return false;
    if (cursor.skip(LIST_KEYS.hostEnd)) return !isFirst;
    const account = cursor.skip(LIST_KEYS.account) ? cursor.accountName() : undefined;
    const ttl = account === undefined ? -1 : cursor.integer(MAX_TTL);
    if (account === undefined || ttl === -1) return false;
    row.account = account;
    row.ttl = ttl;
    return cursor.skip(LIST_KEYS.hostEnd);
  }
}
