/** The generated documentation is the one that is checked in. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { formatConfigReference } from '../../../src/config/reference.ts';
import { SETTING_KEYS, variableOf } from '../../../src/config/schema.ts';

test('docs/operations/configuration.md is current', () => {
  const path = new URL('../../../docs/operations/configuration.md', import.meta.url);
  assert.equal(readFileSync(path, 'utf8'), formatConfigReference(), 'run: node scripts/generate-docs.ts');
});

test('every setting is documented with its variable', () => {
  const text = formatConfigReference();
  for (const key of SETTING_KEYS) {
    assert.ok(text.includes(`### ${key}\n`), key);
    assert.ok(text.includes(`\`${variableOf(key)}\``), key);
  }
});
