/**
 * Resolution in one zone: from a question to the RRsets that answer it. Pure, without headers or bytes.
 *
 * Enforces RFC 1034 §4.3.2 (algorithm), RFC 2308 §3 and §5 (SOA of negative answers), RFC 4592 (wildcards, empty
 * non-terminals), RFC 6672 §3.2 (DNAME), RFC 8482 §4.1 (ANY), RFC 9471 (glue), RFC 4035 §3.1.4.1 (DS at a cut).
 * Invariants: nothing below a cut or outside the zone is ever an answer; the work is bounded by MAX_CHAIN.
 */
import { type Name, isSubdomain, nameFromWire, parentOf, wildcardOf } from './name.ts';
import type { OwnedRRset, RRset } from './rrset.ts';
import { RRTYPE } from './rrtype.ts';
import type { ZoneNode, ZoneView } from './zone-view.ts';

/**
 * What the last name of the chain led to: data (or a chain that leaves the zone, loops or is too long), an existing
 * name without the type, no name, a delegation, or a DNAME substitution longer than 255 octets.
 */
export type ResolutionKind = 'answer' | 'no-data' | 'no-name' | 'referral' | 'name-too-long';

/** The sections of an answer, in order. No RRset stands in more than one place. */
export interface Resolution {
  readonly kind: ResolutionKind;
  /** Whether the first owner of the answer, or the denial, is authoritative data (the AA bit, RFC 1035 §4.1.1). */
  readonly authoritative: boolean;
  readonly answer: readonly OwnedRRset[];
  readonly authority: readonly OwnedRRset[];
  /** Addresses without which the referral cannot be followed; an answer without them is a truncated one. */
  readonly glue: readonly OwnedRRset[];
  /** Addresses that spare the asker a question; they may be left out. */
  readonly additional: readonly OwnedRRset[];
}

/** How many CNAME and DNAME steps one answer follows. */
export const MAX_CHAIN = 16;

type Position =
  | { readonly at: 'node'; readonly node: ZoneNode }
  | ({ readonly at: 'cut' } & OwnedRRset)
  | ({ readonly at: 'dname' } & OwnedRRset)
  | { readonly at: 'nowhere' };

/** Answers a question for a name at or below the zone's apex. */
export function resolve(zone: ZoneView, qname: Name, qtype: number): Resolution {
  const answer: OwnedRRset[] = [];
  const visited = new Set<Name>();
  let name = qname;
  for (;;) {
    visited.add(name);
    const position = descend(zone, name, qtype);
    if (position.at === 'nowhere') return negative(zone, 'no-name', answer);
    if (position.at === 'cut') return referral(zone, position, answer);
    const step = position.at === 'node' ? match(position.node, name, qtype) : redirect(position, name, qtype);
    // A loop of DNAMEs comes back to the same RRset, which must not be repeated (RFC 2181 §5).
    for (const owned of step.rrsets) {
      if (!answer.some((other) => other.owner === owned.owner && other.rrset.type === owned.rrset.type))
        answer.push(owned);
    }
    if (step.next === 'nothing') return negative(zone, 'no-data', answer);
    if (step.next === 'too-long') return { ...EMPTY, kind: 'name-too-long', answer };
    if (step.next === 'done') return { ...EMPTY, answer, additional: nameserverAddresses(zone, answer) };
    name = step.next.name;
    if (!isSubdomain(name, zone.apex) || visited.has(name) || visited.size > MAX_CHAIN)
      return { ...EMPTY, answer };
  }
}

const EMPTY = {
  kind: 'answer',
  authoritative: true,
  answer: [],
  authority: [],
  glue: [],
  additional: [],
} as const satisfies Resolution;

/** From the apex towards the name, until a cut, a DNAME or the end of what exists (RFC 1034 §4.3.2 step 3). */
function descend(zone: ZoneView, name: Name, qtype: number): Position {
  const path: Name[] = [];
  for (let at = name; at !== zone.apex; at = parentOf(at)!) path.push(at);
  let owner = zone.apex;
  let node = zone.node(owner)!;
  for (;;) {
    const cut = owner === zone.apex ? undefined : node.rrset(RRTYPE.NS);
    // The parent side answers for DS at the cut itself (RFC 4035 §3.1.4.1).
    if (cut !== undefined && (path.length > 0 || qtype !== RRTYPE.DS))
      return { at: 'cut', owner, rrset: cut };
    const below = path.pop();
    if (below === undefined) return { at: 'node', node };
    const dname = node.rrset(RRTYPE.DNAME);
    if (dname !== undefined) return { at: 'dname', owner, rrset: dname };
    const next = zone.node(below);
    if (next === undefined) return expandWildcard(zone, owner);
    owner = below;
    node = next;
  }
}

