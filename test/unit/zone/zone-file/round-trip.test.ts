import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Name, formatName, parseName } from '../../../../src/zone/name.ts';
import { parseRdata } from '../../../../src/zone/rdata/rdata.ts';
import { RRTYPE } from '../../../../src/zone/rrtype.ts';
import { validateRRset } from '../../../../src/zone/validate-rrset.ts';
import { type ZoneFileContent, formatZoneFile } from '../../../../src/zone/zone-file/format-zone-file.ts';
import { parseZoneFile } from '../../../../src/zone/zone-file/parse-zone-file.ts';
import type { OwnedRRset } from '../../../../src/zone/rrset.ts';
import { RDATA, anyName, bytesOf, nameIn } from '../arbitraries.ts';

const APEX = parseName('dyn.test')!;
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const ttl = fc.integer({ min: 0, max: 0x7fff_ffff });

function rrsetOf(type: number, owner: fc.Arbitrary<Name>): fc.Arbitrary<OwnedRRset> {
  return fc
    .tuple(owner, ttl, fc.array(RDATA.get(type)!, { minLength: 1, maxLength: 3 }))
    .map(([owner, ttl, wire]) => {
      const single = type === RRTYPE.CNAME || type === RRTYPE.DNAME;
      const rrset = validateRRset(type, ttl, (single ? wire.slice(0, 1) : wire).map(bytesOf));
      assert.ok(rrset.ok);
      return { owner, rrset: rrset.value };
    });
}

/** Keeps one RRset of a type at a name, and a CNAME only where it stands alone. */
function compatible(rrsets: readonly OwnedRRset[]): OwnedRRset[] {
  const kept: OwnedRRset[] = [];
  for (const each of rrsets) {
    const here = kept.filter(({ owner }) => owner === each.owner).map(({ rrset }) => rrset.type);
    const alias = each.rrset.type === RRTYPE.CNAME;
    if (alias ? here.length > 0 || each.owner === APEX : here.includes(RRTYPE.CNAME)) continue;
    if (!here.includes(each.rrset.type)) kept.push(each);
  }
  return kept;
}

const storable = [...RDATA.keys()].filter((type) => type !== RRTYPE.SOA);
const content: fc.Arbitrary<ZoneFileContent> = fc
  .record({
    soa: fc.record({
      mname: anyName,
      rname: anyName,
      refresh: u32,
      retry: u32,
      expire: u32,
      minimum: u32,
      ttl,
    }),
    serial: u32,
    ns: rrsetOf(RRTYPE.NS, fc.constant(APEX)),
    others: fc.array(
      fc.constantFrom(...storable).chain((type) => rrsetOf(type, nameIn(['dyn', 'test']))),
      { maxLength: 12 },
    ),
  })
  .map(({ soa, serial, ns, others }) => ({ apex: APEX, soa, serial, rrsets: compatible([ns, ...others]) }));

const inOrder = (rrsets: Iterable<OwnedRRset>): OwnedRRset[] =>
  [...rrsets].sort((a, b) => (a.owner < b.owner ? -1 : a.owner > b.owner ? 1 : a.rrset.type - b.rrset.type));

test('a zone file gives back the data it was made of, and then the same text', () => {
  fc.assert(
    fc.property(content, (content) => {
      const text = formatZoneFile(content);
      const data = parseZoneFile(text, APEX);
      assert.ok(data.ok, data.ok ? '' : `${data.line}:${data.column} ${data.reason}\n${text}`);
      assert.deepEqual(data.soa, { ...content.soa });
      assert.equal(data.serial, content.serial);
      assert.deepEqual(inOrder(data.rrsets), inOrder(content.rrsets));
      assert.equal(formatZoneFile({ apex: APEX, ...data }), text);
    }),
    { numRuns: 300 },
  );
});

test('reading never throws, whatever the file holds', () => {
  const piece = fc.constantFrom(
    ...[
      '\n',
      ' ',
      '\t',
      '(',
      ')',
      '"',
      ';',
      '\\',
      '\\000',
      '@',
      '.',
      '$TTL 60\n',
      '$ORIGIN a\n',
      'A',
      'TXT',
      'IN',
      '60',
    ],
    ...[
      '192.0.2.1',
      'dyn.test.',
      '@ 60 SOA a b 1 2 3 4 5\n',
      '@ 60 NS a\n',
      '\\# 0',
      'CNAME',
      '\u00e9',
      '\0',
    ],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join('');
      const data = parseZoneFile(text, APEX);
      if (data.ok) return;
      const lines = text.split('\n');
      assert.ok(data.line >= 1 && data.line <= lines.length && data.reason !== '');
      assert.ok(data.column >= 1 && data.column <= lines[data.line - 1]!.length + 1);
    }),
    { numRuns: 5000 },
  );
});

