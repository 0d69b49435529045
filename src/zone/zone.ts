/**
 * One zone in memory: its settings, its static RRsets and its hosts' addresses, as the nodes of RFC 1034 §3.1.
 *
 * Invariants: every owner name is at or below the apex; an empty non-terminal is a node exactly while an owner
 * exists below it (RFC 4592 §2.2.2); a host is a node also while it has no address, so that its name is NODATA and
 * not NXDOMAIN. Only a store's `apply` calls the mutators; everybody else sees `ZoneView`.
 */
import { type IpAddress, addressBytes } from '../net/ip-address.ts';
import type { AcceptPolicy } from '../net/address-class.ts';
import { type Name, isWildcard, labelCount, parentOf } from './name.ts';
import type { RRset } from './rrset.ts';
import { RRTYPE } from './rrtype.ts';

/** The SOA record without its serial; times in seconds. */
export interface SoaFields {
  readonly mname: Name;
  readonly rname: Name;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  /** The negative-caching time (RFC 2308 §4). */
  readonly minimum: number;
  readonly ttl: number;
}

/** What is stored of a zone beside its RRsets and hosts. */
export interface ZoneSettings {
  readonly apex: Name;
  readonly soa: SoaFields;
  readonly serial: number;
  readonly accept: AcceptPolicy;
}

/** What a host publishes. */
export interface HostAddresses {
  readonly name: Name;
  readonly ttl: number;
  readonly ipv4: IpAddress | null;
  readonly ipv6: IpAddress | null;
  /** Whether `*.name` has the same addresses. */
  readonly wildcard: boolean;
}

/** One node of the tree; without RRsets it is an empty non-terminal or a host without an address. */
export interface ZoneNode {
  rrset(type: number): RRset | undefined;
  rrsets(): Iterable<RRset>;
}

/** What resolution reads of a zone. */
export interface ZoneView {
  readonly apex: Name;
  readonly settings: ZoneSettings;
  readonly soa: RRset;
  /** The node of a name at or below the apex; undefined where the name does not exist. */
  node(name: Name): ZoneNode | undefined;
}

/** The zones a server is authoritative for. */
export interface ZoneSet {
  /** The zone with the longest apex at or above `name`. */
  zoneFor(name: Name): ZoneView | undefined;
}

const NO_TYPES: readonly number[] = [];
const EMPTY_NODE: ZoneNode = { rrset: () => undefined, rrsets: () => [] };

/** A zone with its data. Generic over the host record, of which it reads only the addresses. */
export class Zone<Host extends HostAddresses = HostAddresses> implements ZoneView {
  #settings: ZoneSettings;
  #soa: RRset;
  readonly #static = new Map<Name, Map<number, RRset>>();
  readonly #hosts = new Map<Name, Host>();
  /** How many owners lie strictly below a name; only names strictly below the apex are counted. */
  readonly #below = new Map<Name, number>();

  constructor(settings: ZoneSettings) {
    this.#settings = settings;
    this.#soa = soaRRset(settings);
  }

  get apex(): Name {
    return this.#settings.apex;
  }

  get settings(): ZoneSettings {
    return this.#settings;
  }

  get soa(): RRset {
    return this.#soa;
  }

  get hostCount(): number {
    return this.#hosts.size;
  }

