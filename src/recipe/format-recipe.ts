/**
 * Recipes as text: for a terminal, for a document, and as the examples that are shipped.
 * Invariant: what has to be typed stands on lines of its own, exactly as it is typed.
 */
import type { Recipe, RecipeValues, Step } from './recipe.ts';

type FileStep = Extract<Step, { kind: 'file' }>;

const INDENT = '  ';

/** A recipe for a terminal, ended by where its token comes from. */
export function formatRecipe(recipe: Recipe, values: RecipeValues): string {
  const parts = recipe.steps(values).map((step) => formatStep(step, INDENT));
  return [recipe.title, ...parts, tokenHint(recipe, values)].join('\n\n');
}

/** A recipe as a section of a document, without its heading. */
export function formatRecipeMarkdown(recipe: Recipe, values: RecipeValues): string {
  return recipe
    .steps(values)
    .map((step) => (step.kind === 'text' ? escapeMarkdown(step.text) : fence(step)))
    .join('\n\n');
}

/** A recipe as it is shipped: its file, or its form under `DEVICE.txt`, with a line that says what to replace. */
export function formatExample(
  recipe: Recipe,
  values: RecipeValues,
  replace: string,
): { readonly name: string; readonly text: string } {
  const steps = recipe.steps(values);
  const file = steps.find((step) => step.kind === 'file') ?? formFile(recipe, steps);
  const [first = '', ...rest] = file.about;
  return { name: file.name, text: fileText({ ...file, about: [first, replace, ...rest] }) };
}

/** A form as a file: what is said about it first, then its fields. */
function formFile({ device, title }: Recipe, steps: readonly Step[]): FileStep {
  const [first = '', ...rest] = steps.flatMap((step) => (step.kind === 'text' ? [step.text] : []));
  const forms = steps.flatMap((step) => (step.kind === 'fields' ? [typedText(step)] : []));
  return {
    kind: 'file',
    name: `${device}.txt`,
    about: [`${title}: ${first}`, ...rest],
    text: `\n${forms.join('\n\n')}`,
  };
}

/** Where a token's secret comes from, and what to know when it travels in the clear. */
function tokenHint({ device }: Recipe, { server, account, token, hostname }: RecipeValues): string {
  const lines = [
    `${token} stands for the secret of a token, which Homing shows once, when it makes it:`,
    `${INDENT}homing token add --account ${account} --host ${hostname} --label ${device}`,
  ];
  if (server.scheme === 'http')
    lines.push(
      'This server is reached over plain HTTP, where a token can be read on the way. One that covers this host alone',
      'can do no more than move it.',
    );
  return lines.join('\n');
}

function formatStep(step: Step, indent: string): string {
  if (step.kind === 'text') return wrap(step.text);
  const typed = typedText(step)
    .split('\n')
    .map((line) => (line === '' ? '' : `${indent}${line}`))
    .join('\n');
  return step.kind === 'file' ? `${step.name}:\n\n${typed}` : typed;
}

function typedText(step: Exclude<Step, { kind: 'text' }>): string {
  switch (step.kind) {
    case 'fields': {
      const width = Math.max(...step.fields.map(([label]) => label.length));
      return step.fields.map(([label, value]) => `${`${label}:`.padEnd(width + 3)}${value}`).join('\n');
    }
    case 'commands':
      return step.text;
    case 'file':
      return fileText(step).trimEnd();
  }
}

/** A file with its opening comment; a script says first which shell it is for. */
function fileText({ name, about, text }: FileStep): string {
  const script = /\.sh$|\/scripts\//.test(name) ? ['#!/bin/sh'] : [];
  const comment = about.map((line) => `# ${line}`);
  return [...script, ...comment, text, ''].join('\n');
}

function fence(step: Exclude<Step, { kind: 'text' }>): string {
  const block = `\`\`\`text\n${typedText(step)}\n\`\`\``;
  return step.kind === 'file' ? `\`${step.name}\`:\n\n${block}` : block;
}

/** Angle brackets, stars and underscores of names that stay as they are. */
function escapeMarkdown(text: string): string {
  return text.replace(/[<>*_]/g, (mark) => `\\${mark}`);
}

/** Prose in lines of at most 100 characters. */
function wrap(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > 100) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}
