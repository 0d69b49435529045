import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RECIPES, findRecipe } from '../../../src/recipe/catalogue.ts';

/** What the word finds, or `?` and the suggestion. */
function found(word: string): string {
  const recipe = findRecipe(word);
  return 'nearest' in recipe ? `?${recipe.nearest}` : recipe.device;
}

test('each device word is plain, unique, and finds its recipe', () => {
  const devices = RECIPES.map(({ device }) => device);
  assert.equal(new Set(devices.map((device) => device.replace(/[^a-z0-9]/g, ''))).size, devices.length);
  for (const device of devices) {
    assert.match(device, /^[a-z][a-z0-9.-]*$/);
    assert.equal(found(device), device);
    assert.equal(found(device.toUpperCase()), device);
  }
});

test('a word is found however it is spelt, and a wrong one gets the nearest', () => {
  assert.equal(found('FRITZ!Box'), 'fritzbox');
  assert.equal(found('Home Assistant'), 'homeassistant');
  assert.equal(found('acmesh'), 'acme.sh');
  assert.equal(found('ddns_go'), 'ddns-go');
  assert.equal(found('fritzbx'), '?fritzbox');
  assert.equal(found('mikrotick'), '?mikrotik');
  assert.equal(found('openwtr'), '?openwrt');
});

test('every device that people ask for most is there', () => {
  const wanted =
    'fritzbox openwrt ddclient inadyn unifi edgerouter opnsense pfsense mikrotik synology qnap asus tplink draytek windows homeassistant curl wget ddns-go ddns-updater certbot acme.sh lego';
  const devices = new Set(RECIPES.map(({ device }) => device));
  assert.deepEqual(
    wanted.split(' ').filter((device) => !devices.has(device)),
    [],
  );
});
