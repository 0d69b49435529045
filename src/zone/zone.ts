/**
 * One zone in memory: its settings, its static RRsets and its hosts' addresses, as the nodes of RFC 1034 §3.1.
 *
 * Invariants: every owner name is at or below the apex; an empty non-terminal is a node exactly while an owner
 * exists below it (RFC 4592 §2.2.2); a host is a node also while it has no address, so that its name is NODATA and
 * not NXDOMAIN. Only a store's `apply` calls the mutators; everybody else sees `ZoneView`.
 */
import type { Steps } from '../ops/steps.ts';
import { type Name, isWildcard, labelCount, parentOf } from './name.ts';
import { ADDRESSES_ONLY, type HostColumns, type RestOfHost } from './packed/host-columns.ts';
import { type AddressRow, Nodes } from './packed/nodes.ts';
import { EMPTY_NODE, OwnerNode } from './packed/owner-node.ts';
import type { RRset } from './rrset.ts';
import { RRTYPE } from './rrtype.ts';
import { soaRRset } from './soa.ts';
import type { HostAddresses, ZoneNode, ZoneOwner, ZoneSettings, ZoneView } from './zone-view.ts';

const ASTERISK = 0x2a;

/** A zone whose hosts are nothing but their addresses. */
export function createZone(settings: ZoneSettings): Zone {
  return new Zone(settings, ADDRESSES_ONLY);
}

/** A zone with its data. Generic over the host record, of which it reads only the addresses. */
export class Zone<Host extends HostAddresses = HostAddresses> implements ZoneView {
  #settings: ZoneSettings;
  #soa: RRset | undefined;
  #nodes = new Nodes();
  #columns: HostColumns<Host>;
  #hostCount = 0;
  #rrsetCount = 0;
  #cuts = 0;

  constructor(settings: ZoneSettings, columns: HostColumns<Host>) {
    this.#settings = settings;
    this.#columns = columns;
  }

  get apex(): Name {
    return this.#settings.apex;
  }

  get settings(): ZoneSettings {
    return this.#settings;
  }

  get soa(): RRset {
    this.#soa ??= soaRRset(this.#settings);
    return this.#soa;
  }

  get hostCount(): number {
    return this.#hostCount;
  }

  /** How many static RRsets there are, without the SOA. */
  get rrsetCount(): number {
    return this.#rrsetCount;
  }

  /** Whether any record hides names below its owner: NS below the apex, or DNAME. */
  get hasCuts(): boolean {
    return this.#cuts > 0;
  }

