/** The document on compatibility is what the recipes and tests say, and each program in it is one that a test runs. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatCompatibility } from '../../scripts/compatibility-document.ts';
import { RECIPES } from '../../src/recipe/catalogue.ts';
import { PROGRAM_RUNS } from '../interop/programs-run.ts';
import { CLIENTS } from '../protocol/client-families.ts';
import { ROOT, readText } from './source.ts';

test('docs/protocol/compatibility.md is current', () => {
  assert.equal(readText('docs/protocol/compatibility.md'), formatCompatibility(), 'run: npm run docs');
});

test('each program that is said to run is asked for by the tests that are named', () => {
  for (const { program, tests } of PROGRAM_RUNS) {
    for (const path of tests) {
      const file = join('test/interop', path);
      assert.ok(existsSync(join(ROOT, file)), file);
      assert.ok(readText(file).includes(`'${program}'`), `${file} runs ${program}`);
    }
    assert.ok(tests.length > 0, program);
  }
});

test('tests speak of recipes that exist', () => {
  const devices = new Set(RECIPES.map(({ device }) => device));
  const named = [
    ...CLIENTS.flatMap(({ device }) => (device === undefined ? [] : [device])),
    ...PROGRAM_RUNS.flatMap(({ devices: own, standsFor = [] }) => [...own, ...standsFor]),
  ];
  assert.deepEqual(
    named.filter((device) => !devices.has(device)),
    [],
  );
});

test('programs that tests run are installed by .ci/run, or said to be missing', () => {
  const script = readText('.ci/run');
  for (const { program } of PROGRAM_RUNS)
    assert.match(script, new RegExp(`\\b${program.replaceAll('.', '\\.')}\\b`));
});
