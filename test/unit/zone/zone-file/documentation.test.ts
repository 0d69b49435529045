import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { codecOf } from '../../../../src/zone/rdata/registry.ts';
import { OWNER_LIMITS, RRSET_LIMITS } from '../../../../src/zone/rrset.ts';
import { formatRRType } from '../../../../src/zone/rrtype.ts';
import { MAX_TTL } from '../../../../src/zone/ttl.ts';
import { RDATA } from '../arbitraries.ts';

const text = readFileSync(new URL('../../../../docs/operations/zone-files.md', import.meta.url), 'utf8');
const known = Array.from({ length: 0x10000 }, (_, type) => type).filter(
  (type) => codecOf(type) !== undefined,
);

test('clause 1.1 lists exactly the types that have a text form', () => {
  const listed = Array.from(text.matchAll(/^\| ([A-Z]+) +\| (\d+) /gm), ([, name, number]) => [
    name,
    Number(number),
  ]);
  assert.deepEqual(
    listed,
    known.map((type) => [formatRRType(type), type]),
  );
});

test('each of them is held to its round trip', () => {
  assert.deepEqual(
    [...RDATA.keys()].sort((a, b) => a - b),
    known,
  );
});

test('the limits are those of the code', () => {
  assert.ok(text.includes(`at most ${RRSET_LIMITS.records} records and ${RRSET_LIMITS.bytes} octets`));
  assert.ok(text.includes(`records of at most ${OWNER_LIMITS.types} types`));
  assert.ok(text.includes(`A\nTTL is at most ${MAX_TTL}`));
});
