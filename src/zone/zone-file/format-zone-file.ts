/**
 * The data of a zone as a master file (RFC 1035 §5): the SOA first, then the apex, then every owner in canonical
 * order (RFC 4034 §6.1), one record a line, every name absolute. Invariants: parsing it gives the same data; equal
 * data gives equal text, so that exports can be compared and kept under version control.
 */
import { type Steps, mapInSteps, runAtOnce } from '../../ops/steps.ts';
import { type Name, formatName, labelsOf } from '../name.ts';
import { formatRdata } from '../rdata/rdata.ts';
import { formatRRType } from '../rrtype.ts';
import type { SoaFields } from '../soa.ts';
import type { OwnedRRset } from '../rrset.ts';

/** What a zone file holds. */
export interface ZoneFileContent {
  readonly apex: Name;
  readonly soa: SoaFields;
  readonly serial: number;
  /** Every RRset but the SOA. */
  readonly rrsets: Iterable<OwnedRRset>;
}

/** The zone file, with a line end after each line. The content's RRsets are read in the first step. */
export function* formatZoneFileInSteps({ apex, soa, serial, rrsets }: ZoneFileContent): Steps<string> {
  const times = [serial, soa.refresh, soa.retry, soa.expire, soa.minimum].join(' ');
  const head = [
    `$ORIGIN ${formatName(apex)}`,
    `${formatName(apex)}\t${soa.ttl}\tIN\tSOA\t${formatName(soa.mname)} ${formatName(soa.rname)} ${times}`,
  ];
  const keyed = yield* mapInSteps([...rrsets], (owned) => ({ owned, key: sortKey(owned.owner) }));
  keyed.sort((a, b) => compare(a.key, b.key) || a.owned.rrset.type - b.owned.rrset.type);
  const lines = yield* mapInSteps(keyed, ({ owned }) => recordLines(owned));
  return [...head, ...lines.flat()].join('\n') + '\n';
}

/** As `formatZoneFileInSteps`, at once. */
export function formatZoneFile(content: ZoneFileContent): string {
  return runAtOnce(formatZoneFileInSteps(content));
}

function recordLines({ owner, rrset }: OwnedRRset): string[] {
  const prefix = `${formatName(owner)}\t${rrset.ttl}\tIN\t${formatRRType(rrset.type)}\t`;
  return rrset.rdata.map((rdata) => prefix + formatRdata(rrset.type, rdata));
}

/** Text that sorts as the name does: labels from the root, ended by what is less than every octet of a label. */
function sortKey(name: Name): string {
  return labelsOf(name)
    .reverse()
    .map((label) => label.replace(/[\0\x01]/g, '\x01$&') + '\0')
    .join('');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