test('the SOA comes first, then the apex, then owners in canonical order', () => {
  const text =
    '$TTL 60\n@ SOA a. b. 1 2 3 4 5\n@ NS a.\nz TXT z\n*.z TXT w\na.z TXT a\nb TXT b\n\\001 TXT 1\n@ A 192.0.2.1\n';
  const data = parseZoneFile(text, APEX);
  assert.ok(data.ok);
  const owners = formatZoneFile({ apex: APEX, ...data })
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/\s.*?(\w+)\t[^\t]*$/, ' $1'));
  assert.deepEqual(owners, [
    '$ORIGIN dyn.test.',
    'dyn.test. SOA',
    'dyn.test. A',
    'dyn.test. NS',
    '\\001.dyn.test. TXT',
    'b.dyn.test. TXT',
    'z.dyn.test. TXT',
    '*.z.dyn.test. TXT',
    'a.z.dyn.test. TXT',
  ]);
});

test('BIND loads what is exported and reads the same records', (t) => {
  if (spawnSync('named-compilezone', ['-v']).error !== undefined) {
    t.skip('needs named-compilezone');
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'homing-zone-file-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const source = join(folder, 'source');
  const compiled = join(folder, 'compiled');
  // Of these types BIND takes all that is well formed; of the others it also judges what the octets mean.
  const types = [
    RRTYPE.A,
    RRTYPE.AAAA,
    RRTYPE.CNAME,
    RRTYPE.TXT,
    RRTYPE.SRV,
    RRTYPE.CAA,
    RRTYPE.MX,
    RRTYPE.PTR,
  ];
  const sample = fc.sample(
    fc.array(
      fc.constantFrom(...types).chain((type) => rrsetOf(type, nameIn(['dyn', 'test']))),
      { minLength: 200, maxLength: 200 },
    ),
    { numRuns: 1, seed: 20261122 },
  )[0]!;
  const soa = {
    mname: parseName('ns1.example')!,
    rname: parseName('host\\.master.example')!,
    refresh: 3600,
    retry: 900,
    expire: 604800,
    minimum: 60,
    ttl: 300,
  };
  const ns = validateRRset(RRTYPE.NS, 300, [bytesOf(soa.mname)]);
  assert.ok(ns.ok);
  const meaningful = [
    [
      RRTYPE.HTTPS,
      '1 . mandatory=port,alpn alpn="h2,h3" port=8443 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1 key667="x y"',
    ],
    [RRTYPE.HTTPS, '0 example.org.'],
    [RRTYPE.NAPTR, '100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .'],
    [RRTYPE.TLSA, `3 1 1 ${'AB'.repeat(32)}`],
    [RRTYPE.SSHFP, `4 2 ${'CD'.repeat(32)}`],
    [RRTYPE.DS, `60485 8 2 ${'EF'.repeat(32)}`],
    [RRTYPE.URI, '10 1 "https://example.org/"'],
    [RRTYPE.RP, 'a. b.'],
    [RRTYPE.OPENPGPKEY, 'aGVsbG8='],
    [65280, '\\# 3 ABCDEF'],
  ] as const;
  const fixed = meaningful.map(([type, text], i) => {
    const rdata = parseRdata(type, text, APEX);
    assert.ok(rdata.ok);
    const rrset = validateRRset(type, 60, [rdata.value]);
    assert.ok(rrset.ok);
    return { owner: parseName(`fixed${i}`, APEX)!, rrset: rrset.value };
  });
  const rrsets = compatible([{ owner: APEX, rrset: ns.value }, ...fixed, ...sample]);
  const exported = formatZoneFile({ apex: APEX, soa, serial: 7, rrsets });
  writeFileSync(source, exported);
  const args = [
    '-i',
    'none',
    '-k',
    'ignore',
    '-n',
    'ignore',
    '-m',
    'ignore',
    '-M',
    'ignore',
    '-S',
    'ignore',
    '-r',
    'ignore',
    '-s',
    'full',
  ];
  const run = spawnSync('named-compilezone', [...args, '-o', compiled, formatName(APEX), source], {
    encoding: 'utf8',
  });
  assert.equal(run.status, 0, run.stdout + run.stderr);
  const data = parseZoneFile(readFileSync(compiled, 'utf8'), APEX);
  assert.ok(data.ok, data.ok ? '' : `${data.line}: ${data.reason}`);
  const sets = (all: readonly OwnedRRset[]): OwnedRRset[] =>
    inOrder(all).map(({ owner, rrset }) => ({
      owner,
      rrset: { ...rrset, rdata: [...rrset.rdata].sort((a, b) => Buffer.compare(a, b)) },
    }));
  assert.deepEqual(sets(data.rrsets), sets(rrsets));
});
