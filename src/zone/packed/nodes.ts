/**
 * The nodes of one zone in rows: each name's host addresses, its static RRsets and how many owners lie below it.
 * Invariants: a name has a number exactly while it has a host, RRsets or owners below it; what is read is a copy or a
 * number, so that nothing outside changes with the rows.
 */
import { type IpAddress, ipv4FromNumber, numberFromIpv4 } from '../../net/ip-address.ts';
import { type Name, isSubdomain } from '../name.ts';
import type { RRset } from '../rrset.ts';
import type { HostAddresses } from '../zone-view.ts';
import { type ByteArena, placeOf } from './byte-arena.ts';
import { NameTable } from './name-table.ts';
import { FIELD, NodeRows } from './node-rows.ts';
import { CellCursor, cellLength, countLength, encodeCell, writeCount } from './record-cell.ts';

/**
 * A host's name and addresses where a million of them are to be gone through: in one object that is used again for the
 * next one, with the name as octets and the IPv4 address as a number.
 */
export interface AddressRow {
  /** What the name lies in. */
  bytes: Buffer;
  nameAt: number;
  nameLength: number;
  ttl: number;
  /** -1 where there is none. */
  ipv4: number;
  ipv6: IpAddress | null;
  wildcard: boolean;
}

/** A row with its name to come, in these bytes, and without an address. */
export function createAddressRow(bytes: Buffer): AddressRow {
  return { bytes, nameAt: 0, nameLength: 0, ttl: 0, ipv4: -1, ipv6: null, wildcard: false };
}

const HOST = 1;
const IPV4 = 2;
const IPV6 = 4;
const WILDCARD = 8;
const IPV6_LENGTH = 16;

/** The nodes. */
export class Nodes {
  #rows = new NodeRows();
  #names = new NameTable(this.#rows);

  /** The rows of the nodes, for whoever keeps more of their hosts than addresses. */
  get rows(): NodeRows {
    return this.#rows;
  }

  /** One more than the highest number of a node. */
  get end(): number {
    return this.#names.end;
  }

  /** The number of a node, or -1. */
  find(name: Name): number {
    return this.#names.find(name);
  }

  /** The number of a name's node, which is made where there is none. */
  obtain(name: Name): number {
    return this.#names.obtain(name);
  }

  /** As `obtain`, of the name of a row. */
  obtainOf({ bytes, nameAt, nameLength }: AddressRow): number {
    return this.#names.obtainOctets(bytes, nameAt, nameLength);
  }

  /** Takes a node away that has nothing any more. */
  tidy(id: number): void {
    if (!this.isOwner(id) && this.below(id) === 0) this.#names.remove(id);
  }

  /** Whether a number belongs to a node. */
  has(id: number): boolean {
    return this.#names.has(id);
  }

  nameOf(id: number): Name {
    return this.#names.nameOf(id);
  }

  hasHost(id: number): boolean {
    return this.#rows.flags(id) !== 0;
  }

