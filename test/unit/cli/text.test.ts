/** What people read: tables, fields, the block of the first start, the exit codes of refusals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT_CODES, exitCodeOf, exitCodeOfStore } from '../../../src/cli/exit-code.ts';
import { formatPlaces, formatWelcome, provisionQuickstart } from '../../../src/cli/quickstart.ts';
import { formatFields, formatTable } from '../../../src/cli/table.ts';
import { systemClock } from '../../../src/ops/clock.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { createAdministrator } from '../../../src/update/admin/create-administrator.ts';
import { createCommitter } from '../../../src/update/commit.ts';
import { formatHostname } from '../../../src/zone/name.ts';

test('columns are as wide as their widest cell, and lines end without blanks', () => {
  const table = formatTable(
    ['A', 'LONGER'],
    [
      ['cell', 1],
      ['x', ''],
      ['', 'y'],
    ],
  );
  assert.equal(table, 'A     LONGER\ncell  1\nx\n      y');
  assert.equal(formatTable(['A', 'B'], []), 'A  B');
});

test('nothing stored can steer a terminal', () => {
  assert.equal(formatTable(['L'], [['a\x1b[2Jb\nc\x9b']]), 'L\na?[2Jb?c?');
  assert.equal(formatFields({ label: 'a\tb', n: 1 }), 'label  a?b\nn      1');
});

test('the lines to paste name addresses that can be reached', () => {
  const places = {
    http: [{ address: '::', port: 8081 }],
    dns: [
      { address: '0.0.0.0', port: 53 },
      { address: '::', port: 53 },
    ],
    data: '/srv/data',
  };
  const block = formatWelcome('S3CRET', places);
  assert.ok(
    block.includes(
      "curl -u home.dyn.test:S3CRET 'http://[::1]:8081/nic/update?hostname=home.dyn.test&myip=203.0.113.7'",
    ),
  );
  assert.ok(block.includes('dig +short @127.0.0.1 -p 53 home.dyn.test A'));
  assert.equal(
    formatPlaces(places),
    'HTTP  [::]:8081\nDNS   0.0.0.0:53, [::]:53 (UDP and TCP)\nData  /srv/data/ (snapshot.json, journal-*.log)',
  );
});

test('the quickstart provisions an empty store once', async () => {
  const store = createMemoryStore();
  const administrator = createAdministrator({
    view: store.view,
    committer: createCommitter({ store, clock: systemClock }),
    clock: systemClock,
    hashPassword: () => Promise.reject(new Error('the quickstart has no password')),
  });
  const secret = await provisionQuickstart(store.view, administrator);
  assert.match(secret!, /^[A-Za-z0-9]{24}$/);
  const [zone] = [...store.view.zones()];
  assert.equal(zone!.settings.accept, 'any');
  assert.deepEqual(
    [...zone!.hosts()].map(({ name, account }) => [formatHostname(name), account]),
    [['home.dyn.test', 'home']],
  );
  const { sequence } = store.view;
  assert.equal(await provisionQuickstart(store.view, administrator), undefined);
  assert.equal(store.view.sequence, sequence);
});

test('every refusal has a documented exit code, an unknown one is a failure', () => {
  for (const code of ['invalid', 'not-found', 'exists', 'conflict', 'unavailable']) {
    assert.ok(exitCodeOf(code) in EXIT_CODES && exitCodeOf(code) !== 0, code);
  }
  assert.equal(exitCodeOf('of-a-newer-server'), 1);
  assert.equal(exitCodeOf('toString'), 1);
  for (const code of ['in-use', 'unwritable', 'corrupt', 'too-new', 'closed'] as const) {
    assert.ok(exitCodeOfStore(code) in EXIT_CODES && exitCodeOfStore(code) !== 0, code);
  }
});
