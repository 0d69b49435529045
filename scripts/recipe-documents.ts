/** What is made of the recipes: the document with all of them, and the examples that are shipped. */
import { RECIPES, findRecipe } from '../src/recipe/catalogue.ts';
import { formatExample, formatRecipeMarkdown } from '../src/recipe/format-recipe.ts';
import type { RecipeValues } from '../src/recipe/recipe.ts';

/** Whose files are shipped. */
const SHIPPED = ['ddclient', 'inadyn', 'curl', 'wget', 'openwrt', 'fritzbox', 'mikrotik', 'windows'];

/** The marks of the examples. */
const MARKS: RecipeValues = {
  server: { scheme: 'http', authority: '__SERVER__' },
  account: '__ACCOUNT__',
  token: '__TOKEN__',
  hostname: '__HOSTNAME__',
};

const REPLACE =
  'Replace __SERVER__ (name, and :port where it is not 80), __ACCOUNT__, __TOKEN__ and __HOSTNAME__';

const INTRODUCTION = `<!-- Written by scripts/generate-docs.ts from src/recipe; edit those. -->

# What to type into which device

\`homing host recipe FQDN --device NAME\` prints these texts with the values of your host. Here the server is
\`https://dyn.example.org\`, the host \`home.dyn.example.org\`, its account \`alice\`, and \`TOKEN\` the secret that
\`homing token add\` printed. How each of them is tested: [compatibility](../protocol/compatibility.md).
`;

/** `clients/examples`: name and text of each. */
export function shippedExamples(): readonly { readonly name: string; readonly text: string }[] {
  return SHIPPED.map((device) => {
    const recipe = findRecipe(device);
    if ('nearest' in recipe) throw new Error(`there is no recipe for ${device}`);
    return formatExample(recipe, MARKS, replaceLine(device));
  });
}

/** `docs/operations/devices.md`. */
export function formatDevices(): string {
  const values: RecipeValues = {
    server: { scheme: 'https', authority: 'dyn.example.org' },
    account: 'alice',
    token: 'TOKEN',
    hostname: 'home.dyn.example.org',
  };
  const sections = RECIPES.map(
    (recipe) =>
      `## ${recipe.title}\n\n\`--device ${recipe.device}\`\n\n${formatRecipeMarkdown(recipe, values)}\n`,
  );
  return `${INTRODUCTION}\n${sections.join('\n')}`;
}

/** A script with a secret in it is for its owner alone. */
function replaceLine(device: string): string {
  return device === 'curl' || device === 'wget' ? `${REPLACE}; mode 0700.` : `${REPLACE}.`;
}
