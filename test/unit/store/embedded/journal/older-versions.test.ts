/** What version 1 of the format wrote is read, and what is committed to it lies in a file that says version 2. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { address, dump, host, name } from '../../../../contract/store-samples.ts';
import { dataDirectory } from '../data-directory.ts';

const SNAPSHOT = [
  '{"format":"homing-store","version":1,',
  '"sequence":0,"savedAt":"2023-11-14T22:13:20.000Z","tokenKey":"yEOx-fd9wNqrjRrBL4TybUIiZljNu2GlCFd5pe71CLs",',
  '"zones":[',
  '],',
  '"retired":[',
  '],',
  '"rrsets":[',
  '],',
  '"accounts":[',
  '],',
  '"tokens":[',
  '],',
  '"hosts":[',
  '],',
  '"sha256":"b3e1db9ff08e91b7387575dfeb4400b5b34f26c0ea16b6436458801f05445d3a"}',
  '',
].join('\n');

const JOURNAL = [
  '96 3a147f5e {"sequence":0,"at":"2023-11-14T22:13:20.000Z","segment":{"format":1,"number":1,"previous":null}}',
  '269 ebbe6988 {"sequence":1,"at":"2023-11-14T22:13:20.000Z","changes":[{"kind":"zone-put","zone":{"apex":"dyn.test.","serial":1,"accept":"private","soa":{"mname":"ns1.dyn.test.","rname":"host\\\\.master.dyn.test.","refresh":7200,"retry":900,"expire":1209600,"minimum":60,"ttl":300}}}]}',
  '408 c6eb8da0 {"sequence":2,"at":"2023-11-14T22:13:20.000Z","changes":[{"kind":"host-put","host":{"name":"h1.dyn.test.","zone":"dyn.test.","account":"ann","ttl":60,"ipv4":"192.0.2.1","ipv6":null,"wildcard":false,"changedAt":"2023-11-14T22:13:20.456Z"}},{"kind":"host-put","host":{"name":"h2.dyn.test.","zone":"dyn.test.","account":"ann","ttl":60,"ipv4":null,"ipv6":null,"wildcard":false,"changedAt":null,"blocked":true}}]}',
  '',
].join('\n');

test('a directory of version 1 goes on in a file of version 2', async () => {
  await using data = await dataDirectory();
  await writeFile(join(data.path, 'snapshot.json'), SNAPSHOT);
  await writeFile(join(data.path, 'journal-00000001.log'), JOURNAL);
  const first = await data.open();
  const changedAt = 1_700_000_000_456;
  const h1 = host('h1.dyn.test', 'dyn.test', { ipv4: address('192.0.2.1'), changedAt });
  assert.deepEqual(first.view.host(h1.name), h1);
  assert.equal(first.view.host(name('h2.dyn.test'))?.blocked, true);
  await first.commit([{ kind: 'host-put', host: { ...h1, ipv4: address('192.0.2.2') } }]);
  const before = dump(first.view);
  await first.close();
  assert.equal(await readFile(join(data.path, 'journal-00000001.log'), 'utf8'), JOURNAL);
  const journal = await readFile(join(data.path, 'journal-00000002.log'), 'utf8');
  assert.match(journal, /^\d+ [0-9a-f]{8} {"sequence":2,"at":"[^"]+","segment":{"format":2,/);
  assert.match(journal, /"kind":"hosts-put"/);
  const second = await data.open();
  assert.deepEqual(dump(second.view), before);
  const folded = await second.compact();
  assert.equal(folded.sequence, 3);
  await second.close();
  assert.match(
    await readFile(join(data.path, 'snapshot.json'), 'utf8'),
    /^{"format":"homing-store","version":2,/,
  );
  const third = await data.open();
  assert.deepEqual(dump(third.view), before);
  await third.close();
  assert.deepEqual(data.notices, []);
});
