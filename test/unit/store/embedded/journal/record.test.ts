/** Records and the lines they stand on. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readLines } from '../../../../../src/store/embedded/journal/line-reader.ts';
import { runAtOnce } from '../../../../../src/ops/steps.ts';
import {
  decodeRecord,
  encodeCommit,
  encodeProbe,
  encodeSegmentHeader,
  findRecord,
  splitCommit,
  unframe,
} from '../../../../../src/store/embedded/journal/record.ts';
import type { Change } from '../../../../../src/store/change.ts';
import { account, anyCommit, token } from '../../../../contract/store-samples.ts';
import { dataDirectory } from '../data-directory.ts';

const AT = '2026-01-02T03:04:05.678Z';

/** A record without its newline. */
function line(record: Buffer): Buffer {
  assert.equal(record.indexOf(0x0a), record.length - 1, 'a record is one line');
  return record.subarray(0, -1);
}

/** The record of a commit in one piece. */
function commitRecord(...commit: Parameters<typeof encodeCommit>): Buffer {
  return Buffer.concat(runAtOnce(encodeCommit(...commit)));
}

test('a large commit is written in pieces that make one record', () => {
  const label = 'x'.repeat(1000);
  const changes = Array.from({ length: 5000 }, (_, i): Change => ({
    kind: 'token-put',
    token: token(`t${i}`, { label }),
  }));
  assert.ok(runAtOnce(encodeCommit(4, AT, changes)).length > 3);
  const json = unframe(line(commitRecord(4, AT, changes)));
  const record = decodeRecord(json!);
  assert.ok(record.ok && record.value.kind === 'commit' && record.value.changes.length === 5000);
  assert.equal(runAtOnce(encodeCommit(4, AT, changes.slice(0, 10))).length, 1);
});

test('a commit is one line whatever it holds, and reads back', () => {
  fc.assert(
    fc.property(anyCommit, fc.nat(), (changes, sequence) => {
      const json = unframe(line(commitRecord(sequence, AT, changes)));
      const record = decodeRecord(json!);
      assert.ok(record.ok && record.value.kind === 'commit');
      assert.deepEqual([record.value.sequence, record.value.changes.length], [sequence, changes.length]);
    }),
  );
});

test('a commit that is split is the one that is decoded, however its head is damaged', () => {
  const whole = JSON.stringify({ sequence: 4711, at: AT, changes: [{ kind: 'token-remove', id: 't1' }] });
  const split = splitCommit(Buffer.from(whole));
  assert.deepEqual([split?.sequence, split?.changes.toString()], [4711, '{"kind":"token-remove","id":"t1"}']);
  const edit = fc.tuple(
    fc.nat(90),
    fc.nat(2),
    fc.string({ maxLength: 2, unit: fc.constantFrom(...Array.from('019"\\:,-AZa{}[]')) }),
  );
  fc.assert(
    fc.property(edit, ([at, removed, added]) => {
      const json = Buffer.from(whole.slice(0, at) + added + whole.slice(at + removed));
      const [quick, slow] = [splitCommit(json), decodeRecord(json)];
      if (quick === undefined || !slow.ok) return;
      assert.ok(slow.value.kind === 'commit');
      assert.equal(quick.sequence, slow.value.sequence);
      assert.deepEqual(JSON.parse(`[${quick.changes.toString()}]`), slow.value.changes);
    }),
    { numRuns: 2000 },
  );
});

test('a record with any one bit changed, or any end missing, is none', () => {
  const whole = line(commitRecord(7, AT, [{ kind: 'account-put', account: account('ann') }]));
  for (let at = 0; at < whole.length; at++) {
    assert.equal(unframe(whole.subarray(0, at)), undefined);
    for (let bit = 0; bit < 8; bit++) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 1 << bit;
      assert.equal(unframe(damaged), undefined, `byte ${at}, bit ${bit}`);
    }
  }
});

test('headers and probes read back; an unknown kind of record does not', () => {
  const header = {
    kind: 'segment',
    sequence: 3,
    format: 1,
    number: 2,
    previous: { number: 1, bytes: 9 },
  } as const;
  assert.deepEqual(decodeRecord(unframe(line(encodeSegmentHeader(header, AT)))!), {
    ok: true,
    value: header,
  });
  const probe = encodeProbe(3, AT, 5_000);
  assert.ok(probe.length > 5_000);
  assert.deepEqual(decodeRecord(unframe(line(probe))!), { ok: true, value: { kind: 'probe', sequence: 3 } });
  for (const json of [
    '{}',
    '[]',
    'x',
    `{"sequence":1,"at":"${AT}"}`,
    `{"sequence":1,"at":"","probe":"","x":1}`,
  ]) {
    assert.equal(decodeRecord(Buffer.from(json)).ok, false, json);
  }
});

test('a whole record is found within damaged bytes, and one that is only quoted is not', () => {
  const record = line(commitRecord(8, AT, []));
  for (const before of ['x', '12', 'x 4', '}]}\0', '1 00000000 {"sequence":']) {
    const bytes = Buffer.concat([Buffer.from(before), record, Buffer.from('rest')]);
    assert.equal(findRecord(bytes, 1), before.length, before);
  }
  assert.equal(findRecord(record, 1), undefined, 'the record itself begins before');
  assert.equal(findRecord(record.subarray(0, -1), 0), undefined);
  const label = record.toString();
  const quoting = commitRecord(9, AT, [{ kind: 'token-put', token: token('t', { label }) }]);
  assert.equal(findRecord(quoting.subarray(0, -3), 1), undefined);
});

test('lines have exact offsets, across chunks and however long', async () => {
  await using data = await dataDirectory();
  const file = join(data.path, 'lines');
  const lengths = [0, 1, 1_048_575, 3_000_000, 0, 10];
  const text = lengths.map((length, i) => String(i % 10).repeat(length)).join('\n');
  await writeFile(file, text);
  const seen: [number, number, boolean][] = [];
  let at = 0;
  const onLine = ({
    bytes,
    start,
    end,
    whole,
  }: Parameters<Parameters<typeof readLines>[0]['onLine']>[0]): boolean => {
    assert.equal(bytes.toString('latin1'), text.slice(at, at + bytes.length));
    seen.push([bytes.length, start, whole]);
    assert.equal(end, start + bytes.length + (whole ? 1 : 0));
    at = end;
    return true;
  };
  assert.equal(await readLines({ path: file, onLine }), text.length);
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, length) => sum + length + 1, 0));
  assert.deepEqual(
    seen,
    lengths.map((length, i) => [length, starts[i], i < lengths.length - 1]),
  );
  let lines = 0;
  await readLines({ path: file, end: 4, onLine: () => ++lines < 10 });
  assert.equal(lines, 3, 'stops at the end it is given: an empty line, "1", and what follows it');
});
