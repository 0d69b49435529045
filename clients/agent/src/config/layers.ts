/**
 * The layers of the configuration (A-5.1): the file, the file of the environment over it, environment variables over
 * both. Invariant: objects are merged, lists and values replaced; nothing of a value stands in a fault.
 */
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { type Parsed, parsed, unparsable } from '../../../../src/ops/parsed.ts';
import { keysAt } from './schema.ts';

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'HOMING_AGENT_';
const ENVIRONMENT_NAME = 'HOMING_AGENT_ENVIRONMENT';
const MOST_OCTETS = 4 << 20;

/** The file of the environment that `HOMING_AGENT_ENVIRONMENT` names, for each ending it may have; none without it. */
export function environmentFiles(path: string, env: Environment): readonly string[] {
  const name = env[ENVIRONMENT_NAME];
  if (name === undefined || name === '' || environmentFault(env) !== undefined) return [];
  const stem = path.slice(0, path.length - extname(path).length);
  return ['yaml', 'yml', 'json'].map((ending) => `${stem}.${name}.${ending}`);
}

/** What is wrong with the name that `HOMING_AGENT_ENVIRONMENT` gives; undefined where it is good, empty or not there. */
export function environmentFault(env: Environment): string | undefined {
  const name = env[ENVIRONMENT_NAME] ?? '';
  if (/^[A-Za-z0-9_-]*$/.test(name)) return undefined;
  return `${ENVIRONMENT_NAME} is '${name}'; a name of letters, digits, - and _ is expected`;
}

/** The files beside `path` that differ from it in their ending alone. */
export function neighbours(path: string, exists: (path: string) => boolean): readonly string[] {
  const stem = path.slice(0, path.length - extname(path).length);
  return ['yaml', 'yml', 'json']
    .map((ending) => `${stem}.${ending}`)
    .filter((other) => other !== path && exists(other));
}

/** Reads one file: JSON where its name ends so, else YAML. Undefined where there is no such file. */
export function readLayer(path: string): Parsed<unknown> | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? undefined : unparsable(`cannot be read (${code ?? 'unknown'})`);
  }
  if (text.length > MOST_OCTETS) return unparsable('is longer than 4 MB');
  return path.endsWith('.json') ? readJson(text) : readYaml(text);
}

/** Lays one document over another. */
export function mergeLayers(lower: unknown, upper: unknown): unknown {
  if (!isObject(lower) || !isObject(upper)) return upper ?? lower;
  const merged: Record<string, unknown> = Object.assign(Object.create(null) as object, lower);
  for (const [key, value] of Object.entries(upper))
    // A secret is one value: a file does not become an environment variable as well.
    merged[key] = key === 'secret' ? (value ?? merged[key]) : mergeLayers(merged[key], value);
  return { ...merged };
}

/** The document that the environment variables make, with keys spelled as in the schema or in `below`. */
export function environmentLayer(env: Environment, below: unknown): unknown {
  let layer: unknown = {};
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || !name.startsWith(PREFIX) || name === ENVIRONMENT_NAME) continue;
    const path = spellPath(name.slice(PREFIX.length).split('__'), below);
    layer = mergeLayers(
      layer,
      path.reduceRight<unknown>((value, key) => ({ [key]: value }), valueOf(text)),
    );
  }
  return layer;
}

function readJson(text: string): Parsed<unknown> {
  try {
    return parsed(JSON.parse(text) as unknown);
  } catch (error) {
    // V8 quotes the text around the fault, which may be a secret.
    const place = /position \d+|line \d+ column \d+/.exec((error as Error).message)?.[0];
    return unparsable(`is not JSON${place === undefined ? '' : ` at ${place}`}`);
  }
}

function readYaml(text: string): Parsed<unknown> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    return unparsable(`is not YAML at line ${line}, column ${col} (${error.code})`);
  }
  try {
    return parsed(document.toJS({ maxAliasCount: 100 }) as unknown);
  } catch {
    // An alias that is not defined, or more of them than anybody needs; the message may quote the document.
    return unparsable('is not YAML that can be resolved (aliases)');
  }
}

function spellPath(steps: readonly string[], below: unknown): readonly string[] {
  const spelled: string[] = [];
  let here = below;
  for (const step of steps) {
    const plain = step.toLowerCase().replaceAll('_', '');
    const known = [...keysAt(spelled), ...(isObject(here) ? Object.keys(here) : [])];
    const key =
      known.find((name) => name.toLowerCase() === step.toLowerCase()) ??
      known.find((name) => name.toLowerCase() === plain) ??
      step.toLowerCase();
    spelled.push(key);
    here = isObject(here) ? here[key] : undefined;
  }
  return spelled;
}

/** Lists and objects are given as JSON; everything else is text. */
function valueOf(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  const read = readJson(text);
  return read.ok ? read.value : text;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
