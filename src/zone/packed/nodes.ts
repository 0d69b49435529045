/**
 * The nodes of one zone in columns: each name's host addresses, its static RRsets and how many owners lie below it.
 * Invariants: a name has a number exactly while it has a host, RRsets or owners below it; what is read is a copy or a
 * number, so that nothing outside changes with the columns.
 */
import { type IpAddress, ipv4FromNumber, numberFromIpv4 } from '../../net/ip-address.ts';
import { type Name, isSubdomain } from '../name.ts';
import type { RRset } from '../rrset.ts';
import { ByteArena, placeOf } from './byte-arena.ts';
import { FIRST_ROOM, NameTable, resized } from './name-table.ts';
import { CellCursor, cellLength, countLength, encodeCell, writeCount } from './record-cell.ts';

/** What a node's host publishes. */
export interface NodeAddresses {
  readonly name: Name;
  readonly ttl: number;
  readonly ipv4: IpAddress | null;
  readonly ipv6: IpAddress | null;
  readonly wildcard: boolean;
}

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

const HOST = 1;
const IPV4 = 2;
const IPV6 = 4;
const WILDCARD = 8;
const IPV6_LENGTH = 16;

/** The columns. */
export class Nodes {
  #arena = new ByteArena();
  #names = new NameTable(this.#arena);
  #flags = new Uint8Array(FIRST_ROOM);
  #ttl = new Uint32Array(FIRST_ROOM);
  #ipv4 = new Uint32Array(FIRST_ROOM);
  /** The place of an IPv6 address. */
  #ipv6 = new Uint32Array(FIRST_ROOM);
  /** The place of a cell of RRsets behind its length; 0 where there are none. */
  #records = new Uint32Array(FIRST_ROOM);
  #below = new Uint32Array(FIRST_ROOM);

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
    const id = this.#names.obtain(name);
    if (this.#flags.length < this.#names.room) this.#resize(this.#names.room);
    return id;
  }

