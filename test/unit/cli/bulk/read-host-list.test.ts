import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { HOST_COLUMNS, readHostList } from '../../../../src/cli/bulk/read-host-list.ts';
import type { HostRow } from '../../../../src/update/admin/command.ts';

function read(text: string, pieces = [text.length]): Promise<HostRow[]> {
  const bytes = Buffer.from(text);
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of pieces) chunks.push(bytes.subarray(at, (at += size)));
  chunks.push(bytes.subarray(at));
  return readHostList({ stdin: Readable.from(chunks.filter(({ length }) => length > 0)) }, '-');
}

const A = { fqdn: 'a.dyn.test', account: 'ann' };

test('CSV with and without a first line that names its columns', async () => {
  assert.deepEqual(await read('a.dyn.test,ann\n'), [{ line: 1, ...A }]);
  assert.deepEqual(await read('\ufefffqdn,account\r\n\r\na.dyn.test, ann\r\n'), [{ line: 3, ...A }]);
  assert.deepEqual(await read('TTL,Account,FQDN\n60,ann,a.dyn.test'), [{ line: 2, ...A, ttl: '60' }]);
  assert.deepEqual(await read('"a.dyn.test","ann",,"fd00::1",\n'), [{ line: 1, ...A, ipv6: 'fd00::1' }]);
  assert.deepEqual(await read('a.dyn.test\nb.dyn.test\n'), [
    { line: 1, fqdn: 'a.dyn.test' },
    { line: 2, fqdn: 'b.dyn.test' },
  ]);
  const onPrefix = { prefixOf: 'r.dyn.test', subnet: '3', interfaceId: '::7', mac: '00:11:32:12:34:56' };
  const wanted = [{ line: 2, fqdn: 'a.dyn.test', ...onPrefix }];
  const cells = 'a.dyn.test,r.dyn.test,3,::7,00:11:32:12:34:56\n';
  assert.deepEqual(await read(`FQDN,prefix of,Subnet,interface-id,MAC\n${cells}`), wanted);
  assert.deepEqual(await read(`fqdn,prefixOf,subnet,interfaceId,mac\n${cells}`), wanted);
  assert.deepEqual(await read(JSON.stringify({ fqdn: 'a.dyn.test', ...onPrefix, subnet: 3 })), [
    { ...wanted[0], line: 1 },
  ]);
  assert.deepEqual(await read(''), []);
  assert.deepEqual(await read('\n \n'), []);
});

test('JSON lines', async () => {
  const text =
    '{"fqdn":"a.dyn.test","account":"ann","ttl":60,"ipv4":null}\n\n{"fqdn":"b.dyn.test","ipv6":"fd00::2"}';
  assert.deepEqual(await read(text), [
    { line: 1, ...A, ttl: '60' },
    { line: 3, fqdn: 'b.dyn.test', ipv6: 'fd00::2' },
  ]);
});

for (const [text, message] of [
  ['a.dyn.test,ann,,,60,,,,,more\n', /^line 1, column 10: "more" belongs to no column/],
  ['fqdn,acount\na.dyn.test,ann\n', /^line 1, column 2: "acount" is no column: there are fqdn, account/],
  ['fqdn,fqdn\n', /^line 1, column 2: "fqdn" is no column/],
  ['a.dyn.test,ann\n"b.dyn.test"x,ann\n', /^line 2.*Quote/],
  ['a.dyn.test,ann\n"b.dyn.test,ann\n', /Quote/],
  ['{"fqdn":"a.dyn.test"}\n{"fqdn":\n', /^line 2: it is no JSON object/],
  ['{"fqdn":"a.dyn.test"}\n["b"]\n', /^line 2: it is no JSON object/],
  ['{"fqdn":"a.dyn.test","owner":"x"}\n', /^line 1: "owner" is no key/],
  ['{"fqdn":["a.dyn.test"]}\n', /^line 1: "fqdn" must be text/],
] as const) {
  test(`refused with its place: ${JSON.stringify(text)}`, async () => {
    await assert.rejects(read(text), (error: Error & { exitCode?: number }) => {
      assert.match(error.message, message);
      assert.match(error.message, /nothing was changed$/);
      return error.exitCode === 2;
    });
  });
}

test('a file by its name, and one that is not there', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'homing-list-'));
  t.after(() => {
    rmSync(directory, { recursive: true });
  });
  const context = { stdin: Readable.from([]) };
  writeFileSync(join(directory, 'a.jsonl'), `${JSON.stringify(A)}\n`);
  assert.deepEqual(await readHostList(context, join(directory, 'a.jsonl')), [{ line: 1, ...A }]);
  for (const file of ['none.csv', 'none.jsonl', 'none'])
    await assert.rejects(readHostList(context, join(directory, file)), /^CliError: cannot read .*none/);
});

test('every list reads back as it was written, however its bytes arrive', async () => {
  const field = fc.stringMatching(/^[a-z0-9.",: \u00fc]{1,12}$/).filter((text) => text.trim() === text);
  const anyRow = fc.record(
    Object.fromEntries(HOST_COLUMNS.map((column) => [column, field])) as Record<
      (typeof HOST_COLUMNS)[number],
      typeof field
    >,
    { requiredKeys: ['fqdn', 'account'] },
  );
  const pieces = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 40 });
  const quote = (text: string | undefined): string => `"${(text ?? '').replaceAll('"', '""')}"`;
  await fc.assert(
    fc.asyncProperty(fc.array(anyRow, { minLength: 1, maxLength: 8 }), pieces, async (rows, sizes) => {
      const csv = rows.map((row) => HOST_COLUMNS.map((column) => quote(row[column])).join(','));
      const text = `${HOST_COLUMNS.join(',')}\n${csv.join('\n')}\n`;
      assert.deepEqual(
        await read(text, sizes),
        rows.map((row, i) => ({ line: i + 2, ...row })),
      );
      const json = rows.map((row) => JSON.stringify(row)).join('\n');
      assert.deepEqual(
        await read(json, sizes),
        rows.map((row, i) => ({ line: i + 1, ...row })),
      );
    }),
    { numRuns: 60 },
  );
});