  hasWildcardHost(id: number): boolean {
    return (this.#rows.flags(id) & WILDCARD) !== 0;
  }

  hasRecords(id: number): boolean {
    return this.#rows.get(id, FIELD.RECORDS) !== 0;
  }

  /** Whether the node is the owner of anything, and not only above owners. */
  isOwner(id: number): boolean {
    return this.hasHost(id) || this.hasRecords(id);
  }

  /** How many owners lie below. */
  below(id: number): number {
    return this.#rows.get(id, FIELD.BELOW);
  }

  setBelow(id: number, count: number): void {
    this.#rows.set(id, FIELD.BELOW, count);
  }

  putHost(id: number, { ttl, ipv4, ipv6, wildcard }: Omit<HostAddresses, 'name'>): void {
    this.putAddresses(id, { ttl, ipv4: ipv4 === null ? -1 : numberFromIpv4(ipv4), ipv6, wildcard });
  }

  /** As `putHost`, with the IPv4 address as a row has it. */
  putAddresses(
    id: number,
    { ttl, ipv4, ipv6, wildcard }: Pick<AddressRow, 'ttl' | 'ipv4' | 'ipv6' | 'wildcard'>,
  ): void {
    const rows = this.#rows;
    const before = rows.flags(id);
    rows.setFlags(
      id,
      HOST | (ipv4 === -1 ? 0 : IPV4) | (ipv6 === null ? 0 : IPV6) | (wildcard ? WILDCARD : 0),
    );
    rows.set(id, FIELD.TTL, ttl);
    if (ipv4 !== -1) rows.set(id, FIELD.IPV4, ipv4);
    if (ipv6 !== null) {
      if ((before & IPV6) === 0) rows.set(id, FIELD.IPV6, this.#arena.allocate(IPV6_LENGTH));
      this.#arena.bytes.write(ipv6, placeOf(rows.get(id, FIELD.IPV6)), 'latin1');
    } else if ((before & IPV6) !== 0) {
      this.#arena.release(rows.get(id, FIELD.IPV6), IPV6_LENGTH);
    }
  }

  removeHost(id: number): void {
    if ((this.#rows.flags(id) & IPV6) !== 0) this.#arena.release(this.#rows.get(id, FIELD.IPV6), IPV6_LENGTH);
    this.#rows.setFlags(id, 0);
  }

  ttl(id: number): number {
    return this.#rows.get(id, FIELD.TTL);
  }

  ipv4(id: number): IpAddress | null {
    if ((this.#rows.flags(id) & IPV4) === 0) return null;
    return ipv4FromNumber(this.#rows.get(id, FIELD.IPV4));
  }

  ipv6(id: number): IpAddress | null {
    if ((this.#rows.flags(id) & IPV6) === 0) return null;
    const at = placeOf(this.#rows.get(id, FIELD.IPV6));
    return this.#arena.bytes.toString('latin1', at, at + IPV6_LENGTH) as IpAddress;
  }

  /** What a node's host publishes; `name` is the node's, where it is at hand. */
  addresses(id: number, name: Name = this.nameOf(id)): HostAddresses {
    return {
      name,
      ttl: this.ttl(id),
      ipv4: this.ipv4(id),
      ipv6: this.ipv6(id),
      wildcard: this.hasWildcardHost(id),
    };
  }

  /** Fills a row with the name and what the node's host publishes; its bytes are valid until the next change. */
  readRow(id: number, row: AddressRow): void {
    const rows = this.#rows;
    row.bytes = rows.nameBytes(id);
    row.nameAt = rows.nameAt(id);
    row.nameLength = rows.nameLength(id);
    row.ttl = this.ttl(id);
    row.ipv4 = (rows.flags(id) & IPV4) === 0 ? -1 : rows.get(id, FIELD.IPV4);
    row.ipv6 = this.ipv6(id);
    row.wildcard = this.hasWildcardHost(id);
  }

  /** The number of a host below a name; -1 where there is none. Walks all nodes, but makes no text of those elsewhere. */
  hostBelow(name: Name): number {
    const suffix = Buffer.from(name, 'latin1');
    for (let id = 0; id < this.end; id++) {
      if (!this.hasHost(id)) continue;
      const bytes = this.#rows.nameBytes(id);
      const before = this.#rows.nameLength(id) - suffix.length;
      if (before <= 0) continue;
      const start = this.#rows.nameAt(id) + before;
      let i = suffix.length - 1;
      while (i >= 0 && bytes[start + i] === suffix[i]) i--;
      // The octets before may end in the middle of a label.
      if (i < 0 && isSubdomain(this.nameOf(id), name)) return id;
    }
    return -1;
  }

  /** A cursor over a node's RRsets; valid until the next change. */
  records(id: number): CellCursor {
    const place = this.#rows.get(id, FIELD.RECORDS);
    if (place === 0) return new CellCursor(this.#arena.bytes, 0, 0);
    const { start, length } = this.#cell(place);
    return new CellCursor(this.#arena.bytes, start, start + length);
  }

  /** Replaces a node's RRsets. */
  setRecords(id: number, rrsets: readonly RRset[]): void {
    const place = this.#rows.get(id, FIELD.RECORDS);
    if (place !== 0) {
      const { start, length } = this.#cell(place);
      this.#arena.release(place, start + length - placeOf(place));
    }
    this.#rows.set(id, FIELD.RECORDS, 0);
    if (rrsets.length === 0) return;
    const length = cellLength(rrsets);
    const fresh = this.#arena.allocate(countLength(length) + length);
    const { bytes } = this.#arena;
    encodeCell(rrsets, bytes, writeCount(length, bytes, placeOf(fresh)));
    this.#rows.set(id, FIELD.RECORDS, fresh);
  }

  /** A copy that changes on its own, made in steps of some milliseconds while nothing changes. */
  *clone(): Generator<undefined, Nodes> {
    const copy = new Nodes();
    copy.#rows = yield* this.#rows.clone(this.end);
    copy.#names = this.#names.clone(copy.#rows);
    yield;
    return copy;
  }

  get #arena(): ByteArena {
    return this.#rows.arena;
  }

  #cell(place: number): { start: number; length: number } {
    const { bytes } = this.#arena;
    let start = placeOf(place);
    let length = 0;
    for (let factor = 1; ; factor *= 128) {
      const octet = bytes[start++]!;
      length += (octet & 127) * factor;
      if (octet < 128) return { start, length };
    }
  }
}
