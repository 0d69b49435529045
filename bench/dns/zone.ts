/**
 * What is asked for in the benchmarks of DNS: the data directory of Homing, the same records as a zone file for its
 * peers, and files of questions for dnsperf. Invariant: the same scale gives the same questions in the same order.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseIpAddress, addressBytes } from '../../src/net/ip-address.ts';
import { writeDocument } from '../../src/store/embedded/fold/fold.ts';
import { SNAPSHOT_NAME } from '../../src/store/embedded/snapshot.ts';
import { RRTYPE } from '../../src/zone/rrtype.ts';
import { APEX, createState, firstAddress, nameOf } from '../provision.ts';

/** How many questions a file holds; dnsperf begins anew at its end. */
const QUESTIONS = 200_000;

/** How many names there are of each kind that only the general lane answers. */
const OTHERS = 1000;

interface Kind {
  readonly letter: string;
  readonly type: number;
  readonly word: string;
  readonly rdata: (i: number) => readonly Uint8Array[];
  readonly text: (i: number) => readonly string[];
}

const address = (text: string): Uint8Array => addressBytes(parseIpAddress(text)!);
const wire = (label: string): Uint8Array => Buffer.from(nameOf(label), 'latin1');

const KINDS: readonly Kind[] = [
  {
    letter: 'm',
    type: RRTYPE.MX,
    word: 'MX',
    rdata: (i) => [10, 20].map((n) => Buffer.concat([Uint8Array.of(0, n), wire(`h${i + n}`)])),
    text: (i) => [10, 20].map((n) => `${n} h${i + n}`),
  },
  {
    letter: 't',
    type: RRTYPE.TXT,
    word: 'TXT',
    rdata: (i) => [Buffer.from(`\x0dv=spf1 a -all\x06${String(i).padStart(6, '0')}`, 'latin1')],
    text: (i) => [`"v=spf1 a -all" "${String(i).padStart(6, '0')}"`],
  },
  {
    letter: 'a',
    type: RRTYPE.A,
    word: 'A',
    rdata: (i) => [1, 2, 3].map((n) => address(`10.${n}.${i >> 8}.${i & 255}`)),
    text: (i) => [1, 2, 3].map((n) => `10.${n}.${i >> 8}.${i & 255}`),
  },
  {
    letter: 'c',
    type: RRTYPE.CNAME,
    word: 'CNAME',
    rdata: (i) => [wire(`h${i}`)],
    text: (i) => [`h${i}`],
  },
];

/** A data directory of the zone with so many hosts and the other records. */
export async function writeData(directory: string, hosts: number): Promise<void> {
  const { state } = createState(hosts);
  const apex = nameOf('');
  for (const { letter, type, rdata } of KINDS) {
    for (let i = 0; i < OTHERS; i++) {
      const rrset = { type, ttl: 60, rdata: rdata(i) };
      state.applyChange({ kind: 'rrset-put', apex, owner: nameOf(`${letter}${i}`), rrset });
    }
  }
  const everything = { type: RRTYPE.A, ttl: 60, rdata: [address('10.9.9.9')] };
  state.applyChange({ kind: 'rrset-put', apex, owner: nameOf('*.w'), rrset: everything });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  await writeDocument(join(directory, SNAPSHOT_NAME), { savedAt: new Date().toISOString(), state });
}

/** The same zone as a file in presentation format (RFC 1035 §5). */
export function writeZoneFile(path: string, hosts: number): void {
  const octets = (i: number): string => [...Buffer.from(firstAddress(i), 'latin1')].join('.');
  const lines = Array.from({ length: hosts }, (_, i) => `h${i} IN A ${octets(i)}\n`);
  for (const { letter, word, text } of KINDS) {
    for (let i = 0; i < OTHERS; i++)
      for (const rdata of text(i)) lines.push(`${letter}${i} IN ${word} ${rdata}\n`);
  }
  const head =
    '@ IN SOA ns1 hostmaster 1 3600 600 86400 60\n@ IN NS ns1\nns1 IN A 127.0.0.1\n*.w IN A 10.9.9.9\n';
  writeFileSync(path, `$ORIGIN ${APEX}.\n$TTL 60\n${head}${lines.join('')}`);
}

/** Questions for A of hosts, of which `miss` percent ask for a name that does not exist. */
export function writeHostQuestions(path: string, { hosts, miss }: { hosts: number; miss: number }): void {
  const next = randomOrder();
  write(path, (i) => `${(i * 61) % 100 < miss ? 'nx' : 'h'}${next() % hosts}.${APEX} A\n`);
}

/** Questions that the fast lane leaves to the general one: each kind of record, and names made by a wildcard. */
export function writeOtherQuestions(path: string): void {
  const next = randomOrder();
  write(path, (i) => {
    const number = next() % OTHERS;
    const kind = KINDS[i % (KINDS.length + 1)];
    if (kind === undefined) return `x${number}.w.${APEX} A\n`;
    return `${kind.letter}${number}.${APEX} ${kind.type === RRTYPE.CNAME ? 'A' : kind.word}\n`;
  });
}

function write(path: string, line: (i: number) => string): void {
  writeFileSync(path, Array.from({ length: QUESTIONS }, (_, i) => line(i)).join(''));
}

/** The same pseudo-random order each time. */
function randomOrder(): () => number {
  let seed = 7;
  return () => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) >>> 8;
}
