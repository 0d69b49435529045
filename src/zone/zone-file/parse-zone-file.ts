/**
 * A whole master file as the data of a zone (RFC 1035 §5.2).
 *
 * Invariants of what passes: one SOA, at the apex; NS there; a CNAME alone at its name (RFC 1034 §3.6.2); one TTL
 * for each RRset (RFC 2181 §5.2); every RRset valid. The first error refuses the file; nothing is half imported.
 */
import { type Steps, runAtOnce } from '../../ops/steps.ts';
import { type Name, formatName, isSubdomain, nameFromWire } from '../name.ts';
import { decodeNumber, nameEnd } from '../rdata/fields.ts';
import { namesInRdata } from '../rdata/rdata.ts';
import { OWNER_LIMITS, type OwnedRRset, type RRset } from '../rrset.ts';
import { RRTYPE, formatRRType } from '../rrtype.ts';
import { MAX_TTL } from '../ttl.ts';
import { validateRRset } from '../validate-rrset.ts';
import type { SoaFields } from '../soa.ts';
import { type Misplaced, positionOf } from './entry-reader.ts';
import { RecordReader, type ZoneFileRecord } from './record-reader.ts';

/** The data of a zone file; `warnings` are sentences for people about what was changed or looks wrong. */
export interface ZoneFileData {
  readonly ok: true;
  readonly soa: SoaFields;
  readonly serial: number;
  /** Every RRset but the SOA, owners in the order of the file. */
  readonly rrsets: readonly OwnedRRset[];
  /** How many records the zone then has, with the SOA and without duplicates. */
  readonly records: number;
  readonly warnings: readonly string[];
}

/** Why a zone file was refused; line and column count from 1. */
export interface ZoneFileFailure {
  readonly ok: false;
  readonly line: number;
  readonly column: number;
  readonly reason: string;
}

/** The data of a zone file, or where it is wrong first. */
export type ParsedZoneFile = ZoneFileData | ZoneFileFailure;

interface PendingRRset {
  readonly at: number;
  readonly type: number;
  ttl: number;
  readonly rdata: Uint8Array[];
}

const MAX_WARNINGS = 20;
const RECORDS_PER_STEP = 500;

/** Reads a zone file for the zone at `apex`, which is the first origin too. Pure; about ten seconds for a million records. */
export function parseZoneFile(text: string, apex: Name): ParsedZoneFile {
  return runAtOnce(parseZoneFileInSteps(text, apex));
}

/**
 * As `parseZoneFile`, but yields after every few milliseconds of work, so that a server can do others' in between.
 * `onRead` hears now and then how many records were read.
 */
export function* parseZoneFileInSteps(
  text: string,
  apex: Name,
  onRead?: (records: number) => void,
): Steps<ParsedZoneFile> {
  const reader = new RecordReader(text, apex);
  const contents = new Contents(text, apex);
  let work = 0;
  for (let record = reader.next(); record !== undefined; record = reader.next()) {
    const wrong = 'reason' in record ? record : contents.add(record);
    if (wrong !== undefined) return failure(text, wrong);
    if (++work % RECORDS_PER_STEP !== 0) continue;
    onRead?.(work);
    yield;
  }
  const data: OwnedRRset[] = [];
  const wrong = contents.checkApex();
  if (wrong !== undefined) return failure(text, wrong);
  for (const [owner, pending] of contents.owners()) {
    const rrsets = contents.finish(owner, pending);
    if (!Array.isArray(rrsets)) return failure(text, rrsets);
    data.push(...rrsets);
    if (++work % RECORDS_PER_STEP === 0) yield;
  }
  return contents.result(data);
}

/** What was read so far, by owner. */
class Contents {
  readonly #text: string;
  readonly #apex: Name;
  readonly #owners = new Map<Name, PendingRRset[]>();
  readonly #warnings: string[] = [];
  #signatures = 0;
  #duplicates = 0;
  #unmentioned = 0;

  constructor(text: string, apex: Name) {
    this.#text = text;
    this.#apex = apex;
  }

  owners(): Iterable<readonly [Name, readonly PendingRRset[]]> {
    return this.#owners;
  }

  add(record: ZoneFileRecord): Misplaced | undefined {
    const { at, owner, type, rdata } = record;
    if (rdata === null) {
      this.#signatures++;
      return undefined;
    }
    if (type === RRTYPE.SOA && owner !== this.#apex)
      return { at, reason: `a SOA record belongs to the apex, ${formatName(this.#apex)}` };
    const ttl = record.ttl ?? this.#negativeTtl(at, rdata);
    let pending = this.#owners.get(owner);
    if (pending === undefined) this.#owners.set(owner, (pending = []));
    const rrset = pending.find((other) => other.type === type);
    if (rrset === undefined) {
      if (pending.length === OWNER_LIMITS.types)
        return { at, reason: `${formatName(owner)} has records of over ${OWNER_LIMITS.types} types` };
      pending.push({ at, type, ttl, rdata: [rdata] });
      return undefined;
    }
    if (rrset.ttl !== ttl) {
      const lowest = Math.min(rrset.ttl, ttl);
      this.#warn(
        at,
        `${formatName(owner)} ${formatRRType(type)} has several TTLs: the lowest, ${lowest}, is taken`,
      );
      rrset.ttl = lowest;
    }
    rrset.rdata.push(rdata);
    return undefined;
  }

