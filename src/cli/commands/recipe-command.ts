/** `homing host recipe`: what to type into a device so that it updates a host. */
import { type Command, Option } from 'commander';
import type { Config } from '../../config/config.ts';
import { formatListenAddress } from '../../config/listen-address.ts';
import { type ServerUrl, formatServerUrl, parseServerUrl } from '../../net/server-url.ts';
import { RECIPES, findRecipe } from '../../recipe/catalogue.ts';
import { formatRecipe } from '../../recipe/format-recipe.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { HostInfo } from '../../update/admin/command.ts';
import { withExamples } from '../administrative.ts';
import { type CliContext, printResult } from '../context.ts';
import { openDataAccess } from '../data-access.ts';
import { CliError, exitCodeOf } from '../exit-code.ts';
import { type SharedOptions, loadOptions, loadOrRefuse, withData, withJson } from '../options.ts';
import { formatTable } from '../table.ts';

interface RecipeOptions extends SharedOptions {
  readonly device: string;
  readonly server?: string;
}

/** What stands for the secret, of which only the digest is stored. */
const TOKEN = 'TOKEN';

/** Adds the command below `host`. */
export function addRecipeCommand(host: Command, context: CliContext): void {
  const recipe = host
    .command('recipe [fqdn]')
    .description("print what to type into a device, with a host's values filled in")
    .addOption(new Option('--device <name>', 'the device or program, or "list"').default('list'))
    .option('--server <url>', 'how the device reaches this server (default: setting http.publicUrl)');
  withExamples(withJson(withData(recipe)), [
    'host recipe --device list',
    'host recipe home.dyn.example.org --device fritzbox',
    'host recipe home.dyn.example.org --device ddclient --server https://dyn.example.org',
  ]).action(async (fqdn: string | undefined) => {
    const options = recipe.opts<RecipeOptions>();
    if (options.device === 'list') printList(context, options);
    else await printRecipe(context, options, fqdn);
  });
}

function printList(context: CliContext, { json }: RecipeOptions): void {
  const devices = RECIPES.map(({ device, title, works }) => ({ device, title, works }));
  const rows = devices.map(({ device, title, works }) => [device, title, works]);
  printResult(context, json === true, devices, formatTable(['DEVICE', 'FOR', 'KEEPS CURRENT'], rows));
}

async function printRecipe(
  context: CliContext,
  options: RecipeOptions,
  fqdn: string | undefined,
): Promise<void> {
  const recipe = recipeOrRefuse(options.device);
  if (fqdn === undefined)
    throw new CliError(2, 'invalid', 'name the host: homing host recipe FQDN --device …');
  const { config } = loadOrRefuse(loadOptions(context, options));
  const server = serverUrl(config, options.server);
  const { account, fqdn: hostname } = await showHost(config, fqdn);
  const values = { server: server.url, account, token: TOKEN, hostname };
  const value = {
    device: recipe.device,
    title: recipe.title,
    server: formatServerUrl(server.url),
    account,
    hostname,
    steps: recipe.steps(values),
  };
  printResult(context, options.json === true, value, formatRecipe(recipe, values));
  if (server.guessed) {
    context.stderr.write(
      `homing: ${formatServerUrl(server.url)} is where this server listens; set http.publicUrl, or give --server, to the URL by which devices reach it\n`,
    );
  }
}

function recipeOrRefuse(word: string): Recipe {
  const found = findRecipe(word);
  if ('steps' in found) return found;
  throw new CliError(
    2,
    'invalid',
    `no recipe for "${word}"; did you mean "${found.nearest}"? "--device list" lists all, "other" is for the rest`,
  );
}

async function showHost(config: Config, fqdn: string): Promise<HostInfo> {
  const access = await openDataAccess(config, { create: false });
  try {
    const result = await access.administrator.execute<'host-show'>({ kind: 'host-show', fqdn });
    if (!result.ok) throw new CliError(exitCodeOf(result.code), result.code, result.message);
    return result.value;
  } finally {
    await access.close();
  }
}

/** The server's URL; `guessed` where nothing says it and the address that it listens on has to do. */
function serverUrl(config: Config, option: string | undefined): { url: ServerUrl; guessed: boolean } {
  if (option !== undefined) {
    const given = parseServerUrl(option);
    if (!given.ok) throw new CliError(2, 'invalid', `--server ${given.reason}`);
    return { url: given.value, guessed: false };
  }
  if (config.http.publicUrl !== null) return { url: config.http.publicUrl, guessed: false };
  const [first] = config.http.listen;
  return { url: { scheme: 'http', authority: formatListenAddress(first!) }, guessed: true };
}