  node(name: Name): ZoneNode | undefined {
    const records = this.#static.get(name);
    const host = this.#hosts.get(name) ?? this.#wildcardHost(name);
    if (name === this.apex) return new OwnerNode(records, host, this.#soa);
    if (records !== undefined || host !== undefined) return new OwnerNode(records, host, undefined);
    return this.#below.has(name) ? EMPTY_NODE : undefined;
  }

  host(name: Name): Host | undefined {
    return this.#hosts.get(name);
  }

  hosts(): IterableIterator<Host> {
    return this.#hosts.values();
  }

  /** The static RRset of an owner, without the SOA and without host addresses. */
  staticRRset(owner: Name, type: number): RRset | undefined {
    return this.#static.get(owner)?.get(type);
  }

  /** The types of an owner's static RRsets, without the SOA. */
  staticTypes(owner: Name): readonly number[] {
    const records = this.#static.get(owner);
    return records === undefined ? NO_TYPES : [...records.keys()];
  }

  /** Every static RRset with its owner, without the SOA. */
  *staticRRsets(): IterableIterator<readonly [owner: Name, rrset: RRset]> {
    for (const [owner, records] of this.#static) for (const rrset of records.values()) yield [owner, rrset];
  }

  replaceSettings(settings: ZoneSettings): void {
    this.#settings = settings;
    this.#soa = soaRRset(settings);
  }

  putHost(host: Host): void {
    const before = this.#hosts.get(host.name);
    if (before === undefined && !this.#static.has(host.name)) this.#count(host.name, 1);
    this.#hosts.set(host.name, host);
  }

  removeHost(name: Name): void {
    if (this.#hosts.delete(name) && !this.#static.has(name)) this.#count(name, -1);
  }

  putRRset(owner: Name, rrset: RRset): void {
    let records = this.#static.get(owner);
    if (records === undefined) {
      records = new Map();
      this.#static.set(owner, records);
      if (!this.#hosts.has(owner)) this.#count(owner, 1);
    }
    records.set(rrset.type, rrset);
  }

  removeRRset(owner: Name, type: number): void {
    const records = this.#static.get(owner);
    if (records?.delete(type) !== true || records.size > 0) return;
    this.#static.delete(owner);
    if (!this.#hosts.has(owner)) this.#count(owner, -1);
  }

  #wildcardHost(name: Name): Host | undefined {
    if (!isWildcard(name)) return undefined;
    const host = this.#hosts.get(parentOf(name)!);
    return host?.wildcard === true ? host : undefined;
  }

  #count(owner: Name, step: 1 | -1): void {
    // A label directly below the apex has no ancestor to count, which is the usual host.
    let ancestors = labelCount(owner) - labelCount(this.apex) - 1;
    for (let name = parentOf(owner); ancestors > 0; ancestors--, name = parentOf(name!)) {
      const count = (this.#below.get(name!) ?? 0) + step;
      if (count === 0) this.#below.delete(name!);
      else this.#below.set(name!, count);
    }
  }
}

class OwnerNode implements ZoneNode {
  readonly #records: ReadonlyMap<number, RRset> | undefined;
  readonly #host: HostAddresses | undefined;
  readonly #soa: RRset | undefined;

  constructor(
    records: ReadonlyMap<number, RRset> | undefined,
    host: HostAddresses | undefined,
    soa: RRset | undefined,
  ) {
    this.#records = records;
    this.#host = host;
    this.#soa = soa;
  }

  rrset(type: number): RRset | undefined {
    if (type === RRTYPE.A && this.#host !== undefined)
      return addressRRset(type, this.#host.ttl, this.#host.ipv4);
    if (type === RRTYPE.AAAA && this.#host !== undefined)
      return addressRRset(type, this.#host.ttl, this.#host.ipv6);
    if (type === RRTYPE.SOA) return this.#soa;
    return this.#records?.get(type);
  }

  *rrsets(): Iterable<RRset> {
    for (const type of [RRTYPE.SOA, RRTYPE.A, RRTYPE.AAAA]) {
      const rrset = this.rrset(type);
      if (rrset !== undefined) yield rrset;
    }
    for (const rrset of this.#records?.values() ?? []) {
      if (rrset.type !== RRTYPE.A && rrset.type !== RRTYPE.AAAA) yield rrset;
    }
  }
}

function addressRRset(type: number, ttl: number, address: IpAddress | null): RRset | undefined {
  return address === null ? undefined : { type, ttl, rdata: [addressBytes(address)] };
}

/** The SOA RRset of a zone (RFC 1035 §3.3.13). */
function soaRRset({ soa, serial }: ZoneSettings): RRset {
  const names = Buffer.from(soa.mname + soa.rname, 'latin1');
  const rdata = Buffer.alloc(names.length + 20);
  names.copy(rdata);
  [serial, soa.refresh, soa.retry, soa.expire, soa.minimum].forEach((value, i) => {
    rdata.writeUInt32BE(value, names.length + i * 4);
  });
  return { type: RRTYPE.SOA, ttl: soa.ttl, rdata: [rdata] };
}
