/**
 * One name of a zone as resolution reads it, from the rows when it is asked: nothing is made but the RRsets asked for.
 *
 * Invariants: no type is given twice; where a host's addresses are the name's, static A and AAAA records are not. Valid
 * until the next change of the zone.
 */
import { addressBytes } from '../../net/ip-address.ts';
import type { RRset } from '../rrset.ts';
import { RRTYPE } from '../rrtype.ts';
import type { ZoneNode } from '../zone-view.ts';
import type { Nodes } from './nodes.ts';

/** A name that exists and owns nothing: an empty non-terminal. */
export const EMPTY_NODE: ZoneNode = { rrset: () => undefined, rrsets: () => [] };

/** A name that is the owner of something, or that a host's wildcard stands for. */
export class OwnerNode implements ZoneNode {
  readonly #nodes: Nodes;
  /** -1 where the name has no node of its own. */
  readonly #id: number;
  /** The node whose host's addresses these are, or -1. */
  readonly #host: number;
  readonly #soa: RRset | undefined;

  /** The SOA RRset is given for the apex only. */
  constructor(nodes: Nodes, { id, host }: { id: number; host: number }, soa: RRset | undefined) {
    this.#nodes = nodes;
    this.#id = id;
    this.#host = host;
    this.#soa = soa;
  }

  rrset(type: number): RRset | undefined {
    if (this.#host !== -1 && (type === RRTYPE.A || type === RRTYPE.AAAA)) return this.#addressRRset(type);
    if (type === RRTYPE.SOA) return this.#soa;
    return this.#id === -1 || !this.#nodes.hasRecords(this.#id)
      ? undefined
      : this.#nodes.records(this.#id).find(type);
  }

  *rrsets(): Iterable<RRset> {
    for (const type of [RRTYPE.SOA, RRTYPE.A, RRTYPE.AAAA]) {
      const rrset = this.rrset(type);
      if (rrset !== undefined) yield rrset;
    }
    if (this.#id === -1) return;
    for (const cursor = this.#nodes.records(this.#id); cursor.type !== -1;) {
      if (cursor.type === RRTYPE.A || cursor.type === RRTYPE.AAAA) cursor.skip();
      else yield cursor.take();
    }
  }

  #addressRRset(type: number): RRset | undefined {
    const address = type === RRTYPE.A ? this.#nodes.ipv4(this.#host) : this.#nodes.ipv6(this.#host);
    if (address === null) return undefined;
    return { type, ttl: this.#nodes.ttl(this.#host), rdata: [addressBytes(address)] };
  }
}
