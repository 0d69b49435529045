/** The generated documentation of the command line is the one that is checked in, and complete. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { EXIT_CODES } from '../../../src/cli/exit-code.ts';
import { formatCommandReference } from '../../../src/cli/reference.ts';

const reference = formatCommandReference();

test('docs/operations/command-line.md is current', () => {
  const path = new URL('../../../docs/operations/command-line.md', import.meta.url);
  assert.equal(readFileSync(path, 'utf8'), reference, 'run: node scripts/generate-docs.ts');
});

test('every command is there, with an example and the option for its data', () => {
  const commands = [
    ...['serve', 'quickstart', 'check-config', 'status'],
    ...['zone add', 'zone list', 'zone show', 'zone remove', 'zone import', 'zone export'],
    ...['zone record set', 'zone record remove'],
    ...['account add', 'account list', 'account passwd', 'account remove'],
    ...['host add', 'host list', 'host show', 'host set', 'host block', 'host unblock', 'host remove'],
    ...['host import', 'host recipe', 'host attempts'],
    ...['token add', 'token list', 'token revoke'],
    ...['enroll create', 'enroll list', 'enroll log', 'enroll revoke'],
    ...['store verify', 'store backup', 'store restore'],
  ];
  const sections = reference.split('\n### homing ').slice(1);
  assert.deepEqual(sections.map((text) => text.split('\n', 1)[0]!).sort(), [...commands].sort());
  for (const section of sections) {
    assert.match(section, /--data <dir>/);
    assert.match(section, /Examples:\n {2}homing /);
    if (!/^(serve|quickstart)/.test(section)) assert.match(section, /--json/);
  }
});

test('every exit code is documented', () => {
  for (const [code, meaning] of Object.entries(EXIT_CODES))
    assert.ok(reference.includes(`${code}  ${meaning}`));
});
