/**
 * All recipes, and the way from what somebody typed to one of them.
 * Invariant: device words are unique, and each of them finds its recipe.
 */
import { closest, distance } from 'fastest-levenshtein';
import { APPLIANCES } from './appliances.ts';
import { CERTIFICATES } from './certificates.ts';
import { GATEWAYS } from './gateways.ts';
import { HOME_ROUTERS } from './home-routers.ts';
import { PROGRAMS } from './programs.ts';
import { type Recipe, fields, text, updateUrl } from './recipe.ts';

/** What is left where a device has no recipe of its own. */
const ANYTHING_ELSE: Recipe = {
  device: 'other',
  title: 'Anything else with a "custom" or "DynDNS" provider',
  works: 'what the device sends',
  known: 'reports',
  steps: (values) => [
    fields(
      ['Server', values.server.authority],
      ['Path', '/nic/update'],
      ['Host name', values.hostname],
      ['User name', values.account],
      ['Password', values.token],
    ),
    text('Where the device wants a URL:'),
    fields(['URL', updateUrl(values, `hostname=${values.hostname}`)]),
    text(
      'Without an address in it Homing takes the one that the request comes from.',
      'Where a device has a fixed list of providers, choose DynDNS or No-IP and let the name of its server lead to Homing in your own resolver.',
    ),
  ],
};

/** Every recipe, in the order of the list. */
export const RECIPES: readonly Recipe[] = [
  ...HOME_ROUTERS,
  ...GATEWAYS,
  ...APPLIANCES,
  ...PROGRAMS,
  ...CERTIFICATES,
  ANYTHING_ELSE,
];

/** The recipe that a word names, in any case and with any of ` ._!-` in it or not; else the word that is nearest. */
export function findRecipe(word: string): Recipe | { readonly nearest: string } {
  const wanted = bare(word);
  const found = RECIPES.find(({ device }) => bare(device) === wanted);
  if (found !== undefined) return found;
  const devices = RECIPES.map(({ device }) => device);
  const nearest = closest(
    wanted,
    devices.map((device) => bare(device)),
  );
  return { nearest: devices.find((device) => distance(bare(device), nearest) === 0)! };
}

function bare(word: string): string {
  return word.toLowerCase().replace(/[^a-z0-9]/g, '');
}
