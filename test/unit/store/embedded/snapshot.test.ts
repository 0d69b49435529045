/** The snapshot file: what it looks like, what of it is believed, and how older and newer versions are met. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type FormatHistory, Upgrade } from '../../../../src/store/embedded/migrations.ts';
import { openDocument } from '../../../../src/store/embedded/snapshot.ts';
import { State } from '../../../../src/store/state.ts';
import { StoreError } from '../../../../src/store/store.ts';
import { SAMPLE, dump, name } from '../../../contract/store-samples.ts';
import { dataDirectory } from './data-directory.ts';

function sampleState(): State {
  const state = new State(new Uint8Array(32).fill(7));
  for (const changes of SAMPLE) state.apply(changes);
  return state;
}

function withChecksum(text: string): string {
  return `${text}"sha256":"${createHash('sha256').update(text).digest('hex')}"}\n`;
}

function isRefused(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof StoreError && error.code === code && message.test(error.message);
}

test('is one JSON document with one thing on each line, readable by its owner alone', async () => {
  await using data = await dataDirectory();
  const path = join(data.path, 'snapshot.json');
  const low = openDocument(path);
  low.data = { savedAt: '2026-01-02T03:04:05.678Z', state: sampleState() };
  await low.write();
  const text = await readFile(path, 'utf8');
  const document = JSON.parse(text) as Record<string, unknown[]>;
  assert.deepEqual(Object.keys(document), [
    ...['format', 'version', 'sequence', 'savedAt', 'tokenKey'],
    ...['zones', 'retired', 'rrsets', 'accounts', 'tokens', 'hosts', 'sha256'],
  ]);
  assert.equal(document['sequence'], 2);
  assert.deepEqual(document['rrsets']?.[1], {
    zone: 'dyn.test.',
    owner: 'x\\.y.dyn.test.',
    type: 'TXT',
    ttl: 60,
    rdata: ['"a \\"b\\" \\000\\255"', '"second" "part"'],
  });
  assert.equal(text, withChecksum(text.slice(0, text.lastIndexOf('"sha256"'))));
  assert.equal(
    text.split('\n').length,
    2 + 2 * 6 + 6 + 1 + 1,
    'lines: head, sections, six things, checksum, end',
  );
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(data.path), ['snapshot.json']);

  const again = openDocument(path);
  await again.read();
  assert.equal(again.data.savedAt, '2026-01-02T03:04:05.678Z');
  assert.deepEqual(dump(again.data.state), dump(sampleState()));
});

test('holds the serials of removed zones, and is read where it was written before it did', async () => {
  await using data = await dataDirectory();
  const path = join(data.path, 'snapshot.json');
  const state = sampleState();
  state.apply([{ kind: 'zone-remove', apex: name('dyn.test') }]);
  const low = openDocument(path);
  low.data = { savedAt: null, state };
  await low.write();
  const text = await readFile(path, 'utf8');
  assert.ok(text.includes('"retired":[\n{"apex":"dyn.test.","serial":1}\n],\n'), text);
  await low.read();
  assert.equal(low.data.state.retiredSerial(name('dyn.test')), 1);

  low.data = { savedAt: null, state: sampleState() };
  await low.write();
  const before = (await readFile(path, 'utf8')).replace('"retired":[\n],\n', '');
  await writeFile(path, withChecksum(before.slice(0, before.lastIndexOf('"sha256"'))));
  await low.read();
  assert.deepEqual(dump(low.data.state), dump(sampleState()));
});

test('a flipped byte or a missing end refuses the start, naming file and bytes', async () => {
  await using data = await dataDirectory();
  const path = join(data.path, 'snapshot.json');
  const low = openDocument(path);
  low.data = { savedAt: '2026-01-02T03:04:05.678Z', state: sampleState() };
  await low.write();
  const whole = await readFile(path);
  // A stride that meets every bit of a byte and, over the lines' different lengths, every place of a line.
  for (let at = 0; at < whole.length; at += 11) {
    const damaged = Buffer.from(whole);
    damaged[at]! ^= 0x01 << (at % 8);
    await writeFile(path, damaged);
    await assert.rejects(
      openDocument(path).read(),
      isRefused('corrupt', /snapshot\.json, bytes \d+ to \d+: /),
      `${at}`,
    );
    await writeFile(path, whole.subarray(0, at));
    await assert.rejects(
      openDocument(path).read(),
      isRefused('corrupt', /snapshot\.json, bytes \d+ to \d+: /),
      `${at}`,
    );
  }
  await writeFile(path, Buffer.from(whole).fill('9', 36, 37));
  await assert.rejects(data.open(), isRefused('corrupt', /snapshot\.json/));
});

test('a newer version is refused with what to do, and is left alone', async () => {
  await using data = await dataDirectory();
  const path = join(data.path, 'snapshot.json');
  const newer = withChecksum('{"format":"homing-store","version":3,\n"whatever":"it holds",\n');
  await writeFile(path, newer);
  await assert.rejects(
    data.open(),
    isRefused('too-new', /version 3.*knows up to 2.*Start the version of Homing/),
  );
  assert.equal(await readFile(path, 'utf8'), newer);
  assert.deepEqual(await readdir(data.path), ['snapshot.json']);
});

test('an older version is brought up to date by every migration in turn', async () => {
  await using data = await dataDirectory();
  const path = join(data.path, 'snapshot.json');
  // A history that never was: version 1 called accounts "users", version 2 kept admins apart, version 3 did not, and
  // version 4 is today's, which knows something more.
  const createdAt = '2026-01-01T00:00:00.000Z';
  const history: FormatHistory = {
    version: 4,
    migrations: [
      { from: 3, isAddition: true },
      {
        from: 2,
        entity: (section, value) =>
          section === 'admins'
            ? [['accounts', { ...(value as object), admin: true }]]
            : [[section, { ...(value as object), admin: false }]],
        change: (value) => (value === 'noise' ? [] : [value]),
      },
      {
        from: 1,
        entity: (section, value) => {
          const { root, ...rest } = value as { root: boolean };
          return section === 'users' ? [[root ? 'admins' : 'accounts', rest]] : [];
        },
        change: (value) => [value, 'noise'],
      },
    ],
  };
  const person = (name: string, root: boolean): string =>
    JSON.stringify({ name, passwordHash: null, createdAt, root });
  await writeFile(
    path,
    withChecksum(
      '{"format":"homing-store","version":1,\n' +
        `"sequence":5,"savedAt":"${createdAt}","tokenKey":"${Buffer.alloc(32).toString('base64url')}",\n` +
        `"users":[\n${person('ann', true)},\n${person('bob', false)}\n],\n"gone":[\n{}\n],\n`,
    ),
  );
  const low = openDocument(path, { history });
  await low.read();
  const { state } = low.data;
  assert.deepEqual(
    [...state.accounts()].map(({ name, admin }) => [name, admin]),
    [
      ['ann', true],
      ['bob', false],
    ],
  );
  assert.equal(state.sequence, 5);
  assert.deepEqual(new Upgrade(1, 'a journal', history).changes([1, 2]), [1, 2]);
  assert.deepEqual(
    [1, 2, 3, 4].map((version) => new Upgrade(version, 'a journal', history).isNone),
    [false, false, true, true],
  );
  assert.throws(() => new Upgrade(0, 'a journal', history), isRefused('corrupt', /a journal .*version 0/));
});