function expandWildcard(zone: ZoneView, closestEncloser: Name): Position {
  const wildcard = wildcardOf(closestEncloser);
  const node = wildcard === undefined ? undefined : zone.node(wildcard);
  return node === undefined ? { at: 'nowhere' } : { at: 'node', node };
}

interface Step {
  readonly rrsets: readonly OwnedRRset[];
  readonly next: 'done' | 'nothing' | 'too-long' | { readonly name: Name };
}

function match(node: ZoneNode, owner: Name, qtype: number): Step {
  const cname = node.rrset(RRTYPE.CNAME);
  if (cname !== undefined && qtype !== RRTYPE.CNAME && qtype !== RRTYPE.ANY) {
    return { rrsets: [{ owner, rrset: cname }], next: { name: targetOf(cname) } };
  }
  const rrset = qtype === RRTYPE.ANY ? firstOf(node.rrsets()) : node.rrset(qtype);
  return rrset === undefined ? { rrsets: [], next: 'nothing' } : { rrsets: [{ owner, rrset }], next: 'done' };
}

/** The DNAME and the CNAME it stands for (RFC 6672 §3.1: same TTL), which is itself what a question for CNAME asks. */
function redirect({ owner, rrset }: OwnedRRset, name: Name, qtype: number): Step {
  const wire = name.slice(0, -owner.length) + targetOf(rrset);
  if (wire.length > 255) return { rrsets: [{ owner, rrset }], next: 'too-long' };
  const target = nameFromWire(wire);
  const cname = { type: RRTYPE.CNAME, ttl: rrset.ttl, rdata: [Buffer.from(target, 'latin1')] };
  return {
    rrsets: [
      { owner, rrset },
      { owner: name, rrset: cname },
    ],
    next: qtype === RRTYPE.CNAME ? 'done' : { name: target },
  };
}

function negative(zone: ZoneView, kind: 'no-data' | 'no-name', answer: OwnedRRset[]): Resolution {
  const ttl = Math.min(zone.soa.ttl, zone.settings.soa.minimum);
  return { ...EMPTY, kind, answer, authority: [{ owner: zone.apex, rrset: { ...zone.soa, ttl } }] };
}

function referral(zone: ZoneView, cut: OwnedRRset, answer: OwnedRRset[]): Resolution {
  const glue: OwnedRRset[] = [];
  const additional: OwnedRRset[] = [];
  for (const nameserver of namesOf(cut.rrset)) {
    // Below any cut of this zone nobody can ask for the address first (RFC 9471 §2.1 and §2.2).
    const needed = isSubdomain(nameserver, zone.apex) && descend(zone, nameserver, RRTYPE.A).at === 'cut';
    (needed ? glue : additional).push(...addresses(zone, nameserver));
  }
  return {
    kind: 'referral',
    authoritative: answer.length > 0,
    answer,
    authority: [{ owner: cut.owner, rrset: cut.rrset }],
    glue,
    additional,
  };
}

function nameserverAddresses(zone: ZoneView, answer: readonly OwnedRRset[]): OwnedRRset[] {
  const last = answer.at(-1);
  if (last?.rrset.type !== RRTYPE.NS) return [];
  return [...namesOf(last.rrset)].flatMap((nameserver) => addresses(zone, nameserver));
}

function addresses(zone: ZoneView, owner: Name): OwnedRRset[] {
  const node = isSubdomain(owner, zone.apex) ? zone.node(owner) : undefined;
  return [RRTYPE.A, RRTYPE.AAAA].flatMap((type) => {
    const rrset = node?.rrset(type);
    return rrset === undefined ? [] : [{ owner, rrset }];
  });
}

/** The distinct names that an RRset of NS, CNAME or DNAME points to. */
function namesOf(rrset: RRset): Set<Name> {
  return new Set(rrset.rdata.map((rdata) => nameFromWire(Buffer.from(rdata).toString('latin1'))));
}

function targetOf(rrset: RRset): Name {
  return nameFromWire(Buffer.from(rrset.rdata[0]!).toString('latin1'));
}

function firstOf<T>(items: Iterable<T>): T | undefined {
  for (const item of items) return item;
  return undefined;
}
