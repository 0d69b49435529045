import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatDevices, shippedExamples } from '../../../scripts/recipe-documents.ts';
import { RECIPES, findRecipe } from '../../../src/recipe/catalogue.ts';
import { formatExample, formatRecipe } from '../../../src/recipe/format-recipe.ts';
import type { Recipe, RecipeValues } from '../../../src/recipe/recipe.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const VALUES: RecipeValues = {
  server: { scheme: 'https', authority: 'dyn.example.org:8443' },
  account: 'alice@example.org',
  token: 'S3CRET',
  hostname: 'home.dyn.example.org',
};
const PLAIN: RecipeValues = { ...VALUES, server: { scheme: 'http', authority: 'dyn.example.org:8080' } };

function recipeFor(device: string): Recipe {
  const recipe = findRecipe(device);
  assert.ok('steps' in recipe);
  return recipe;
}

test('every recipe holds every value, and no mark that nobody filled in', () => {
  for (const recipe of RECIPES) {
    const text = formatRecipe(recipe, VALUES);
    for (const value of ['dyn.example.org:8443', 'S3CRET', 'home.dyn.example.org'])
      assert.ok(text.includes(value), `${recipe.device} has ${value}`);
    assert.match(text, /alice(@|%40)example\.org/, recipe.device);
    assert.doesNotMatch(text, /undefined|\[object|__(SERVER|ACCOUNT|TOKEN)__/, recipe.device);
    assert.ok(text.startsWith(`${recipe.title}\n\n`), recipe.device);
  }
});

test('a name with an @ is escaped inside a URL and nowhere else', () => {
  assert.match(formatRecipe(recipeFor('wget'), VALUES), /https:\/\/alice%40example\.org:S3CRET@dyn\.example/);
  assert.match(formatRecipe(recipeFor('ddclient'), VALUES), /login=alice@example\.org/);
});

test('the scheme decides the switches for TLS', () => {
  const switches: readonly (readonly [device: string, withTls: RegExp, without: RegExp])[] = [
    ['ddclient', /ssl=yes\n(.|\n)*web=https:/, /ssl=no\n(.|\n)*web=http:/],
    ['inadyn', /\bssl += true(.|\n)*checkip-ssl += true/, /\bssl += false(.|\n)*checkip-ssl += false/],
    ['mikrotik', /mode=https /, /mode=http /],
    ['edgerouter', /set server/, /set options ssl=no/],
    ['draytek', /Connection Type: +HTTPS\n/, /Connection Type: +HTTP\n/],
    ['openwrt', /use_https='1'/, /update_url='http:/],
    ['unifi', /The gateway speaks HTTPS\./, /HTTPS only/],
  ];
  for (const [device, withTls, without] of switches) {
    assert.match(formatRecipe(recipeFor(device), VALUES), withTls, device);
    assert.match(formatRecipe(recipeFor(device), PLAIN), without, device);
    assert.doesNotMatch(formatRecipe(recipeFor(device), PLAIN), /https:\/\/dyn/, device);
  }
});

test('where the token comes from is said, and what plain HTTP means where it is spoken', () => {
  const hint = /homing token add --account alice@example\.org --host home\.dyn\.example\.org --label curl/;
  assert.match(formatRecipe(recipeFor('curl'), VALUES), hint);
  assert.doesNotMatch(formatRecipe(recipeFor('curl'), VALUES), /plain HTTP/);
  assert.match(formatRecipe(recipeFor('curl'), PLAIN), /plain HTTP/);
});

test('fields are aligned, one to a line', () => {
  const text = formatRecipe(recipeFor('unifi'), VALUES);
  assert.match(text, /^ {2}Hostname: {2}home\.dyn\.example\.org$/m);
  assert.match(text, /^ {2}Server: {4}dyn\.example\.org:8443\/nic\/update\?hostname=%h&myip=%i$/m);
});

test('ddns-updater gets JSON that can be read', () => {
  const file = recipeFor('ddns-updater')
    .steps(VALUES)
    .find((step) => step.kind === 'file');
  assert.ok(file !== undefined);
  const { settings } = JSON.parse(file.text) as { settings: { url: string; success_regex: string }[] };
  assert.match(settings[0]!.url, /username=alice%40example\.org&password=S3CRET$/);
  assert.ok(new RegExp(settings[0]!.success_regex).test('nochg 198.51.100.7'));
});

test('clients/examples and docs/operations/devices.md are current', () => {
  const folder = join(ROOT, 'clients', 'examples');
  const examples = shippedExamples();
  assert.deepEqual(readdirSync(folder).sort(), examples.map(({ name }) => name).sort());
  for (const { name, text } of examples)
    assert.equal(readFileSync(join(folder, name), 'utf8'), text, `${name}: run npm run docs`);
  const devices = readFileSync(join(ROOT, 'docs/operations/devices.md'), 'utf8');
  assert.equal(devices, formatDevices(), 'run npm run docs');
});

test('an example is a script, a file or a form, and says at its head what to replace', () => {
  const head = (device: string): string[] =>
    formatExample(recipeFor(device), VALUES, 'REPLACE').text.split('\n').slice(0, 3);
  assert.equal(head('curl')[0], '#!/bin/sh');
  assert.equal(head('curl')[2], '# REPLACE');
  assert.equal(head('ddclient')[1], '# REPLACE');
  assert.match(head('fritzbox')[0]!, /^# FRITZ!Box: Internet > /);
});
