import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatServerUrl, parseServerUrl } from '../../../src/net/server-url.ts';

function canonical(text: string): string | undefined {
  const url = parseServerUrl(text);
  return url.ok ? formatServerUrl(url.value) : undefined;
}

test('reads scheme, name and port, and leaves out the port that the scheme has anyway', () => {
  assert.equal(canonical('https://Dyn.Example.org'), 'https://dyn.example.org');
  assert.equal(canonical('https://dyn.example.org:443/'), 'https://dyn.example.org');
  assert.equal(canonical('http://dyn.example.org:8080'), 'http://dyn.example.org:8080');
  assert.equal(canonical('http://[2001:DB8::1]:8080'), 'http://[2001:db8::1]:8080');
  assert.equal(canonical(' dyn.example.org:8245 '), 'http://dyn.example.org:8245');
});

test('refuses what is more or less than a server', () => {
  for (const text of [
    ...[
      '',
      'http://',
      'ftp://dyn.example.org',
      'https://dyn.example.org/nic/update',
      'http://a/?b',
      'http://a#b',
    ],
    ...['http://alice:secret@dyn.example.org', 'dyn example.org', 'dyn.example.org:99999', 'a\\b'],
  ])
    assert.equal(canonical(text), undefined, text);
});