  node(name: Name): ZoneNode | undefined {
    const id = this.#nodes.find(name);
    const isOwner = id !== -1 && this.#nodes.isOwner(id);
    const host = isOwner && this.#nodes.hasHost(id) ? id : this.#wildcardHost(name);
    if (name === this.apex) return new OwnerNode(this.#nodes, { id, host }, this.soa);
    if (isOwner || host !== -1) return new OwnerNode(this.#nodes, { id, host }, undefined);
    return id === -1 ? undefined : EMPTY_NODE;
  }

  host(name: Name): Host | undefined {
    const id = this.#nodes.find(name);
    return id === -1 || !this.#nodes.hasHost(id) ? undefined : this.#hostAt(id, name);
  }

  *hosts(): IterableIterator<Host> {
    for (let id = 0; id < this.#nodes.end; id++) if (this.#nodes.hasHost(id)) yield this.#hostAt(id);
  }

  /** One more than the highest number of an owner; an owner keeps its number while it is one. */
  get ownersEnd(): number {
    return this.#nodes.end;
  }

  /** The names with a host or static records, each once; of those with numbers from `start` to before `end`. */
  *owners(start = 0, end = this.ownersEnd): IterableIterator<ZoneOwner> {
    for (let id = start; id < Math.min(end, this.#nodes.end); id++) {
      if (!this.#nodes.isOwner(id)) continue;
      yield this.#ownerAt(id, this.#nodes.nameOf(id));
    }
  }

  /** What a name owns; undefined where it is no owner. */
  owner(name: Name): ZoneOwner | undefined {
    const id = this.#nodes.find(name);
    if (id === -1 || !this.#nodes.isOwner(id)) return undefined;
    return this.#ownerAt(id, name);
  }

  /**
   * Fills a row with the owner of a number, where that is a host right below the apex without static records, and not a
   * wildcard; else false. The row's bytes are valid until the next change.
   */
  readPlainHost(id: number, row: AddressRow): boolean {
    if (!this.#nodes.hasHost(id) || this.#nodes.hasRecords(id)) return false;
    this.#nodes.readRow(id, row);
    const isWildcardName = row.bytes[row.nameAt] === 1 && row.bytes[row.nameAt + 1] === ASTERISK;
    return !isWildcardName && this.#isChild(row);
  }

  /** A host below a name, or also at it; walks the zone only where owners lie below. */
  hostBelow(name: Name, { orAt }: { readonly orAt: boolean }): Host | undefined {
    const id = this.#nodes.find(name);
    if (id === -1) return undefined;
    if (orAt && this.#nodes.hasHost(id)) return this.#hostAt(id, name);
    // Owners right below the apex are not counted there.
    const found = name === this.apex || this.#nodes.below(id) > 0 ? this.#nodes.hostBelow(name) : -1;
    return found === -1 ? undefined : this.#hostAt(found);
  }

  /** The number of a name's node; -1 where it has none. */
  numberOf(name: Name): number {
    return this.#nodes.find(name);
  }

  /** The static RRset of an owner, without the SOA and without host addresses. */
  staticRRset(owner: Name, type: number): RRset | undefined {
    const id = this.#nodes.find(owner);
    return id === -1 ? undefined : this.#nodes.records(id).find(type);
  }

  /** The types of an owner's static RRsets, without the SOA. */
  staticTypes(owner: Name): readonly number[] {
    const id = this.#nodes.find(owner);
    const types: number[] = [];
    if (id === -1) return types;
    for (const cursor = this.#nodes.records(id); cursor.type !== -1;) {
      types.push(cursor.type);
      cursor.skip();
    }
    return types;
  }

  /** Every static RRset with its owner, without the SOA. */
  *staticRRsets(): IterableIterator<readonly [owner: Name, rrset: RRset]> {
    for (let id = 0; id < this.#nodes.end; id++) {
      if (!this.#nodes.hasRecords(id)) continue;
      const owner = this.#nodes.nameOf(id);
      for (const rrset of this.#rrsetsOf(id)) yield [owner, rrset];
    }
  }

  replaceSettings(settings: ZoneSettings): void {
    this.#settings = settings;
    this.#soa = undefined;
  }

  putHost(host: Host): void {
    const id = this.#nodes.obtain(host.name);
    if (!this.#nodes.isOwner(id)) this.#count(host.name, 1);
    if (!this.#nodes.hasHost(id)) this.#hostCount++;
    this.#nodes.putHost(id, host);
    this.#columns.put(this.#nodes.rows, id, host);
  }

  /** As `putHost`, of a row, which may change afterwards. */
  putHostRow(row: AddressRow, rest: RestOfHost<Host>): void {
    const id = this.#nodes.obtainOf(row);
    if (!this.#nodes.isOwner(id) && !this.#isChild(row)) this.#count(this.#nodes.nameOf(id), 1);
    if (!this.#nodes.hasHost(id)) this.#hostCount++;
    this.#nodes.putAddresses(id, row);
    this.#columns.put(this.#nodes.rows, id, rest);
  }

  removeHost(name: Name): void {
    const id = this.#nodes.find(name);
    if (id === -1 || !this.#nodes.hasHost(id)) return;
    this.#nodes.removeHost(id);
    this.#hostCount--;
    this.#lose(id, name);
  }

  putRRset(owner: Name, rrset: RRset): void {
    const id = this.#nodes.obtain(owner);
    if (!this.#nodes.isOwner(id)) this.#count(owner, 1);
    const rrsets = this.#rrsetsOf(id);
    const at = rrsets.findIndex(({ type }) => type === rrset.type);
    if (at === -1) {
      rrsets.push(rrset);
      this.#rrsetCount++;
      if (this.#isCut(owner, rrset.type)) this.#cuts++;
    } else {
      rrsets[at] = rrset;
    }
    this.#nodes.setRecords(id, rrsets);
  }

  removeRRset(owner: Name, type: number): void {
    const id = this.#nodes.find(owner);
    if (id === -1) return;
    const rrsets = this.#rrsetsOf(id);
    const kept = rrsets.filter((rrset) => rrset.type !== type);
    if (kept.length === rrsets.length) return;
    this.#nodes.setRecords(id, kept);
    this.#rrsetCount--;
    if (this.#isCut(owner, type)) this.#cuts--;
    if (kept.length === 0) this.#lose(id, owner);
  }

  /** A copy that changes on its own, made in steps while nothing changes. */
  *clone(): Steps<Zone<Host>> {
    const copy = new Zone<Host>(this.#settings, this.#columns.clone());
    copy.#nodes = yield* this.#nodes.clone();
    copy.#hostCount = this.#hostCount;
    copy.#rrsetCount = this.#rrsetCount;
    copy.#cuts = this.#cuts;
    return copy;
  }

  #hostAt(id: number, name?: Name): Host {
    return this.#columns.get(this.#nodes.rows, id, this.#nodes.addresses(id, name));
  }

  #ownerAt(id: number, name: Name): ZoneOwner {
    const host = this.#nodes.hasHost(id) ? this.#nodes.addresses(id, name) : undefined;
    return { name, host, rrsets: this.#rrsetsOf(id) };
  }

  #rrsetsOf(id: number): RRset[] {
    if (!this.#nodes.hasRecords(id)) return [];
    const rrsets: RRset[] = [];
    for (const cursor = this.#nodes.records(id); cursor.type !== -1;) rrsets.push(cursor.take());
    return rrsets;
  }

  /** Whether a name is right below the apex. */
  #isChild({ bytes, nameAt, nameLength }: AddressRow): boolean {
    return nameLength === 1 + bytes[nameAt]! + this.apex.length;
  }

  #isCut(owner: Name, type: number): boolean {
    return type === RRTYPE.DNAME || (type === RRTYPE.NS && owner !== this.apex);
  }

  #wildcardHost(name: Name): number {
    if (!isWildcard(name)) return -1;
    const id = this.#nodes.find(parentOf(name)!);
    return id !== -1 && this.#nodes.hasWildcardHost(id) ? id : -1;
  }

  /** After the last host or RRset of a name has gone. */
  #lose(id: number, owner: Name): void {
    if (this.#nodes.isOwner(id)) return;
    this.#nodes.tidy(id);
    this.#count(owner, -1);
  }

  #count(owner: Name, step: 1 | -1): void {
    // A label directly below the apex has no ancestor to count, which is the usual host.
    let ancestors = labelCount(owner) - labelCount(this.apex) - 1;
    for (let name = parentOf(owner); ancestors > 0; ancestors--, name = parentOf(name!)) {
      const id = this.#nodes.obtain(name!);
      this.#nodes.setBelow(id, this.#nodes.below(id) + step);
      this.#nodes.tidy(id);
    }
  }
}