  /** As `obtain`, of the name of a row. */
  obtainOf({ bytes, nameAt, nameLength }: AddressRow): number {
    const id = this.#names.obtainOctets(bytes, nameAt, nameLength);
    if (this.#flags.length < this.#names.room) this.#resize(this.#names.room);
    return id;
  }

  /** Takes a node away that has nothing any more. */
  tidy(id: number): void {
    if (this.#flags[id] === 0 && this.#records[id] === 0 && this.#below[id] === 0) this.#names.remove(id);
  }

  /** Whether a number belongs to a node. */
  has(id: number): boolean {
    return this.#names.has(id);
  }

  nameOf(id: number): Name {
    return this.#names.nameOf(id);
  }

  hasHost(id: number): boolean {
    return this.#flags[id] !== 0;
  }

  hasWildcardHost(id: number): boolean {
    return (this.#flags[id]! & WILDCARD) !== 0;
  }

  hasRecords(id: number): boolean {
    return this.#records[id] !== 0;
  }

  /** Whether the node is the owner of anything, and not only above owners. */
  isOwner(id: number): boolean {
    return this.hasHost(id) || this.hasRecords(id);
  }

  /** How many owners lie below. */
  below(id: number): number {
    return this.#below[id]!;
  }

  setBelow(id: number, count: number): void {
    this.#below[id] = count;
  }

  putHost(id: number, { ttl, ipv4, ipv6, wildcard }: Omit<NodeAddresses, 'name'>): void {
    this.putAddresses(id, { ttl, ipv4: ipv4 === null ? -1 : numberFromIpv4(ipv4), ipv6, wildcard });
  }

  /** As `putHost`, with the IPv4 address as a row has it. */
  putAddresses(
    id: number,
    { ttl, ipv4, ipv6, wildcard }: Pick<AddressRow, 'ttl' | 'ipv4' | 'ipv6' | 'wildcard'>,
  ): void {
    const before = this.#flags[id]!;
    this.#flags[id] =
      HOST | (ipv4 === -1 ? 0 : IPV4) | (ipv6 === null ? 0 : IPV6) | (wildcard ? WILDCARD : 0);
    this.#ttl[id] = ttl;
    if (ipv4 !== -1) this.#ipv4[id] = ipv4;
    if (ipv6 !== null) {
      if ((before & IPV6) === 0) this.#ipv6[id] = this.#arena.allocate(IPV6_LENGTH);
      this.#arena.bytes.write(ipv6, placeOf(this.#ipv6[id]!), 'latin1');
    } else if ((before & IPV6) !== 0) {
      this.#arena.release(this.#ipv6[id]!, IPV6_LENGTH);
    }
  }

  removeHost(id: number): void {
    if ((this.#flags[id]! & IPV6) !== 0) this.#arena.release(this.#ipv6[id]!, IPV6_LENGTH);
    this.#flags[id] = 0;
  }

  ttl(id: number): number {
    return this.#ttl[id]!;
  }

  ipv4(id: number): IpAddress | null {
    if ((this.#flags[id]! & IPV4) === 0) return null;
    return ipv4FromNumber(this.#ipv4[id]!);
  }

  ipv6(id: number): IpAddress | null {
    if ((this.#flags[id]! & IPV6) === 0) return null;
    const at = placeOf(this.#ipv6[id]!);
    return this.#arena.bytes.toString('latin1', at, at + IPV6_LENGTH) as IpAddress;
  }

  /** What a node's host publishes; `name` is the node's, where it is at hand. */
  addresses(id: number, name: Name = this.nameOf(id)): NodeAddresses {
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
    const { bytes } = this.#arena;
    const at = this.#names.placeOf(id);
    row.bytes = bytes;
    row.nameAt = at + 1;
    row.nameLength = bytes[at]!;
    row.ttl = this.#ttl[id]!;
    row.ipv4 = (this.#flags[id]! & IPV4) === 0 ? -1 : this.#ipv4[id]!;
    row.ipv6 = this.ipv6(id);
    row.wildcard = this.hasWildcardHost(id);
  }

  /** The number of a host below a name; -1 where there is none. Walks all nodes, but makes no text of those elsewhere. */
  hostBelow(name: Name): number {
    const suffix = Buffer.from(name, 'latin1');
    for (let id = 0; id < this.end; id++) {
      if (!this.hasHost(id)) continue;
      const { bytes } = this.#arena;
      const at = this.#names.placeOf(id);
      const start = at + 1 + bytes[at]! - suffix.length;
      let i = suffix.length - 1;
      while (i >= 0 && start > at && bytes[start + i] === suffix[i]) i--;
      // The octets before may end in the middle of a label.
      if (i < 0 && start > at + 1 && isSubdomain(this.nameOf(id), name)) return id;
    }
    return -1;
  }

  /** A cursor over a node's RRsets; valid until the next change. */
  records(id: number): CellCursor {
    const place = this.#records[id]!;
    if (place === 0) return new CellCursor(this.#arena.bytes, 0, 0);
    const { start, length } = this.#cell(place);
    return new CellCursor(this.#arena.bytes, start, start + length);
  }

  /** Replaces a node's RRsets. */
  setRecords(id: number, rrsets: readonly RRset[]): void {
    const place = this.#records[id]!;
    if (place !== 0) {
      const { start, length } = this.#cell(place);
      this.#arena.release(place, start + length - placeOf(place));
    }
    this.#records[id] = 0;
    if (rrsets.length === 0) return;
    const length = cellLength(rrsets);
    const fresh = this.#arena.allocate(countLength(length) + length);
    const { bytes } = this.#arena;
    encodeCell(rrsets, bytes, writeCount(length, bytes, placeOf(fresh)));
    this.#records[id] = fresh;
  }

  /** A copy that changes on its own, made in steps of some milliseconds while nothing changes. */
  *clone(): Generator<undefined, Nodes> {
    const copy = new Nodes();
    copy.#arena = this.#arena.clone();
    yield;
    copy.#names = this.#names.clone(copy.#arena);
    yield;
    copy.#flags = this.#flags.slice();
    copy.#ttl = this.#ttl.slice();
    copy.#ipv4 = this.#ipv4.slice();
    yield;
    copy.#ipv6 = this.#ipv6.slice();
    copy.#records = this.#records.slice();
    copy.#below = this.#below.slice();
    yield;
    return copy;
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

  #resize(room: number): void {
    this.#flags = resized(this.#flags, room);
    this.#ttl = resized(this.#ttl, room);
    this.#ipv4 = resized(this.#ipv4, room);
    this.#ipv6 = resized(this.#ipv6, room);
    this.#records = resized(this.#records, room);
    this.#below = resized(this.#below, room);
  }
}