  checkApex(): Misplaced | undefined {
    const apex = this.#owners.get(this.#apex) ?? [];
    const at = apex[0]?.at ?? 0;
    const name = formatName(this.#apex);
    if (!apex.some(({ type }) => type === RRTYPE.SOA)) return { at, reason: `${name} has no SOA record` };
    const ns = apex.find(({ type }) => type === RRTYPE.NS);
    if (ns === undefined) return { at, reason: `${name} has no NS record` };
    for (const target of ns.rdata.flatMap((rdata) => namesInRdata(RRTYPE.NS, rdata))) {
      const inZone = isSubdomain(target, this.#apex);
      const addressed = this.#owners
        .get(target)
        ?.some(({ type }) => type === RRTYPE.A || type === RRTYPE.AAAA);
      if (inZone && addressed !== true)
        this.#warn(ns.at, `the name server ${formatName(target)} has no address here`);
    }
    return undefined;
  }

  finish(owner: Name, pending: readonly PendingRRset[]): OwnedRRset[] | Misplaced {
    const rrsets: OwnedRRset[] = [];
    const alias = pending.find(({ type }) => type === RRTYPE.CNAME);
    const beside = pending.find((other) => other !== alias);
    if (alias !== undefined && beside !== undefined) {
      const reason = `${formatName(owner)} has a CNAME record and others too: an alias stands alone`;
      return { at: Math.max(alias.at, beside.at), reason };
    }
    for (const { at, type, ttl, rdata } of pending) {
      const rrset = validateRRset(type, ttl, rdata);
      if (!rrset.ok) return { at, reason: `${formatName(owner)} ${rrset.reason}` };
      this.#duplicates += rdata.length - rrset.value.rdata.length;
      rrsets.push({ owner, rrset: rrset.value });
    }
    return rrsets;
  }

  result(data: readonly OwnedRRset[]): ZoneFileData {
    const soa = data.find(({ rrset }) => rrset.type === RRTYPE.SOA)!.rrset;
    const warnings = [...this.#warnings];
    if (this.#unmentioned > 0) warnings.push(`${this.#unmentioned} more of these`);
    if (this.#duplicates > 0) warnings.push(`${this.#duplicates} duplicate records were dropped`);
    if (this.#signatures > 0)
      warnings.push(`${this.#signatures} DNSSEC records were left out: they are made when a zone is signed`);
    const records = data.reduce((sum, { rrset }) => sum + rrset.rdata.length, 0);
    const rrsets = data.filter(({ rrset }) => rrset !== soa);
    return { ok: true, ...decodeSoa(soa), rrsets, records, warnings };
  }

  /** The TTL of a SOA record without one: its last field, as every name server takes it. */
  #negativeTtl(at: number, soa: Uint8Array): number {
    const ttl = Math.min(MAX_TTL, decodeNumber(Buffer.from(soa).toString('latin1'), soa.length - 4, 4));
    this.#warn(at, `no TTL for the SOA record: its negative caching time, ${ttl}, is taken`);
    return ttl;
  }

  #warn(at: number, reason: string): void {
    if (this.#warnings.length === MAX_WARNINGS) this.#unmentioned++;
    else this.#warnings.push(`line ${positionOf(this.#text, at).line}: ${reason}`);
  }
}

function failure(text: string, { at, reason }: Misplaced): ZoneFileFailure {
  return { ok: false, ...positionOf(text, at), reason };
}

function decodeSoa({ ttl, rdata }: RRset): { readonly soa: SoaFields; readonly serial: number } {
  const wire = Buffer.from(rdata[0]!).toString('latin1');
  const rnameAt = nameEnd(wire, 0)!;
  const numbersAt = nameEnd(wire, rnameAt)!;
  const [serial, refresh, retry, expire, minimum] = [0, 4, 8, 12, 16].map((offset) =>
    decodeNumber(wire, numbersAt + offset, 4),
  ) as [number, number, number, number, number];
  const mname = nameFromWire(wire.slice(0, rnameAt));
  const rname = nameFromWire(wire.slice(rnameAt, numbersAt));
  return { soa: { mname, rname, refresh, retry, expire, minimum, ttl }, serial };
}
